"""What a `BatchRun` does on the engine's loop: each method is one of its doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from gemini_embed.batch_jobs import leases
from gemini_embed.batch_jobs.accounts import settle_elsewhere
from gemini_embed.batch_jobs.adopting import FIRST_LOOK_S, Adopting
from gemini_embed.batch_jobs.checking import online_vectors
from gemini_embed.batch_jobs.clearing import clear_left_over, cleared_away
from gemini_embed.batch_jobs.collecting import Collector
from gemini_embed.batch_jobs.following import Following, Known
from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.leftovers import take_up
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.batch_jobs.status import BatchStatus
from gemini_embed.batch_jobs.submitting import submit
from gemini_embed.batch_jobs.waiting import Patience, Waiting
from gemini_embed.batch_jobs.watching import Progress, watching
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.call import Call
from gemini_embed.errors import ApiError, BatchError, NotFoundError
from gemini_embed.notices import counted
from gemini_embed.preparing import without_twins
from gemini_embed.result import EmbeddingResult, Usage
from gemini_embed.service import HttpSession
from gemini_embed.wire.batch_jobs import JobReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gemini_embed.batch_jobs.ledger import JobRow


Waited: TypeAlias = tuple[EmbeddingResult | None, list[str]]
"""The vectors, if all are there and the contents are at hand; and what the caller should be warned of."""


class Work:
    """One call of one of a run's doors. `order` is None where the contents are not at hand."""

    def __init__(
        self, host: Host, name: str, known: Known, order: Order | None, request: Request, session: HttpSession
    ) -> None:
        self._host, self._name, self._known, self._order = host, name, known, order
        self._call = order.call if order else None
        self._request, self._session = request, session
        self._service = host.service(session, request)

    async def refresh(self) -> BatchStatus:
        """See `BatchRun.refresh`."""
        following = await self._following()
        rows = await following.rows()
        await following.look([row for row in rows if row.is_under_way])
        await settle_elsewhere(self._host.ledger, self._host.budget)
        return await following.status(rows)

    async def wait(
        self, patience: Patience, progress: Progress, keep: bool
    ) -> tuple[EmbeddingResult | None, list[str]]:
        """See `BatchRun.waiting`."""
        host, following = self._host, await self._following()
        with watching(progress, self._name) as tell:
            async with self._collecting(keep) as collector:
                await take_up(host.ledger, host.vectors, following.of, following, collector)
                again = partial(self._again, keep) if self._call is not None else None
                waiting = Waiting(following, collector, self._known, again, tell, patience)
                is_over = await waiting.run()
        await settle_elsewhere(host.ledger, host.budget)
        if not is_over or self._call is None:
            return None, waiting.notes
        return await self._result(self._call, await following.rows()), waiting.notes

    async def cancel(self, *, foreign: bool) -> BatchStatus:
        """See `BatchRun.cancel`."""
        following = await self._following()
        async with self._collecting() as collector:
            for row in await following.rows():
                if row.state == "intended":
                    await collector.clear_up(row)
            rows = [row for row in await following.rows() if row.is_under_way and row.name]
            ours = (row for row in rows if foreign or not row.is_foreign)
            await asyncio.gather(*(self._service.cancel(str(row.name)) for row in ours))
            await following.look(rows)
            for row in rows:
                if following.is_over(row):
                    await collector.collect(row.display_name)
        return await following.status(await following.rows())

    async def delete(self) -> None:
        """See `BatchRun.delete`."""
        following, clock = await self._following(), asyncio.get_running_loop().time
        names, until = [row.display_name for row in await following.rows(earlier=True)], clock() + 2 * leases.LEASE_S
        async with leases.working(self._host.ledger) as lease:
            while names := [name for name in names if not await self._free_and_deleted(lease, name)]:
                if clock() > until:
                    raise BatchError(
                        f"{counted(len(names), 'job')} could not be deleted, since another process works on what is "
                        f"named here ({', '.join(names[:3])}); all others are. Delete the run again once that is done",
                        jobs=names,
                    )
                await asyncio.sleep(FIRST_LOOK_S)
        await following.forget()

    async def _free_and_deleted(self, lease: leases.Lease, display_name: str) -> bool:
        """Whether a job is deleted; not while another worker has it."""
        if await asyncio.to_thread(self._host.ledger.get, display_name) is None:
            return True
        if not await lease.take(display_name):
            return False
        if row := await asyncio.to_thread(self._host.ledger.get, display_name):
            await self._deleted(row, lease)
        return True

    async def _deleted(self, row: JobRow, lease: leases.Lease) -> None:
        ledger = self._host.ledger
        if row.is_under_way and row.name is None and row.is_sent:
            found = await Adopting(ledger, self._service, lease, self._host.limits.look_again_s).found(row)
            row = replace(row, name=found.name if found else None)
        report = await self._stopped(row) if row.is_under_way else None
        is_left = row.is_under_way or row.is_left
        if is_left and not await cleared_away(self._service, ledger, row, report):
            await asyncio.to_thread(ledger.lost, row.display_name, "it is deleted, and something of it is left")
        else:
            await asyncio.to_thread(ledger.remove, row.display_name)

    async def _stopped(self, row: JobRow) -> JobReport | None:
        """Cancel a job, and settle its price: what had begun to run is paid. What was last told of it."""
        held, report = self._host.budget.held(row.display_name, row.likely), None
        if row.name is not None:
            with suppress(NotFoundError):
                report = await self._service.look(row.name)
                if not report.is_over:
                    await self._service.cancel(row.name)
        if report is not None and report.state in ("running", "succeeded"):
            held.settle(Usage())
        else:
            held.release()
        return report

    async def _following(self) -> Following:
        """The run's jobs; those of another machine are noted in the ledger, where this one knows of none."""
        host = self._host
        service_name = await asyncio.to_thread(host.service_name, self._request)
        of = service_name, host.facts.name
        following = Following(
            self._name,
            self._known,
            host.ledger,
            self._service,
            of,
            host.vectors,
            size=host.facts.size(self._request.options.dimensions),
            look_again_s=host.limits.look_again_s,
        )
        if self._known.wanted is None and not await following.rows():
            await following.listed()
        return following

    @asynccontextmanager
    async def _collecting(self, keep: bool = False) -> AsyncIterator[Collector]:
        service = await asyncio.to_thread(self._host.service_name, self._request)
        async with leases.working(self._host.ledger) as lease:
            await clear_left_over(self._service, self._host.ledger, lease, (service, self._host.facts.name))
            yield Collector.of(self._host, self._request, self._service, lease, self._call, self._online, keep)

    async def _online(self, keys: Sequence[bytes]) -> Mapping[bytes, NDArray[np.float32]]:
        """Vectors of these keys, asked for anew; none where the contents are not at hand."""
        if self._call is None:
            return {}
        wanted = frozenset(keys)
        some = {entry.key: entry for entry in self._call.prepared.entries if entry.key in wanted}
        request = replace(self._request, cache=None)
        return await online_vectors(
            self._session, request, self._host.http, self._call.purpose, list(some.values()), len(some)
        )

    async def _again(self, keep: bool, keys: Collection[bytes], attempt: int, deadline_s: float | None) -> None:
        """Put these contents into new jobs of the run, as `waiting.Again`, in the way that was ordered."""
        assert self._order is not None  # noqa: S101  # they are at hand; tells the type checker
        call = self._order.call
        entries = [entry for entry in without_twins(call.prepared.entries) if entry.key in keys]
        order = replace(
            self._order,
            call=replace(call, prepared=replace(call.prepared, entries=entries)),
            request=self._request,
            budget=self._host.budget,
            deadline_s=deadline_s,
            attempt=attempt,
            keep=keep or self._order.keep,
            begins=False,
        )
        await submit(self._session, self._host, order)

    async def _result(self, call: Call, rows: Sequence[JobRow]) -> EmbeddingResult:
        """All vectors, out of the cache; what is not there is embedded online. What a job was refused is not sent."""
        refused = call.refused.copied()
        entries = []
        for entry in without_twins(call.prepared.entries):
            if error := self._known.refused.get(entry.key):
                first = ApiError(400, "INVALID_ARGUMENT", error.message, model=self._request.facts.name)
                refused.refused_before(first, entry.positions)
            else:
                entries.append(entry)
        left = replace(call, prepared=replace(call.prepared, entries=entries, warnings=[]), refused=refused)
        result = await self._host.start(left).pending
        tokens = [row.outcome.tokens for row in rows if row.outcome and row.outcome.tokens is not None]
        return replace(result, usage=result.usage + Usage(prompt_tokens=sum(tokens) if tokens else None))
