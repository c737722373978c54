"""How many jobs, and how many tokens, the service takes at once: told, or learned from its refusals, which name no
number. Pure waiting: what has ended is seen in the list, one call for all jobs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial

from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.limits import BatchLimits
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.errors import QuotaError, QuotaUsedUpError

logger = logging.getLogger(__name__)

FIRST_LOOK_S = 1.0
LONGEST_LOOK_S = 30.0
"""Between two looks at the list while the queue is full; each wait is twice the one before."""
LEAST_TOKENS = 20_000
"""Jobs are not made smaller than this, however often they are refused."""
LONGEST_PAUSE = 20
"""Times `look_again_s`: between two tries with nothing of ours under way."""
PROBE = 5
"""Times `look_again_s`: so long what was learned of the queue is believed, while no job of ours ends."""
GIVE_UP_S = 86_400.0
"""For how long a job is tried with nothing of ours under way, where no deadline is told."""
JOBS_AT_ONCE = 4
"""Of a known number of tokens a job takes so small a share at most, so that the queue never runs empty."""


def job_tokens(limit: int) -> int:
    """The most that one job should have of the `limit` of all that are under way."""
    return min(limit, max(LEAST_TOKENS, limit // JOBS_AT_ONCE))


class Queue:
    """The jobs of one model that are under way, as one submission sees them.

    Args:
        deadline_s: for how long all waits together may last; None: as long as jobs end now and then.
        collect: takes an ended job in, by its display name, while there is time: a queue may be waited for longer than
            the service keeps answers.
    """

    def __init__(
        self,
        ledger: Ledger,
        service: JobService,
        limits: BatchLimits,
        of: tuple[str, str],
        deadline_s: float | None = None,
        collect: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._collect, self._to_collect = collect, list[str]()
        self._ledger, self._service, self._limits, self._of = ledger, service, limits, of
        self._deadline_s, self._until = deadline_s, None if deadline_s is None else time.monotonic() + deadline_s
        self._over: set[str] = set()
        self._refused_tokens: int | None = None
        self._pauses = 0
        self._paused_since = 0.0

    async def begin(self) -> None:
        """Recall what was learned before."""
        learned = await asyncio.to_thread(self._ledger.learned, *self._of)
        told = self._limits.max_enqueued_tokens
        limit = told if told is not None else learned
        self._refused_tokens = None if limit is None else limit + 1

    @property
    def until(self) -> float | None:
        """When all waits are to be over, by time.monotonic; None: nothing is told."""
        return self._until

    @property
    def job_tokens(self) -> int | None:
        """The most that one job should have; None where no limit is known."""
        return None if self._refused_tokens is None else job_tokens(max(self._refused_tokens - 1, 1))

    def may_halve(self, tokens: int) -> bool:
        """Whether a job of so many tokens may be made two."""
        return tokens >= 2 * LEAST_TOKENS

    async def is_full(self, tokens: int) -> bool:
        """Whether a job of so many tokens has to wait, as far as is known."""
        active = await self._active()
        return bool(active) and not self._fits(active, tokens)

    async def room(self, tokens: int = 1) -> None:
        """Wait until the service likely takes a job of so many tokens. What was learned may be wrong by now, or was no
        matter of tokens: now and then it is tried again.

        Raises:
            QuotaUsedUpError: not before the deadline.
        """
        began_at, probe_s = time.monotonic(), PROBE * self._limits.look_again_s
        while (active := await self._active()) and not self._fits(active, tokens):
            is_learned = len(active) < self._limits.max_jobs and self._limits.max_enqueued_tokens is None
            if is_learned and time.monotonic() - began_at > probe_s:
                return
            await self._ended(active, None, tokens, longest_s=probe_s if is_learned else None)

    async def created(self) -> None:
        """A job was taken, so what is under way now is not too much."""
        self._pauses = 0
        if self._refused_tokens is None or self._limits.max_enqueued_tokens is not None:
            return
        if await self._enqueued() < self._refused_tokens:
            return
        await self._look({row.display_name for row in await self._active()})  # some may have ended unseen
        if await self._enqueued() >= self._refused_tokens:
            self._refused_tokens = None
            await asyncio.to_thread(self._ledger.unlearn, *self._of)

    async def refused(self, tokens: int, error: QuotaError) -> bool:
        """A job of so many tokens was refused. Wait until one of ours has ended, and say True: try again. With none
        under way wait longer each time, and say False: try a smaller one.

        Raises:
            QuotaUsedUpError: the deadline is over.
        """
        active = await self._active()
        enqueued = sum(row.tokens for row in active)
        self._refused_tokens = min(filter(None, (self._refused_tokens, enqueued + tokens)))
        await asyncio.to_thread(self._ledger.learn, *self._of, self._refused_tokens - 1)
        logger.warning(
            "a job of about %d tokens was refused with %d of ours under way (about %d tokens): %s",
            tokens, len(active), enqueued, error.message.strip()[:200],
        )  # fmt: skip
        if active:
            await self._ended(active, error, tokens)
            return True
        self._paused_since = self._paused_since if self._pauses else time.monotonic()
        seconds = self._limits.look_again_s * min(2**self._pauses, LONGEST_PAUSE)
        self._pauses += 1
        if self._until is None and time.monotonic() + seconds - self._paused_since > GIVE_UP_S:
            raise self._used_up(tokens, error)
        await self._pause(seconds, error, tokens)
        return False

    async def _enqueued(self) -> int:
        return sum(row.tokens for row in await self._active())

    async def _active(self) -> list[JobRow]:
        rows = await self._rows()
        return [row for row in rows if row.display_name not in self._over and (row.name or row.is_sent)]

    async def _rows(self) -> list[JobRow]:
        return await asyncio.to_thread(partial(self._ledger.rows, *self._of, light=True))

    def _fits(self, active: Sequence[JobRow], tokens: int) -> bool:
        if len(active) >= self._limits.max_jobs:
            return False
        return self._refused_tokens is None or sum(row.tokens for row in active) + tokens < self._refused_tokens

    async def _ended(
        self, active: Sequence[JobRow], error: QuotaError | None, tokens: int, longest_s: float | None = None
    ) -> None:
        """Wait until one of these is over, and no longer than this, if told."""
        waited = {row.display_name for row in active}
        wait_s = FIRST_LOOK_S
        until = None if longest_s is None else time.monotonic() + longest_s
        while True:
            await self._look(waited)
            if not waited <= {row.display_name for row in await self._active()}:
                return
            if until is not None and time.monotonic() >= until:
                return
            while self._collect and self._to_collect:
                await self._collect(self._to_collect.pop(0))
            await self._pause(wait_s, error, tokens)
            wait_s = min(2 * wait_s, LONGEST_LOOK_S)

    async def _look(self, wanted: set[str]) -> None:
        """See in the list which of these are over; one that is not there any more is, too."""
        rows = [row for row in await self._rows() if row.display_name in wanted]
        unseen = {row.name or row.display_name: row.display_name for row in rows}  # two machines may use a name
        async with aclosing(self._service.pages()) as reports:
            async for report in reports:
                display_name = unseen.pop(report.name, None) or unseen.pop(report.display_name, None)
                if display_name is not None and report.is_over:
                    self._over.add(display_name)
                    self._to_collect.append(display_name)
                if not unseen:
                    return
        old = {row.display_name for row in await self._rows() if not row.is_younger(self._limits.look_again_s)}
        self._over |= old.intersection(unseen.values())

    async def _pause(self, seconds: float, error: QuotaError | None, tokens: int) -> None:
        if self._until is not None and time.monotonic() + seconds > self._until:
            await asyncio.sleep(max(self._until - time.monotonic(), 0.0))
            raise self._used_up(tokens, error)
        await asyncio.sleep(seconds)

    def _used_up(self, tokens: int, error: QuotaError | None) -> QuotaUsedUpError:
        known = "how many tokens it takes is not known"
        if self._refused_tokens is not None:
            known = f"{self._refused_tokens:,} tokens together are known to be refused"
        job = f"a job of about {tokens:,} tokens {'was refused' if error else 'has to wait'}"
        waited = "" if self._deadline_s is None else f" within deadline_s={self._deadline_s:g}"
        message = (
            f"the queue of batch jobs had no room{waited}: {job}; {known}, and {self._limits.max_jobs} jobs at once "
            "are the most. What is created goes on: submit the same contents again to go on with the rest"
        )
        said = error or QuotaError(429, "RESOURCE_EXHAUSTED", "")
        return QuotaUsedUpError(429, said.status, " ".join(f"{message}. {said.message}".split()), model=self._of[1])
