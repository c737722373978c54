"""How far a batch run is: plain numbers that print well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from gemini_embed.metering import usd
from gemini_embed.notices import counted
from gemini_embed.wire.batch_jobs import JobState

_STEPS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


@dataclass(frozen=True, kw_only=True)
class BatchStatus:
    """How far a run is.

    Attributes:
        items: different contents of the run.
        done: those whose vectors are in the cache.
        failed: those that the service refuses, or that no job and no call has brought a vector for.
        pending: all others.
        jobs: how many jobs are in each state of `JobState`, those of earlier attempts too.
        uncollected: those of them that have ended, and whose answers no `wait` has brought into the cache.
        tokens: of the lines collected; None when the service told of none.
        usd: what the lines collected cost, at the price of jobs; None when the model's price is not known.
        oldest_s: how long the oldest job that is not over has been waiting, in seconds; None without one.
        notes: what there is to know, such as what failed and what to do about it.
    """

    items: int = 0
    done: int = 0
    failed: int = 0
    pending: int = 0
    jobs: Mapping[JobState, int] = field(default_factory=dict)
    uncollected: int = 0
    tokens: int | None = None
    usd: float | None = 0.0
    oldest_s: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing is pending, nor to be collected."""
        return not self.pending and not self.uncollected

    def __str__(self) -> str:
        parts = [f"{self.done:,} of {counted(self.items, 'item')} done"]
        parts += [f"{self.pending:,} pending"] if self.pending else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        parts += [_jobs_in_words(self.jobs)] if self.jobs else []
        parts += [f"{self.uncollected:,} ended but not collected"] if self.uncollected else []
        parts += [f"the oldest waits for {duration(self.oldest_s)}"] if self.oldest_s is not None else []
        if self.tokens is not None or self.usd != 0:  # else nothing was collected
            parts += ["tokens unknown" if self.tokens is None else counted(self.tokens, "token")]
            parts += [f"{usd(self.usd)} so far"]
        return "\n".join([", ".join(parts), *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """A bar and a line, for notebooks."""
        shares = ((self.done, "#3a7"), (self.failed, "#c43"), (self.pending, "#8884"))
        bar = "".join(f'<div style="flex:{n};background:{colour}"></div>' for n, colour in shares if n)
        words = "<br>".join(escape(line.strip()) for line in str(self).splitlines())
        return (
            f'<div style="font:13px/1.5 system-ui,sans-serif;max-width:40em">'
            f'<div style="display:flex;height:8px;border-radius:4px;overflow:hidden">{bar}</div>{words}</div>'
        )


def duration(seconds: float) -> str:
    """A time as people say it: "45 s", "12 min", "3.5 h"."""
    for size, unit in _STEPS:
        if seconds >= size:
            amount = seconds / size
            return f"{amount:.1f} {unit}" if amount < 10 and unit != "min" else f"{amount:.0f} {unit}"
    return f"{seconds:.0f} s"


def _jobs_in_words(jobs: Mapping[JobState, int]) -> str:
    states = ", ".join(f"{count:,} {state}" for state, count in jobs.items())
    return f"{counted(sum(jobs.values()), 'job')} ({states})"
