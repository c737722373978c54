"""From items to rows: batches fanned out, retried, split where the service asks for it, and put back in order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemini_embed.connection import Connection
from gemini_embed.errors import ApiError, Completed, GeminiEmbedError, RequestError
from gemini_embed.fetch import FetchPolicy
from gemini_embed.hints import hint_for
from gemini_embed.media import load_into
from gemini_embed.models import ModelFacts
from gemini_embed.pacing import RetryPolicy, Split, Wait, WithoutCompact, decide
from gemini_embed.plan import Batch, Entry, Planner, split
from gemini_embed.result import Usage
from gemini_embed.transport import HttpSession
from gemini_embed.vectors import check_and_fill, check_count
from gemini_embed.wire import CODECS, Options, Reply

logger = logging.getLogger(__name__)

BYTES_PER_VALUE = 64
"""More than one number of a reply takes: 22 were seen in pretty-printed replies. Bounds what is read."""
LARGEST_VECTOR = 16_384
"""Values of a vector whose size nobody has told yet."""


@dataclass(frozen=True)
class Request:
    """What holds for every call of one job."""

    connection: Connection
    facts: ModelFacts
    options: Options
    retry: RetryPolicy
    fetch: FetchPolicy
    max_items: int | None = None


class Rows:
    """The vectors of a job as they come in: one array, allocated when the first reply tells the size."""

    def __init__(self, count: int, dimensions: int | None, model: str) -> None:
        self._done = np.zeros(count, dtype=bool)
        self._dimensions = dimensions
        self._model = model
        self._values: NDArray[np.float32] | None = None
        self.usage = Usage()

    def put(self, batch: Batch, reply: Reply) -> None:
        """Check a reply and keep its rows. Raises ReplyError, see `gemini_embed.vectors`."""
        positions = batch.positions
        check_count(len(reply.rows), len(positions), self._model)
        values = self._array(len(reply.rows[0]))
        first, last = positions[0], positions[-1] + 1  # a batch is a run of neighbours
        check_and_fill(values[first:last], reply.rows, positions=positions, model=self._model)
        self._done[first:last] = True
        self.usage += reply.usage

    def _array(self, first_length: int) -> NDArray[np.float32]:
        if self._values is None:
            self._values = np.empty((len(self._done), self._dimensions or first_length), dtype=np.float32)
        return self._values

    def values(self) -> NDArray[np.float32]:
        """All rows; call it when every batch is in."""
        return self._array(self._dimensions or 0)

    def completed(self) -> Completed | None:
        """What is finished, None when that is nothing."""
        positions = np.flatnonzero(self._done)
        if self._values is None or not positions.size:
            return None
        return Completed(positions.tolist(), self._values[positions])


class Job:
    """One embed call on the engine's loop."""

    def __init__(self, session: HttpSession, request: Request, items: Sequence[Entry], lookahead: int) -> None:
        self._session = session
        self._request = request
        self._items = items
        self._room = asyncio.Semaphore(lookahead)
        self._failed = asyncio.Event()
        self.rows = Rows(len(items), request.options.dimensions, request.facts.name)

    async def run(self) -> Rows:
        """Embed all items.

        Raises:
            GeminiEmbedError: the first failure; `.completed` holds what was finished, requests in flight included.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            async with aclosing(self._batches()) as batches:
                async for batch in batches:
                    await self._room.acquire()
                    if self._failed.is_set():
                        break
                    tasks.append(asyncio.create_task(self._send_and_release(batch)))
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        except GeminiEmbedError as e:  # media that could not be loaded: what is in flight is still paid for
            self._failed.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            e.completed = self.rows.completed()
            raise
        finally:
            for task in tasks:
                task.cancel()
        for outcome in outcomes:
            if isinstance(outcome, GeminiEmbedError):
                outcome.completed = self.rows.completed()
            if isinstance(outcome, BaseException) and not isinstance(outcome, _AbandonedError):
                raise outcome
        return self.rows

    async def _batches(self) -> AsyncGenerator[Batch, None]:
        facts, learned = self._request.facts, self._session.learned
        planner = Planner(facts, min(filter(None, (self._request.max_items, learned.max_batch_items)), default=None))
        for window in _windows(self._items, size=8):
            await _all(load_into(item, facts, self._request.fetch) for item in window if item.has_media)
            for item in window:
                if full := planner.add(item):
                    yield full
        if rest := planner.flush():
            yield rest

    async def _send_and_release(self, batch: Batch) -> None:
        try:
            await self._send(batch)
        except _AbandonedError:
            raise
        except BaseException:
            self._failed.set()
            raise
        finally:
            self._room.release()

    async def _send(self, batch: Batch) -> None:
        limit = self._session.learned.max_batch_items
        pieces = split(batch, limit) if limit and len(batch.items) > limit else [batch]
        if len(pieces) > 1:
            await _all(self._send(piece) for piece in pieces)
            return
        smaller = await self._attempts(batch)
        if smaller is not None:
            await _all(self._send(piece) for piece in split(batch, smaller))

    async def _attempts(self, batch: Batch) -> int | None:
        """Send until it is in. The number to split by, when the service wants smaller calls."""
        clock = asyncio.get_running_loop().time
        started, attempt = clock(), 0
        while True:
            attempt += 1
            compact = self._session.learned.compact
            try:
                await self._attempt(batch)
            except RequestError as e:
                self._explain(e, batch)
                decision = decide(
                    e,
                    self._request.retry,
                    attempt=attempt,
                    elapsed_s=clock() - started,
                    items=len(batch.items),
                    random=random.random(),  # noqa: S311  # jitter, not a secret
                )
                if isinstance(decision, Wait):
                    await self._wait(decision.seconds, e, attempt)
                elif isinstance(decision, Split):
                    return self._smaller(decision, e)
                elif isinstance(decision, WithoutCompact) and compact:
                    self._session.learned.compact = False
                else:
                    raise
            else:
                return None

    async def _attempt(self, batch: Batch) -> None:
        request = self._request
        codec = CODECS[request.facts.endpoint]
        async with self._session.gate.slot():
            if self._failed.is_set():
                raise _AbandonedError
            data = await self._session.post(
                request.connection.url(request.facts.name, request.facts.endpoint),
                codec.encode(batch.items, request.options),
                model=request.facts.name,
                max_reply_bytes=self._most_bytes(len(batch.items)),
            )
        self.rows.put(batch, codec.decode(data))

    def _most_bytes(self, items: int) -> int:
        longest = max(self._request.options.dimensions or 0, self._request.facts.max_dimensions or LARGEST_VECTOR)
        return 2**20 + items * longest * BYTES_PER_VALUE

    def _explain(self, error: RequestError, batch: Batch) -> None:
        error.positions = batch.positions
        error.model = self._request.facts.name
        if isinstance(error, ApiError):
            error.hint = hint_for(error, self._request.facts, self._request.connection)

    async def _wait(self, seconds: float, error: RequestError, attempt: int) -> None:
        logger.warning(
            "%s: attempt %d failed (%s); next try in %.1f s", self._request.facts.name, attempt, _brief(error), seconds
        )
        if isinstance(error, ApiError) and error.retry_after_s is not None:
            self._session.gate.pause(seconds)
        try:
            await asyncio.wait_for(self._failed.wait(), seconds)
        except TimeoutError:
            return
        raise _AbandonedError

    def _smaller(self, decision: Split, error: RequestError) -> int:
        logger.warning(
            "%s: %s; sending at most %d at a time", self._request.facts.name, _brief(error), decision.max_items
        )
        if decision.remember:
            self._session.learned.max_batch_items = decision.max_items
        return decision.max_items


class _AbandonedError(Exception):
    """This batch was not sent (again), because another one has failed for good."""


async def _all(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all; the first failure is raised when none is left running, so that no finished work is lost."""
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _windows(items: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
