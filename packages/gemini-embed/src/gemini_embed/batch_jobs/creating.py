"""One file of lines becomes one job: its price held, some texts had online, `intended`, uploaded, ONE request to create
it, `created`. A refusal is clear, and may be tried again; an answer that was lost is cleared up by the list."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gemini_embed.batch_jobs.adopting import Adopting, Foreign
from gemini_embed.batch_jobs.checking import online_vectors
from gemini_embed.batch_jobs.clearing import cleared_away, discarded
from gemini_embed.batch_jobs.leases import Lease, TakenOverError
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.lines import Lines
from gemini_embed.batch_jobs.names import JobName, digest_of
from gemini_embed.batch_jobs.orders import Left, Order
from gemini_embed.batch_jobs.planning import most_verified
from gemini_embed.batch_jobs.queueing import Queue
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.batch_jobs.twins import Twins
from gemini_embed.errors import BudgetError, QuotaError, QuotaUsedUpError, RequestError, UnclearCreateError
from gemini_embed.service import HttpSession
from gemini_embed.transport import HttpOptions
from gemini_embed.wire.batch_jobs import JobReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

FRESH_S = 24 * 3600.0
"""Files live for 48 hours, and a job may wait as long: what was uploaded earlier than this is written anew."""


class Creating:
    """Creates the jobs of one order."""

    def __init__(
        self,
        session: HttpSession,
        http: HttpOptions,
        order: Order,
        service: JobService,
        ledger: Ledger,
        lease: Lease,
        queue: Queue,
        adopting: Adopting,
    ) -> None:
        self._session, self._http, self._order = session, http, order
        self._service, self._ledger, self._lease = service, ledger, lease
        self._queue, self._adopting = queue, adopting
        self._parts = itertools.count()
        self._foreign = Foreign(ledger, service)
        self._twins = Twins(ledger, service, lease, order.budget)
        self._drawn: set[bytes] = set()  # what is verified of jobs to be: cached, and part of the job all the same
        self.adopted: list[str] = []
        """Display names of jobs that other ledgers have created."""

    async def begin(self) -> None:
        """Number jobs after those that the run has already."""
        self._parts = itertools.count(await asyncio.to_thread(self._ledger.next_part, self._order.run))

    async def create(self, lines: Lines) -> Left:
        """Create a job of these lines, or of some of them; see `submitting.submit` for the errors."""
        order, digest = self._order, digest_of(lines.keys)
        if (left := await self._elsewhere(digest, lines)) is not None:
            return left
        if await self.room(lines.tokens) and (left := await self._elsewhere(digest, lines)) is not None:
            return left
        if brought := await asyncio.to_thread(self._ledger.cached, lines.keys) - self._drawn:
            return Left(await self._others(lines, brought))  # by another process, while there was no room
        name = JobName(order.run, next(self._parts), digest)
        while await asyncio.to_thread(self._ledger.get, str(name)):  # of another process, which has begun meanwhile
            name = JobName(order.run, next(self._parts), digest)
        held = order.budget.hold(str(name), lines.likely)
        try:
            row = self._row(name, lines, await self._checks(lines), held.usd)
            taken = await self._lease.intend(row)
            if taken is None or taken:
                held.release()
                return Left([lines]) if taken is None else await self._without(lines, taken)
            lines.is_noted = True
        except BaseException:
            held.release()  # nothing was sent
            raise
        try:
            left = await self._sent(row, lines)
        except UnclearCreateError as e:
            logger.warning("%s", e)
            await asyncio.to_thread(self._ledger.unanswered, row.display_name)
            left = None if await self._adopting.is_created(row.display_name) else self._again(lines)
        except RequestError as e:
            held.release()  # refused, or not sent
            if (now := await self._now(row)).state != "intended":
                logger.warning("%s was refused, and is another process's by now: %s", row.display_name, e)
                return self._again(lines)
            await self._adopting.given_up(now, "it was refused")
            raise
        if left is not None:
            held.release()
            return left
        self._twins.made(row.display_name, digest)
        await self._queue.created()
        await asyncio.to_thread(lines.delete)
        if self._twins.is_time:
            await self.part_twins()
        return Left()

    async def room(self, tokens: int = 1) -> bool:
        """Wait until the service likely takes a job of so many tokens; whether there was something to wait for."""
        if not await self._queue.is_full(tokens):
            return False
        await self.part_twins()
        await self._queue.room(tokens)
        self._foreign.forget()
        return True

    async def part_twins(self) -> None:
        """Leave to other machines what they have created a moment before."""
        self.adopted += await self._twins.part()

    async def may_adopt(self, lines: Lines) -> bool:
        """Whether another machine has a job of these lines."""
        return bool(await self._foreign.jobs_of(digest_of(lines.keys)))

    async def _elsewhere(self, digest: str, lines: Lines) -> Left | None:
        """Have a job of another ledger bring these lines; None: there is none that does."""
        for report in await self._foreign.jobs_of(digest):
            if (left := await self._adopted(report, lines)) is not None:
                return left
        return None

    async def _adopted(self, report: JobReport, lines: Lines) -> Left | None:
        """Have another ledger's job bring these lines; None: it is known here, and does not."""
        name = JobName.parse(report.display_name)
        assert name is not None  # noqa: S101  # it was found by its digest; tells the type checker
        try:
            checks = await self._checks(lines)
        except BudgetError as e:  # what is paid is not refused
            checks = {}
            logger.warning("%s is adopted, and its answers are not verified: %s", report.name, e)
        row = replace(
            self._row(name, lines, checks, 0.0),
            state="created",
            name=report.name,
            refs=(),
            created_at=report.created_at.timestamp() if report.created_at else time.time(),
        )
        taken = await asyncio.to_thread(self._ledger.adopt, row)
        if taken is None:
            return None
        if taken:
            return await self._without(lines, taken)
        logger.info("%s has the same lines, and is adopted", report.name)
        self.adopted.append(row.display_name)
        await discarded(self._service, lines.all_refs)
        await asyncio.to_thread(lines.delete)
        return Left()

    async def _sent(self, row: JobRow, lines: Lines) -> Left | None:
        """Upload and create; None when that is done."""
        name = row.display_name
        input_ref = await self._service.put(lines.file, name)
        await asyncio.to_thread(self._ledger.uploaded, name, input_ref)
        while True:
            try:
                report = await self._service.create(name, input_ref, partial(self._lease.send, name))
            except UnclearCreateError:
                raise
            except TakenOverError:
                await discarded(self._service, [input_ref])
                await asyncio.to_thread(self._ledger.cleared, name)
                return self._again(lines)
            except QuotaError as e:
                await asyncio.to_thread(self._ledger.refused, name)
                if isinstance(e, QuotaUsedUpError):
                    raise
                await self.part_twins()  # now, since they begin to run while this waits
                try_again = await self._queue.refused(lines.tokens, e)
            except RequestError:
                await asyncio.to_thread(self._ledger.refused, name)
                raise
            else:
                is_ours = await asyncio.to_thread(self._ledger.created, name, report.name)
                await self._lease.release(name)
                return None if is_ours else await self._unwanted(row, lines, report)
            if time.monotonic() - lines.began_at > FRESH_S:
                await self._adopting.given_up(await self._now(row), "its files are too old")
                return self._again(lines)
            if not try_again and len(lines.entries) > 1 and self._queue.may_halve(lines.tokens):
                await self._adopting.given_up(await self._now(row), "it was refused as too large", keep_refs=True)
                return Left(await asyncio.to_thread(lines.halves))

    async def _unwanted(self, row: JobRow, lines: Lines, report: JobReport) -> Left:
        """The answer came so late that another process has found no job, and its texts are in another one by now."""
        logger.warning("%s was created, and is cancelled: another process has its texts in another job", report.name)
        await asyncio.to_thread(self._ledger.unwanted, row.display_name, report.name)
        await self._service.cancel(report.name)
        await cleared_away(self._service, self._ledger, replace(await self._now(row), name=report.name))
        return self._again(lines)

    async def _checks(self, lines: Lines) -> dict[bytes, NDArray[np.float32]]:
        order = self._order
        checks = await online_vectors(
            self._session,
            order.request,
            self._http,
            order.call.purpose,
            lines.entries,
            min(order.verify, most_verified(len(lines.entries))),
        )
        self._drawn.update(checks)
        return dict(checks)

    def _row(self, name: JobName, lines: Lines, checks: dict[bytes, NDArray[np.float32]], usd: float) -> JobRow:
        request = self._order.request
        return JobRow(
            display_name=str(name),
            run=name.run,
            part=name.part,
            service=self._order.service,
            model=request.facts.name,
            keys=lines.keys,
            checks=checks,
            likely=lines.likely,
            usd=usd,
            attempt=self._order.attempt,
            refs=lines.all_refs,
            size=request.facts.size(request.options.dimensions),
        )

    async def _now(self, row: JobRow) -> JobRow:
        """The row as the ledger has it now."""
        return await asyncio.to_thread(self._ledger.get, row.display_name) or row

    def _again(self, lines: Lines) -> Left:
        lines.delete()
        return Left(again=lines.entries)

    async def _without(self, lines: Lines, taken: frozenset[bytes]) -> Left:
        """Others were quicker with some of them."""
        again = [entry for entry in lines.entries if entry.key in taken]
        return Left(await self._others(lines, taken), again)

    async def _others(self, lines: Lines, dropped: frozenset[bytes]) -> list[Lines]:
        """The lines of other keys, if any; media that were uploaded for those that are dropped go."""
        refs = lines.refs_of(dropped)
        rest = await asyncio.to_thread(lines.without, dropped)
        await discarded(self._service, refs)
        return [rest] if rest else []
