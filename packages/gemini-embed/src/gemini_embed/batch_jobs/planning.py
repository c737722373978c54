"""What a run would be before it is one: its price, its jobs, and how many of them go in turn."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_embed.batch_jobs.limits import BatchLimits
from gemini_embed.batch_jobs.queueing import job_tokens
from gemini_embed.batch_jobs.service import INLINE_BYTES
from gemini_embed.metering import Estimate
from gemini_embed.metering.batch_estimates import BatchEstimate, JobPlan
from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry

VERIFIED = 4
"""Lines of each job that are embedded online too."""


def most_verified(lines: int) -> int:
    """Of a job of so many lines at most half are embedded online too, or it would cost more than calls do; of a single
    line none: there is no other vector that it could be given."""
    return lines // 2


def in_jobs(online: Estimate, items: Sequence[Entry], limits: BatchLimits, facts: ModelFacts) -> BatchEstimate:
    """What embedding `items` would cost by jobs; `online` is what it would by ordinary calls."""
    queue = limits.max_enqueued_tokens
    plan = JobPlan(
        limits=limits,
        max_job_tokens=None if queue is None else job_tokens(queue),
        price_factor=facts.batch_price_factor,
        verified=VERIFIED,
        max_inline_bytes=INLINE_BYTES,
    )
    return BatchEstimate.of(online, plan.file_bytes(items, facts), plan)
