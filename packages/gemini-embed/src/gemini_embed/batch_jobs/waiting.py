"""One wait for one run: look, collect what is over, ask again what failed, until nothing is left or time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal, TypeAlias

from gemini_embed.batch_jobs.polling import Pauses
from gemini_embed.errors import (
    ApiError,
    BatchDeadlineError,
    BatchFailedError,
    BatchMismatchError,
    GeminiEmbedError,
    QuotaUsedUpError,
    ReplyError,
)
from gemini_embed.notices import counted

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.collecting import Collector
    from gemini_embed.batch_jobs.following import Following, Known
    from gemini_embed.batch_jobs.ledger import JobRow
    from gemini_embed.batch_jobs.watching import Told

Fallback = Literal["online", "raise"]
"""What becomes of the contents that no job has brought by the deadline: they are embedded by ordinary calls, at full
price, and the jobs are cancelled; or a BatchDeadlineError says so, and the jobs go on."""

Again: TypeAlias = Callable[[Collection[bytes], int, float | None], Awaitable[None]]
"""Put these keys into new jobs of the run, which are their attempt number so and so, from 1; there are so many seconds
to wait for room in the queue, None for no limit. QuotaUsedUpError: there was none."""

MOST_ATTEMPTS = 2
"""So often a line that failed is put into another job; after that it is asked for online."""
FEW = 4
"""So few lines are asked for online at once: to verify a job of them would embed them all."""
CLOCKS_S = 0.1
"""By so much a wait for room may end before its time."""
GIVEN_UP = frozenset({"failed", "cancelled"})
"""Jobs whose lines are not put into another one: it would end the same way, or was not wanted."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds; see `BatchRun.wait`."""

    timeout_s: float | None = None
    deadline_s: float | None = None
    fallback: Fallback | None = "online"

    @property
    def seconds(self) -> float:
        """Until either is over."""
        return min((time for time in (self.timeout_s, self.deadline_s) if time is not None), default=inf)

    @property
    def ends_by_deadline(self) -> bool:
        """Whether it is the deadline that is over first."""
        return self.deadline_s is not None and self.seconds == self.deadline_s


@dataclass
class Waiting:
    """See `run`. `again` is None where the contents are not at hand."""

    following: Following
    collector: Collector
    known: Known
    again: Again | None
    tell: Told
    patience: Patience
    notes: list[str] = field(default_factory=list)
    """What the caller should be warned of."""

    async def run(self) -> bool:
        """Whether the run is over: what it can bring is in the cache. False: the time is over, and jobs go on.

        Raises:
            BatchMismatchError: a job's vectors belong to other texts; all others are collected.
            BatchFailedError: the service gave jobs up; what they and others brought is in the cache.
            BatchDeadlineError: the deadline is over, with `fallback="raise"`.
        """
        clock = asyncio.get_running_loop().time
        began_at, pauses = clock(), Pauses()
        stuck: dict[str, GeminiEmbedError] = {}
        while True:
            left = _left(await self.following.rows(), stuck)
            for row in left:
                if row.state == "intended":
                    await self.collector.clear_up(row)
            calls = await self.following.look(left)
            for row in left:
                if self.following.is_over(row):
                    await self._collect(row, stuck)
            rows = await self.following.rows()
            self.tell(await self.following.status(rows))
            left = _left(rows, stuck)
            if not left and not await self._asked_again(rows, self.patience.seconds - (clock() - began_at)):
                break
            if (spent := clock() - began_at) >= self.patience.seconds:
                return await self._time_is_over(left)
            if left:
                await asyncio.sleep(min(pauses.after(calls, len(left)), self.patience.seconds - spent))
        for error in stuck.values():
            raise error
        await self._check_failures(rows)
        return True

    @property
    def _goes_online(self) -> bool:
        patience = self.patience
        return patience.deadline_s is not None and patience.fallback == "online" and self.again is not None

    async def _collect(self, row: JobRow, stuck: dict[str, GeminiEmbedError]) -> None:
        """Take one job in; what is wrong with its results keeps no other from being collected."""
        try:
            collected = await self.collector.collect(row.display_name)
        except (BatchMismatchError, ApiError, ReplyError) as e:
            stuck[row.display_name] = e
            return
        if collected is not None:
            self.known.refused |= collected.refused
            self.notes += collected.notes

    async def _asked_again(self, rows: Sequence[JobRow], left_s: float) -> bool:
        """Whether lines that jobs failed to answer are under way once more, or will be: the queue may be full as long
        as there is time."""
        missing = await self.following.missing(rows)
        missing -= {key for row in _given_up(rows) for key in row.keys}
        attempt = 1 + max((row.attempt for row in rows if not missing.isdisjoint(row.keys)), default=0)
        if len(missing) <= FEW or self.again is None or attempt > MOST_ATTEMPTS:
            return False
        clock = asyncio.get_running_loop().time
        until = clock() + left_s
        try:
            await self.again(missing, attempt, None if left_s == inf else max(left_s, 0.0))
        except QuotaUsedUpError:
            if clock() < until - CLOCKS_S:  # the quota of a day, for which no waiting helps
                raise
            return True
        made = {row.display_name for row in await self.following.rows()} - {row.display_name for row in rows}
        return bool(made)  # none: what is missing could not be read again, and the result says why

    async def _time_is_over(self, left: Sequence[JobRow]) -> bool:
        fallback = self.patience.fallback
        if fallback is None or not self.patience.ends_by_deadline:
            return False
        if not self._goes_online:
            jobs = [row.name or row.display_name for row in left]
            why = "" if fallback == "raise" else '; fallback="online" needs the contents: submit them again'
            raise BatchDeadlineError(
                f"after deadline_s={self.patience.deadline_s:g}, {counted(len(jobs), 'job')} had not ended "
                f"({_named(jobs)}); what is created goes on, and run.wait() collects it{why}",
                jobs=jobs,
            )
        for row in left:
            await self.collector.stop(row)
        left_over = counted(len(left), "job")
        self.notes.append(f"{left_over} had not ended by the deadline: what is missing is embedded online")
        return True

    async def _check_failures(self, rows: Sequence[JobRow]) -> None:
        missing = await self.following.missing(rows)
        failed = [row for row in _given_up(rows) if _lacks(row, missing)]
        if self.again is None:  # what expired, or is gone, nobody can ask again
            failed += [row for row in rows if row.outcome and row.outcome.state == "expired" and _lacks(row, missing)]
        if not failed:
            return
        lacking = f"{len(missing):,} of {len(missing.union(*(row.keys for row in rows))):,} items have no vector"
        if self._goes_online:
            self.notes.append(f"{lacking} and are embedded online: {'; '.join(row.note for row in failed)}")
            return
        raise BatchFailedError(
            f"{'; '.join(row.note for row in failed[:5])}. {lacking}; all others are in the cache. Submit the same "
            'contents again for new jobs, or wait(deadline_s=1, fallback="online") to embed these at full price',
            jobs=[row.name or row.display_name for row in failed],
        )


def _left(rows: Sequence[JobRow], stuck: Collection[str]) -> list[JobRow]:
    return [row for row in rows if row.is_under_way and row.display_name not in stuck]


def _given_up(rows: Sequence[JobRow]) -> list[JobRow]:
    return [row for row in rows if row.outcome and row.outcome.state in GIVEN_UP]


def _lacks(row: JobRow, missing: frozenset[bytes]) -> bool:
    return not missing.isdisjoint(row.keys) or not row.keys


def _named(jobs: Sequence[str]) -> str:
    return ", ".join(jobs[:3]) + (" and others" if len(jobs) > 3 else "")
