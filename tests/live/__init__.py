"""`make test-live`: what nobody has confirmed, asked of the service itself; and the emulator held against it.

    asking       requests to one service, kept for the report without its key
    facts        what a probe is, and what can come of one
    limits       probes: how much one call and one content may hold
    options      probes: fields, query parameters, counts, meanings
    jobs         small batch jobs, polled for a bounded time and deleted; `job_probes`: what they tell
    vertex       probes of Vertex AI, where a project is given
    refusals     what 429s on the way tell
    unasked      facts that no request of ours can decide, and why
    cases        requests of the congruence tests; `congruence` sends them to both sides, `outlines` compares
    running      one after another within a price limit
    report       Markdown and JSON
    stand_in     a second emulator, in a process of its own, for those who have no key

A fact is a sentence that our code takes for granted. A probe comes out confirmed, refuted (with what was seen), or not
decidable (with why).
"""
