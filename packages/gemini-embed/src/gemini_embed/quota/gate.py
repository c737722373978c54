"""The gate that all requests of a session pass: how many are under way, and when the next may start."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial

from gemini_embed.errors import BudgetError, ConnectionFailedError, QuotaError, QuotaUsedUpError
from gemini_embed.quota.limits import Cost
from gemini_embed.quota.pace import Hold, Pace, Ticket
from gemini_embed.quota.refusal import asked_to_wait_s, refusal_of
from gemini_embed.quota.room import LOADED_BYTES, MEDIA_BYTES, Room
from gemini_embed.quota.waits import Waits

logger = logging.getLogger(__name__)

WORTH_SAYING_S = 1.0
"""A shorter wait for the quota is not logged."""
LONG_WAIT_S = 10.0
"""A wait that makes a program look hung: it is a warning, which Python shows by default."""


class AbandonedError(Exception):
    """This call was not sent (again), because another one of the job has failed for good."""


class Gate:
    """How many requests are in flight, and when the next may start."""

    def __init__(self, concurrency: int, pace: Pace) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self.media, self.loaded = Room(MEDIA_BYTES), Room(LOADED_BYTES)
        self._turn = asyncio.Lock()  # first come, first served: a large call is not overtaken by small ones for ever
        self._pace = pace

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots, for a request that no quota counts."""
        async with self._slots:
            yield

    @asynccontextmanager
    async def paced_slot(self, items: int, tokens: int, stop: asyncio.Event, waits: Waits) -> AsyncIterator[Ticket]:
        """Hold one of the slots once the quota has room for a call of so many contents and tokens, or `stop` is set.

        What the block raises tells the pace: a `QuotaError` that passes closes it for everyone who shares it. The first
        in line counts its `waits`; those behind it wait at the same time.

        Raises:
            QuotaUsedUpError: the day has no room; nothing is sent, and nothing waited for.
            AbandonedError: `stop` was set meanwhile.
        """
        async with self._slots:
            cost = self._pace.cost(items, tokens)
            async with self._turn:
                self._pace.day.check(cost.requests, datetime.now(UTC))
                ticket = await self._admitted(cost, stop, waits)
            try:
                with self._day_counted(cost):
                    yield ticket
            except QuotaUsedUpError:  # a pause would not bring it back: other calls are to fail too, and not to wait
                self._pace.failed(ticket, time.monotonic())
                raise
            except QuotaError as e:
                self._pace.refused(ticket, refusal_of(e, asked_to_wait_s(e)), time.monotonic())
                raise
            except BaseException:
                self._pace.failed(ticket, time.monotonic())
                raise
            self._pace.answered(ticket, time.monotonic())

    def counted(self, ticket: Ticket, tokens: int) -> None:
        """The service told how many tokens a call had."""
        self._pace.counted(ticket, tokens, time.monotonic())

    @contextmanager
    def _day_counted(self, cost: Cost) -> Iterator[None]:
        day = self._pace.day
        probes = day.take(cost.requests, datetime.now(UTC))
        try:
            yield
        except QuotaError as e:
            day.refused(e, cost.requests, datetime.now(UTC))
            raise
        except Exception as e:
            if not _was_sent(e):
                day.give_back(cost.requests)
            raise
        if probes:
            day.lifted()

    async def _admitted(self, cost: Cost, stop: asyncio.Event, waits: Waits) -> Ticket:
        changed = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, changed.set)
        is_said = False
        try:
            while not stop.is_set():
                answer = self._asked(cost, changed, wake)
                if not isinstance(answer, Hold):
                    return answer
                if answer.seconds and answer.seconds >= WORTH_SAYING_S and not is_said:
                    level = logging.WARNING if answer.seconds >= LONG_WAIT_S else logging.INFO
                    logger.log(level, "waiting %.1f s for the quota", answer.seconds)
                    is_said = True
                with waits.counted(answer.reason):
                    await _any_of((stop, changed), answer.seconds)
            raise AbandonedError
        finally:
            self._pace.leave(wake)

    def _asked(self, cost: Cost, changed: asyncio.Event, wake: Callable[[], object]) -> Ticket | Hold:
        changed.clear()
        return self._pace.admit(cost, time.monotonic(), wake)


def _was_sent(error: Exception) -> bool:
    """Whether a call that failed so may have reached the service."""
    if isinstance(error, ConnectionFailedError):
        return error.sent
    return not isinstance(error, AbandonedError | BudgetError)


async def _any_of(events: tuple[asyncio.Event, ...], timeout_s: float | None) -> None:
    """Wait until one of the events is set, at most for so many seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
