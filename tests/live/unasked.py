"""What is not confirmed and cannot be by a few requests, and why: a report without these would look complete."""

from __future__ import annotations

from .facts import Unasked

_LIMITS = "gemini_embed/batch_jobs/limits.py"

UNASKED = [
    Unasked("fused-before", "Lists of strings were fused by the service already before google-genai 1.72.",
            "gemini_embed/wire/batch_embed_contents.py: requests", "it is about the service of spring 2026"),
    Unasked("papers-tables", "Quality of gemini-embedding-2 by size, and the tables of its paper.",
            "gemini_embed/models/table.py: usual_sizes", "a benchmark decides it, not a request"),
    Unasked("batch-price", "Batch jobs cost half.", "gemini_embed/models/facts.py: batch_price_factor",
            "only the bill tells: look at it a day later"),
    Unasked("free-tier-jobs", "Whether the free tier has batch jobs of embeddings.", f"{_LIMITS}: BatchLimits",
            "no reply names the key's tier: `job-taken` decides it where you know yours"),
    Unasked("queue-of-2", "Tokens that jobs of gemini-embedding-2 may have together, by tier.",
            "gemini_embed/models/table.py: batch_enqueued_tokens", "it takes jobs of millions of tokens to be refused"),
    Unasked("items-are-requests", "Every item of a batch counts as one request of the quota.",
            "gemini_embed/quota/limits.py: requests", "it would use a minute's quota up; see the refusals below"),
    Unasked("partial-output", "What a job has answered when it is cancelled, fails or expires can be fetched.",
            "gemini_embed/batch_jobs/collecting.py: expired", "a job must be caught half-way, or wait for 48 hours"),
    Unasked("job-record-kept", "How long the record of a job is kept.", "gemini_embed/batch_jobs/collecting.py: gone",
            "it takes days"),
    Unasked("webhooks", "asyncBatchEmbedContent takes `webhook_config`.",
            "gemini_embed/wire/batch_jobs.py: create_body", "it takes a public address; we do not send it"),
    Unasked("pdf-50-mb", "A PDF of up to 50 MB may be sent inline.", "gemini_embed/models/facts.py: max_media_bytes",
            "we never send more than 19 MB, and `media-over-20-mib` says whether more is taken"),
    Unasked("vertex-failed-row", "A row of a Vertex AI job that failed has `status`.",
            "gemini_embed/wire/batch_answers.py: status", "it takes a bucket of yours"),
]  # fmt: skip
