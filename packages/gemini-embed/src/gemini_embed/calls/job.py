"""From items to vectors: batches fanned out, split where the service asks for it, and put back in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.calls.attempts import Caller, Request, all_of
from gemini_embed.calls.overflow import without_long_texts
from gemini_embed.calls.refused import TRIAL_ITEMS, RefusedItems
from gemini_embed.calls.retries import Split
from gemini_embed.calls.rows import Rows
from gemini_embed.calls.uploads import Uploads
from gemini_embed.calls.windows import Loading
from gemini_embed.engine import Pending
from gemini_embed.errors import ApiError, Completed, GeminiEmbedError, InputError
from gemini_embed.preparing import Batch, Entry, Planner, split, without_twins
from gemini_embed.quota import AbandonedError
from gemini_embed.result import EmbeddingResult, Usage
from gemini_embed.service import HttpSession

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gemini_embed.calls.recall import Recall


@dataclass(frozen=True)
class Submitted:
    """An embed call under way: what to wait for, and what is there of it already."""

    pending: Pending[EmbeddingResult]
    rows: Rows

    def stop(self) -> Completed | None:
        """End it as soon as can be; what it had finished, None when that is nothing.

        Its usage is known only if it had ended.
        """
        self.pending.cancel()
        return self.rows.completed(self.rows.usage)


async def embed(
    session: HttpSession,
    *,
    request: Request,
    items: Sequence[Entry],
    rows: Rows,
    refused: RefusedItems,
    uploads: Uploads,
) -> EmbeddingResult:
    """One call on the engine's loop: `items` are those of its inputs that can be sent.

    Raises:
        RefusedItemsError: some were refused, and all others embedded.
        GeminiEmbedError: the first failure; `.completed` holds what was finished, requests in flight included.
    """
    job = Job(session, request, rows, refused, uploads)
    try:
        await job.run(without_twins(items))
        refused.check()
    except GeminiEmbedError as e:
        if isinstance(e, ApiError) and e.code in (400, 403, 404):
            uploads.forget_reused()
        e.completed = job.rows.completed(job.usage)
        if e.completed:
            e.add_note(f"{len(e.completed.positions):,} inputs are finished: .completed has their vectors.")
        raise
    finally:
        rows.usage = job.usage
        await uploads.done()
    return EmbeddingResult(
        job.rows.values(), usage=job.usage, model=request.facts.name, refused=refused.items, task=request.task
    )


class Job:
    """Sends the items of one call and fills its rows."""

    def __init__(
        self, session: HttpSession, request: Request, rows: Rows, refused: RefusedItems, uploads: Uploads
    ) -> None:
        self.rows = rows
        self._session = session
        self._caller = Caller(session, request, rows.checked)
        self._request = request
        self._refused = refused
        self._uploads = uploads
        self._room = asyncio.Semaphore(request.lookahead)
        self._trial = asyncio.Lock()
        self._cached = Usage()
        self._recall = _recall(request)
        self._loading = Loading(session.gate.loaded, request.facts)

    @property
    def usage(self) -> Usage:
        """What the job has cost so far."""
        return self._caller.usage + self._cached

    async def run(self, items: Sequence[Entry]) -> None:
        """Embed all items; after a failure those in flight are awaited, since they are paid for."""
        tasks: list[asyncio.Task[None]] = []
        try:
            if self._request.count_tokens:
                facts, bad_input = self._request.facts, self._refused.bad_input
                items = await without_long_texts(self._caller, facts, items, bad_input)
            planner = self._planner()
            async with aclosing(self._batches(items, planner)) as batches:
                async for batch in batches:
                    await self._room.acquire()
                    if self._caller.failed.is_set():
                        break
                    tasks.append(asyncio.create_task(self._send_and_release(batch)))
            await self._send_last(planner.flush(), tasks)
        except GeminiEmbedError:
            self._caller.failed.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loading.close()

    async def _send_last(self, batch: Batch | None, tasks: list[asyncio.Task[None]]) -> None:
        """Send what the planner has left, and await all. Most calls have no other batch, and no need of a task for it,
        which takes as many turns of the loop as the rest of a question."""
        if batch is not None and not self._caller.failed.is_set():
            await self._room.acquire()
            if not tasks:
                await self._send_and_release(batch)
                return
            tasks.append(asyncio.create_task(self._send_and_release(batch)))
        await all_of(tasks)

    def _planner(self) -> Planner:
        limits = filter(None, (self._request.max_items, self._session.learned.max_batch_items))
        return Planner(self._request.facts, min(limits, default=None), self._request.max_tokens)

    async def _batches(self, items: Sequence[Entry], planner: Planner) -> AsyncGenerator[Batch, None]:
        """Those that are full; the last one stays with the planner."""
        for window in self._loading.windows(items):
            if not self._loading.has_room(window) and (waiting := planner.flush()):
                yield waiting
            await self._loading.begin(window)
            loaded = await self._by_reference(await self._unknown(await self._loaded(window)))
            self._loading.loaded(window, loaded)
            for item in loaded:
                if full := planner.add(item):
                    yield full

    async def _loaded(self, window: Sequence[Entry]) -> Sequence[Entry]:
        """The items with their media; new ones, so that the bytes go when their call is done."""
        if not any(item.has_media for item in window):
            return window
        outcomes = await all_of(self._with_media(item) for item in window)
        return [item for item in outcomes if item is not None]

    async def _with_media(self, item: Entry) -> Entry | None:
        from gemini_embed.preparing.loading import loaded  # texts alone need nothing of it

        try:
            return await loaded(item, self._request.facts, self._request.fetch)
        except InputError as e:
            self._refused.bad_input(e, item.positions)
            return None

    async def _unknown(self, items: Sequence[Entry]) -> Sequence[Entry]:
        """The items that the cache does not hold; the rows of the others are filled."""
        if self._recall is None:
            return items
        known = await self._recall.known(items)
        if found := [item for item in items if item.position in known]:
            self.rows.put(found, np.stack([known[item.position] for item in found]))
            self._cached += Usage(cached=sum(len(item.positions) for item in found))
        return [item for item in items if item.position not in known]

    async def _by_reference(self, items: Sequence[Entry]) -> Sequence[Entry]:
        """The items, those that are too large for a call with their media in the Files API."""
        most = self._request.facts.max_media_bytes
        fitting = []
        for item in items:
            if item.has_media and item.size_bytes > most:
                try:
                    item = await self._uploads.fitting(item, most)
                except InputError as e:
                    self._refused.bad_input(e, item.positions)
                    continue
            fitting.append(item)
        return fitting

    async def _send_and_release(self, batch: Batch) -> None:
        try:
            await self._send(batch)
        except AbandonedError:
            raise
        except BaseException:
            self._caller.failed.set()
            raise
        finally:
            self._loading.done(batch.items)
            self._room.release()

    async def _send(self, batch: Batch) -> None:
        limit = self._session.learned.max_batch_items
        if limit is None or len(batch.items) <= limit:
            answer = await self._caller.embed(batch)
            if isinstance(answer, ApiError):
                await self._sift(batch, answer)
                return
            if not isinstance(answer, Split):
                await self._take(batch, answer)
                return
            limit = answer.max_items
        await all_of(self._send(piece) for piece in split(batch.items, limit))

    async def _take(self, batch: Batch, vectors: NDArray[np.float32]) -> None:
        self._refused.answered = True
        self.rows.put(batch.items, vectors)
        if self._recall:
            await self._recall.keep(batch.items, vectors)

    async def _sift(self, batch: Batch, error: ApiError) -> None:
        """Halve a refused batch down to the items at fault; all others are embedded.

        While nothing of the job has been answered, a few items from all over the batch are tried first, one by one: a
        fault that is not in the items would otherwise cost two requests per item. One batch does so, the others wait.
        """
        if len(batch.items) == 1:
            self._refused.refused(error, batch.positions)
            return
        rest = list(batch.items)
        async with self._trial:
            if not self._refused.answered:
                some = slice(None, None, -(-len(rest) // TRIAL_ITEMS))
                await all_of(self._send(piece) for piece in split(rest[some], 1))
                del rest[some]
        if rest:
            await all_of(self._send(piece) for piece in split(rest, (len(rest) + 1) // 2))


def _recall(request: Request) -> Recall | None:
    if request.cache is None:
        return None
    from gemini_embed.calls.recall import Recall

    return Recall(request.cache, request.connection, request.service, request.facts, request.options)
