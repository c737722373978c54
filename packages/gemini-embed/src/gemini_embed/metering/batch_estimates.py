"""What embedding by jobs of the Batch API would cost, beside online calls, and how many jobs in turn it would take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace
from math import ceil
from typing import Protocol

from gemini_embed.metering.estimates import Estimate
from gemini_embed.metering.prices import usd
from gemini_embed.models import ModelFacts
from gemini_embed.notices import counted
from gemini_embed.preparing import Entry

_ENVELOPE_BYTES = 200
"""Of a line in a job's file: all but its text and media."""


class JobLimits(Protocol):
    """What an estimate must know of the limits that jobs keep."""

    @property
    def max_enqueued_tokens(self) -> int | None:
        """Tokens of all jobs that wait or run; None: not known."""

    @property
    def max_jobs(self) -> int:
        """Jobs that wait or run."""

    @property
    def max_items(self) -> int:
        """Lines of one job."""

    @property
    def max_file_bytes(self) -> float:
        """Of one job's file."""


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """How a run is cut into jobs.

    Attributes:
        limits: those that jobs keep.
        max_job_tokens: of one job; None: no limit.
        price_factor: the price of a token in a job, as a part of its price online.
        verified: lines of each job that are embedded online too, at the full price; at most half of them.
        max_inline_bytes: media up to so many bytes are part of their line, larger ones are uploaded by themselves.
    """

    limits: JobLimits
    max_job_tokens: int | None
    price_factor: float
    verified: int
    max_inline_bytes: int

    def line_bytes(self, text_bytes: int, media_bytes: int = 0) -> int:
        """What one content likely takes in its job's file."""
        inline = media_bytes * 4 // 3 if media_bytes <= self.max_inline_bytes else 0
        return _ENVELOPE_BYTES + text_bytes + inline

    def file_bytes(self, items: Iterable[Entry], facts: ModelFacts) -> int:
        """What contents likely take in the files of their jobs."""
        return sum(self.line_bytes(item.size_bytes, _media_bytes(item, facts)) for item in items)


@dataclass(frozen=True)
class BatchEstimate(Estimate):
    """What embedding by jobs would cost. `usd` is the price by jobs, that of the lines verified online included.

    Attributes:
        online: the same by ordinary calls.
        jobs: how many are made of the `items` lines.
        jobs_at_once: how many of them may wait or run at the same time.
        jobs_in_turn: how many go one after another: what a job takes is taken so many times.
        queue_tokens: tokens that may wait or run at the same time; None: not known, it is learned from refusals.
        verified: lines that are embedded online too, to see that each vector is its own content's.
        file_bytes: of the jobs' files, about.
    """

    _: KW_ONLY
    online: Estimate
    jobs: int
    jobs_at_once: int
    jobs_in_turn: int
    queue_tokens: int | None
    verified: int
    file_bytes: int
    plan: JobPlan = field(repr=False, compare=False)

    @classmethod
    def of(cls, online: Estimate, file_bytes: int, plan: JobPlan) -> BatchEstimate:
        """What `online` would be by jobs, whose lines take `file_bytes`."""
        jobs, at_once = _jobs(online, file_bytes, plan)
        verified = min(plan.verified * jobs, online.items // 2)
        share = plan.price_factor + (verified / online.items if online.items else 0.0)
        return cls(
            online.files,
            online.items,
            online.tokens,
            None if online.usd is None else online.usd * share,
            by_modality=online.by_modality,
            known=online.known,
            price_note=online.price_note,
            online=online,
            jobs=jobs,
            jobs_at_once=at_once,
            jobs_in_turn=ceil(jobs / max(at_once, 1)),
            queue_tokens=plan.limits.max_enqueued_tokens,
            verified=verified,
            file_bytes=file_bytes,
            plan=plan,
        )

    def __add__(self, other: Estimate) -> BatchEstimate:
        """Both in one run, whose jobs are planned anew."""
        if not isinstance(other, BatchEstimate):
            return NotImplemented
        return BatchEstimate.of(self._counted() + other._counted(), self.file_bytes + other.file_bytes, self.plan)

    def _counted(self) -> Estimate:
        """What is online, with the files and the known of this object, which may have been made by `replace`."""
        return replace(self.online, files=self.files, known=self.known)

    def _prices(self) -> str:
        return f"{usd(self.usd)} in batch jobs, {usd(self.online.usd)} online"

    def _notes(self) -> list[str]:
        jobs = counted(self.jobs, "job")
        if self.jobs_in_turn > 1:
            at_once = f", {self.jobs_at_once:,} at once: {self.jobs_in_turn:,}" if self.jobs_at_once > 1 else ""
            said = f"{jobs}{at_once} in turn"
        else:
            said = f"{jobs}, all at once" if self.jobs > 1 else jobs
        if self.queue_tokens is not None:
            return [f"queue of {self.queue_tokens:,} tokens: {said}", *super()._notes()]
        unknown = "how many tokens the queue takes is not known, and learned from refusals"
        return [f"{said}; {unknown}", *super()._notes()]


def _jobs(online: Estimate, file_bytes: int, plan: JobPlan) -> tuple[int, int]:
    """How many jobs these contents need, and how many of them go at once."""
    limits, queue = plan.limits, plan.limits.max_enqueued_tokens
    shares = [online.items / limits.max_items, file_bytes / limits.max_file_bytes]
    shares += [online.tokens / plan.max_job_tokens] if plan.max_job_tokens else []
    jobs = ceil(max(shares))
    fitting = max(queue * jobs // max(online.tokens, 1), 1) if queue else jobs
    return jobs, min(jobs, fitting, limits.max_jobs)


def _media_bytes(item: Entry, facts: ModelFacts) -> int:
    if not item.has_media:
        return 0
    from gemini_embed.preparing.loading import likely_bytes  # texts alone need nothing of it

    return likely_bytes(item, facts)
