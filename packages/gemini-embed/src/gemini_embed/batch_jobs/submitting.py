"""From contents to jobs: what neither the cache nor a job under way has, as lines, until a file is full; then one job.

What happens is written down before and after it does. Whatever ends the process in between is cleared up by whoever
submits the same contents again, and what is under way by then is adopted, not paid again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_embed.batch_jobs.accounts import settle_elsewhere
from gemini_embed.batch_jobs.adopting import Adopting
from gemini_embed.batch_jobs.checking import online_vectors
from gemini_embed.batch_jobs.clearing import clear_left_over, discarded
from gemini_embed.batch_jobs.collecting import Collector
from gemini_embed.batch_jobs.creating import Creating
from gemini_embed.batch_jobs.gathering import Gathering
from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.leases import Lease, working
from gemini_embed.batch_jobs.lines import Writer
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.batch_jobs.queueing import Queue
from gemini_embed.batch_jobs.runs import RunNames
from gemini_embed.batch_jobs.service import INLINE_BYTES
from gemini_embed.calls.attempts import Caller
from gemini_embed.calls.overflow import without_long_texts
from gemini_embed.calls.recall import Recall
from gemini_embed.calls.rows import Rows
from gemini_embed.errors import BatchError, BudgetError, RequestError
from gemini_embed.metering.prices import likely_tokens_by_modality
from gemini_embed.preparing import Entry, inline_data, without_twins
from gemini_embed.service import HttpSession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

DELETING_S = 10.0


async def submit(session: HttpSession, host: Host, order: Order) -> list[bytes]:
    """Create the jobs of an order; the keys of all vectors that are wanted and not in the cache, in order.

    When it returns the ledger has the name of every job that brings one of them, those of others among them.

    Raises:
        InputError: a medium that cannot be embedded. RequestError: the service refused, for good.
        BudgetError: the jobs would cost more than is left. QuotaUsedUpError: the queue had no room in time.
        CacheError: the cache's file cannot be used.
        What was created by then is in the ledger, and goes on.
    """
    async with working(host.ledger) as lease:
        return await Submission(session, host, order, lease).run()


class Submission:
    """One order being submitted."""

    def __init__(self, session: HttpSession, host: Host, order: Order, lease: Lease) -> None:
        request = replace(order.request, budget=order.budget)
        self._session, self._request, self._order = session, request, replace(order, request=request)
        self._ledger, self._http = host.ledger, host.http
        self._service = host.service(session, request)
        self._lease, self._of = lease, (order.service, host.facts.name)
        self._names = RunNames(host.vectors, self._of)
        self._queue = Queue(self._ledger, self._service, host.limits, self._of, order.deadline_s, self._collect)
        self._adopting = Adopting(self._ledger, self._service, lease, host.limits.look_again_s)
        self._creating = Creating(
            session, host.http, self._order, self._service, self._ledger, lease, self._queue, self._adopting
        )
        recall = Recall(host.vectors, request.connection, request.service, request.facts, request.options)
        self._gathering = Gathering(session, request, recall, order.call)
        self._limits, self._writer = host.limits, Writer(host.limits)
        self._loose: list[str] = []
        self._collector = Collector.of(host, request, self._service, lease, order.call, self._online, order.keep)
        self._wanted: dict[bytes, None] = {}
        self._elsewhere: defaultdict[str, list[Entry]] = defaultdict(list)
        self._again: list[Entry] = []

    async def run(self) -> list[bytes]:
        """See `submit`."""
        items: Sequence[Entry] = without_twins(self._order.call.prepared.entries)
        if self._request.count_tokens:
            items = await self._short_enough(items)
        if self._order.begins:
            await asyncio.to_thread(self._names.begin, self._order.run)
        await clear_left_over(self._service, self._ledger, self._lease, self._of)
        await self._queue.begin()
        await self._creating.begin()
        await settle_elsewhere(self._ledger, self._order.budget)
        try:
            await self._check_budget(items)
            while items:
                items = await self._pass(items)
        finally:
            await self._dropped()
        return list(self._wanted)

    async def _short_enough(self, items: Sequence[Entry]) -> Sequence[Entry]:
        """As every call does that is to refuse texts beyond the model's limit."""
        facts = self._request.facts
        rows = Rows(0, dimensions=None, unit_length=False, model=facts.name)
        caller = Caller(self._session, self._request, rows.checked)
        return await without_long_texts(caller, facts, items, self._order.call.refused.bad_input)

    async def _check_budget(self, items: Sequence[Entry]) -> None:
        """Where there is a limit, all is counted before the first job. Raises BudgetError."""
        if not self._order.budget.is_limited:
            return
        likely: dict[bytes, Entry] = {}
        async with aclosing(self._gathering.unknown(items)) as windows:
            async for window in windows:
                taken = await self._taken(window)
                likely |= {item.key: replace(item, parts=()) for item in window if item.key not in taken}
        try:
            self._order.budget.check_batch(likely_tokens_by_modality(likely.values()))
        except BudgetError:
            if not (adopted := await self._adoptable(items, likely)):
                raise
            new = (entry for key, entry in likely.items() if key not in adopted)
            self._order.budget.check_batch(likely_tokens_by_modality(new))

    async def _adoptable(self, items: Sequence[Entry], wanted: Collection[bytes]) -> set[bytes]:
        """Those of the wanted keys whose jobs, cut as they will be, other machines have created: they cost nothing."""
        jobs, writer, found, seen = self._creating, Writer(self._limits), set[bytes](), set[bytes]()

        async def look() -> None:
            if lines := writer.taken():
                found.update(lines.keys if await jobs.may_adopt(lines) else ())
                lines.delete()

        async with aclosing(self._gathering.unknown(items)) as windows:
            async for window in windows:
                for item in window:
                    if item.key not in wanted or item.key in seen:
                        continue
                    seen.add(item.key)
                    entry = replace(item, parts=())
                    line = b"" if _is_large(item) else self._service.line(item, item.key)
                    if not writer.fits(entry, line, self._queue.job_tokens):
                        await look()
                    writer.add(entry, line)
        await look()
        return found

    async def _pass(self, items: Sequence[Entry]) -> list[Entry]:
        """Jobs of all that is in none. What comes back had been in one that turns out never to have been created."""
        entries = {entry.position: entry for entry in items}
        begun: set[bytes] = set()
        self._elsewhere.clear()
        self._again = []
        try:
            async with aclosing(self._gathering.unknown(items)) as windows:
                async for window in windows:
                    await self._take(window, entries, begun)
            await self._create_what_is_written()
            await self._creating.part_twins()
        finally:
            self._loose += self._writer.close()
        others = [*self._creating.adopted]
        for display_name, some in self._elsewhere.items():
            if await self._adopting.is_created(display_name, self._queue.until):
                others.append(display_name)
            else:
                self._again += some
        await asyncio.to_thread(self._names.share, self._order.run, others)
        return self._again

    async def _take(self, window: Sequence[Entry], entries: dict[int, Entry], begun: set[bytes]) -> None:
        self._wanted |= {item.key: None for item in window}
        taken = await self._taken(window)
        for item in window:
            if item.key in begun:  # equal bytes in two files: one vector
                continue
            if item.key in taken:
                self._elsewhere[taken[item.key]].append(entries[item.position])
                continue
            begun.add(item.key)
            await self._write(item, entries[item.position])

    async def _taken(self, window: Sequence[Entry]) -> dict[bytes, str]:
        return await asyncio.to_thread(self._ledger.under_way, [item.key for item in window])

    async def _write(self, item: Entry, entry: Entry) -> None:
        """One line, in the file that was begun or in the next; media too large for a line are uploaded right before."""
        refs: list[str] = []
        if _is_large(item):
            if self._writer.is_empty:
                await self._creating.room()
            item, refs = await self._service.referred(item)
        try:
            line = self._service.line(item, item.key)
            if not self._writer.fits(entry, line, self._queue.job_tokens):
                await self._create_what_is_written()
        except BaseException:
            self._loose += refs
            raise
        self._writer.add(entry, line, refs)

    async def _dropped(self) -> None:
        """Take away media that were uploaded for lines which are in no job: something has ended this before."""
        if self._loose:
            with suppress(TimeoutError):  # they expire
                async with asyncio.timeout(DELETING_S):
                    await discarded(self._service, self._loose)

    async def _collect(self, display_name: str) -> None:
        """Take in a job that has ended while the queue is full; what is wrong with it is for `BatchRun.wait` to say."""
        try:
            await self._collector.collect(display_name)
        except (BatchError, RequestError) as e:
            logger.warning("%s cannot be collected yet: %s", display_name, e)

    async def _online(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Vectors of these keys, asked for anew."""
        wanted = frozenset(keys)
        entries = {entry.key: entry for entry in self._order.call.prepared.entries if entry.key in wanted}
        request, purpose, some = replace(self._request, cache=None), self._order.call.purpose, [*entries.values()]
        return await online_vectors(self._session, request, self._http, purpose, some, len(some))

    async def _create_what_is_written(self) -> None:
        """A job of the file that was begun; several, where the service refuses so large a one."""
        lines = await asyncio.to_thread(self._writer.taken)
        left = [lines] if lines else []
        try:
            while left:
                outcome = await self._creating.create(left[0])
                left[:1] = outcome.lines
                self._again += outcome.again
        finally:
            for lines in left:
                self._loose += lines.loose_refs
                lines.delete()


def _is_large(item: Entry) -> bool:
    """Whether some of its media are too large for a line."""
    return item.has_media and any(len(inline_data(part) or b"") > INLINE_BYTES for part in item.parts)
