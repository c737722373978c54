"""From items to rows: batches fanned out, split where the service asks for it, and put back in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gemini_embed.attempts import Caller, Request, all_of
from gemini_embed.errors import Completed, GeminiEmbedError
from gemini_embed.media import loaded
from gemini_embed.plan import Batch, Entry, Planner, split
from gemini_embed.result import Usage
from gemini_embed.transport import AbandonedError, HttpSession
from gemini_embed.vectors import check_and_fill, check_count, normalize
from gemini_embed.wire import CODECS, Reply

BYTES_PER_VALUE = 64
"""More than one number of a reply takes: 22 were seen in pretty-printed replies. Bounds what is read."""
LARGEST_VECTOR = 16_384
"""Values of a vector whose size nobody has told yet."""


class Rows:
    """The vectors of a job as they come in: one array, allocated when the first reply tells the size."""

    def __init__(self, count: int, request: Request) -> None:
        self._done = np.zeros(count, dtype=bool)
        self._dimensions = request.options.dimensions
        self._default_dimensions = request.facts.default_dimensions or 0
        self._model = request.facts.name
        self._unit_length = request.unit_length
        self._values: NDArray[np.float32] | None = None
        self.usage = Usage()

    def put(self, batch: Batch, reply: Reply) -> None:
        """Check a reply and keep its rows. Raises ReplyError, see `gemini_embed.vectors`."""
        positions = batch.positions
        check_count(len(reply.rows), len(positions), self._model)
        values = self._array(len(reply.rows[0]))
        first, last = positions[0], positions[-1] + 1  # a batch is a run of neighbours
        check_and_fill(values[first:last], reply.rows, positions=positions, model=self._model)
        if self._unit_length:
            normalize(values[first:last])
        self._done[first:last] = True
        self.usage += reply.usage

    def _array(self, first_length: int) -> NDArray[np.float32]:
        if self._values is None:
            self._values = np.empty((len(self._done), self._dimensions or first_length), dtype=np.float32)
        return self._values

    def values(self) -> NDArray[np.float32]:
        """All rows; call it when every batch is in."""
        return self._array(self._default_dimensions)

    def completed(self) -> Completed | None:
        """What is finished, None when that is nothing."""
        positions = np.flatnonzero(self._done)
        if self._values is None or not positions.size:
            return None
        return Completed(positions.tolist(), self._values[positions])


class Job:
    """One embed call on the engine's loop."""

    def __init__(self, session: HttpSession, request: Request, items: Sequence[Entry], lookahead: int) -> None:
        self._caller = Caller(session, request)
        self._learned = session.learned
        self._request = request
        self._items = items
        self._room = asyncio.Semaphore(lookahead)
        self.rows = Rows(len(items), request)

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
                    if self._caller.failed.is_set():
                        break
                    tasks.append(asyncio.create_task(self._send_and_release(batch)))
            await all_of(tasks)
        except GeminiEmbedError as e:
            self._caller.failed.set()  # media may have failed to load: what is in flight is paid for, so it is awaited
            await asyncio.gather(*tasks, return_exceptions=True)
            e.completed = self.rows.completed()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self.rows

    async def _batches(self) -> AsyncGenerator[Batch, None]:
        facts = self._request.facts
        limits = filter(None, (self._request.max_items, self._learned.max_batch_items))
        planner = Planner(facts, min(limits, default=None), self._request.max_tokens)
        for window in _windows(self._items, size=8):
            for item in await self._loaded(window):
                if full := planner.add(item):
                    yield full
        if rest := planner.flush():
            yield rest

    async def _loaded(self, window: Sequence[Entry]) -> Sequence[Entry]:
        """The items with their media; new ones, so that the bytes go when their call is done."""
        if not any(item.has_media for item in window):
            return window
        return await all_of(loaded(item, self._request.facts, self._request.fetch) for item in window)

    async def _send_and_release(self, batch: Batch) -> None:
        try:
            await self._send(batch)
        except AbandonedError:
            raise
        except BaseException:
            self._caller.failed.set()
            raise
        finally:
            self._room.release()

    async def _send(self, batch: Batch) -> None:
        limit = self._learned.max_batch_items
        if limit is None or len(batch.items) <= limit:
            refused = await self._caller.persist(partial(self._attempt, batch), batch.positions, batch.tokens)
            if refused is None:
                return
            limit = refused.max_items
        await all_of(self._send(piece) for piece in split(batch, limit))

    async def _attempt(self, batch: Batch) -> None:
        codec = CODECS[self._request.facts.endpoint]
        reply = await self._caller.embed(batch, codec, max_reply_bytes=self._most_bytes(len(batch.items)))
        self.rows.put(batch, reply)

    def _most_bytes(self, items: int) -> int:
        longest = max(self._request.options.dimensions or 0, self._request.facts.max_dimensions or LARGEST_VECTOR)
        return 2**20 + items * longest * BYTES_PER_VALUE


def _windows(items: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (items[i : i + size] for i in range(0, len(items), size))
