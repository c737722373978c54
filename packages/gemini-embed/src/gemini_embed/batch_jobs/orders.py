"""What is to be submitted, in whose name and for how much; and what a job did not take of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gemini_embed.batch_jobs.lines import Lines
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.call import Call
from gemini_embed.metering import Budget
from gemini_embed.preparing import Entry


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be submitted.

    Attributes:
        run: its name. service: whose vectors they are, as the ledger has it.
        budget: asked before every job.
        verify: so many lines of each job are embedded online too.
        deadline_s: how long to wait for room in the queue; None: as long as jobs end now and then.
        attempt: how often these contents were in a job before, and failed there.
        keep: leave jobs that are collected meanwhile, and their files, at the service.
        begins: whether it begins the run of this name; False for more of one that was begun.
    """

    call: Call
    request: Request
    run: str
    service: str
    budget: Budget
    verify: int = 4
    deadline_s: float | None = None
    attempt: int = 0
    keep: bool = False
    begins: bool = False


@dataclass
class Left:
    """What a job did not take."""

    lines: list[Lines] = field(default_factory=list)
    """To be created next."""
    again: list[Entry] = field(default_factory=list)
    """To be written again: others have them, or had them, or their uploads are too old."""
