"""One ended job: its answers read, checked, verified and put into the cache; then paid and cleaned up.

The order holds back what could be lost: vectors are on the disk before the ledger says so, and files and job are only
taken away after that. Whatever is interrupted is done again from the start, and comes to the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from gemini_embed.batch_jobs.adopting import Adopting
from gemini_embed.batch_jobs.answers import Answers
from gemini_embed.batch_jobs.clearing import cleared_away
from gemini_embed.batch_jobs.collected import Collected
from gemini_embed.batch_jobs.downloading import lines_in
from gemini_embed.batch_jobs.verifying import WIDER, compare, mismatch, some_keys
from gemini_embed.errors import BatchMismatchError, NotFoundError, ReplyError
from gemini_embed.metering import ObservedCall, observed
from gemini_embed.result import Usage
from gemini_embed.wire.batch_jobs import JobError, JobReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gemini_embed.batch_jobs.host import Host
    from gemini_embed.batch_jobs.leases import Lease
    from gemini_embed.batch_jobs.ledger import JobRow, Ledger
    from gemini_embed.batch_jobs.service import JobService
    from gemini_embed.cache import VectorCache
    from gemini_embed.calls.attempts import Request
    from gemini_embed.calls.call import Call
    from gemini_embed.metering import Budget

NOT_FOUND = 5

Online: TypeAlias = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, "NDArray[np.float32]"]]]
"""Vectors of these keys by the ordinary call path, as served, of those whose contents are at hand."""


@dataclass
class _Spent:
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Collector:
    """Collects jobs of one model.

    Args:
        dimensions: of the vectors; None where only the answers tell, as those of a run that was found again.
        online: gives vectors to verify by.
        look_again_s: after this time a job that no list shows was never created, and one that is not found is gone.
        told: what is known of the calls that collecting is to OpenTelemetry and to `track_usage`.
        keep: leave files and jobs at the service.
        ours: keys of the call's contents, which have `dimensions`.
    """

    ledger: Ledger
    service: JobService
    cache: VectorCache
    budget: Budget
    model: str
    dimensions: int | None
    lease: Lease
    online: Online
    look_again_s: float
    told: ObservedCall
    keep: bool = False
    ours: frozenset[bytes] = frozenset()

    @classmethod
    def of(
        cls,
        host: Host,
        request: Request,
        service: JobService,
        lease: Lease,
        call: Call | None,
        online: Online,
        keep: bool = False,
    ) -> Collector:
        """One for the jobs of a call; None: of a run that was found again, whose contents nobody has here."""
        facts, size = host.facts, request.options.dimensions if call else None
        task, side = (call.purpose.task, call.purpose.side) if call else (None, None)
        return cls(
            ledger=host.ledger,
            service=service,
            cache=host.vectors,
            budget=host.budget,
            model=facts.name,
            dimensions=facts.size(size) if call else None,
            lease=lease,
            online=online,
            look_again_s=host.limits.look_again_s,
            told=ObservedCall(facts, request.connection.base_url, task, side, size, inputs=0, is_batch=True),
            keep=keep,
            ours=frozenset(entry.key for entry in call.prepared.entries) if call else frozenset(),
        )

    async def collect(self, display_name: str) -> Collected | None:
        """Take an ended job in; None when another process is at it, or has done it, or nothing can be told of it yet.

        Raises:
            BatchMismatchError: its vectors belong to other texts; none is used, and it is kept.
            CacheError: there is no room; it is kept and can be collected later.
            RequestError: the service did not hand out the answers.
        """
        if not await self.lease.take(display_name):
            return None
        try:
            row = await asyncio.to_thread(self.ledger.get, display_name)
            if row is None or row.state != "created" or row.name is None:
                return None
            report = await self._looked_at(row)
            if not report.is_over:  # not found yet; or another machine's job of this name was meant
                return None
            spent = _Spent()
            told = replace(self.told, inputs=row.items)
            return await observed(told, partial(self._collect, row, report), spent)(spent)
        finally:
            await self.lease.release(display_name)

    async def _looked_at(self, row: JobRow) -> JobReport:
        assert row.name is not None  # noqa: S101  # it is created; tells the type checker
        try:
            return await self.service.look(row.name)
        except NotFoundError as e:
            if row.is_younger(self.look_again_s):
                return JobReport(name=row.name, display_name=row.display_name, state="pending")
            gone = JobError(NOT_FOUND, f"the service knows it no more ({e.message.strip()})")
            return JobReport(name=row.name, display_name=row.display_name, state="expired", error=gone)

    async def _collect(self, row: JobRow, report: JobReport, spent: _Spent) -> Collected | None:
        asked = None if self.ours.isdisjoint(row.keys) else self.dimensions  # a run may share its name with other sizes
        size = next((len(vector) for vector in row.checks.values()), asked)
        folder = self.cache.path.parent
        with await asyncio.to_thread(Answers, row.keys or None, size, folder) as answers:
            report = await self._read(report, answers)
            if answers.is_unreadable:
                raise ReplyError(f"{row.name}: no line of its results can be read; the job is kept")
            notes = await self._verify(row, answers) if answers else []
            for block in answers.vectors():
                await asyncio.to_thread(self.cache.write, self.model, block)
            keys = () if row.keys else answers.keys()
            held, counted = self.budget.held(row.display_name, row.likely), self._counted(row, answers)
            done = Collected(
                row,
                report,
                vectors=len(answers),
                usage=answers.usage,
                usd=held.price(counted) if counted else 0.0,
                refused=dict(answers.refused),
                again=dict(answers.again),
                notes=notes,
            )
        outcome = replace(done.outcome, kept=self.keep)
        if not await asyncio.to_thread(self.ledger.collected, row.display_name, done.note, outcome, keys):
            return None  # another process has, which took this one for dead
        held.settle(counted) if counted else held.release()  # not before: what fails until here is done again
        spent.usage = done.usage
        if not self.keep and not row.is_foreign:
            await cleared_away(self.service, self.ledger, row, report)
        return done

    async def _read(self, report: JobReport, answers: Answers) -> JobReport:
        """Hold all lines; the report again, with what kept them from being had."""
        if report.output:
            try:
                await self._hold(report, answers)
                if answers.is_cut:  # perhaps on its way only; what comes twice does no harm
                    await self._hold(report, answers)
            except NotFoundError as e:
                why = f"its results are gone ({e.message.strip()}): the service keeps them for 48 hours"
                report = replace(report, state="expired", error=JobError(NOT_FOUND, why))
        answers.end()
        return report

    async def _hold(self, report: JobReport, answers: Answers) -> None:
        async with aclosing(self.service.results(report)) as blocks:
            async for block in blocks:
                await asyncio.to_thread(answers.take, lines_in(block))

    async def _verify(self, row: JobRow, answers: Answers) -> list[str]:
        """Compare a few lines with their online vectors; where one does not agree, many, if the contents are at hand.
        What the caller should be warned of.

        Raises:
            BatchMismatchError: they do not agree either, or cannot be had.
        """
        if not row.checks:
            return []
        compared = compare(answers, row.checks)
        job = row.name or row.display_name
        if not compared.cosines:  # none of the few is there, so others have to stand for the job
            compared = compare(answers, await self.online(some_keys(answers.keys(), len(row.checks))))
            if not compared.cosines:
                raise BatchMismatchError(
                    f"{job}: none of the lines that were verified online is among its answers, so they cannot be "
                    "trusted yet; submit the same contents again, and others are verified",
                    jobs=[job],
                )
        if not compared.apart:
            return []
        wider = compare(answers, await self.online([*compared.apart, *some_keys(answers.keys(), WIDER)]))
        if not wider.cosines or wider.apart:
            raise mismatch(job, wider if wider.cosines else compared)
        return [f"{job}: {compared}, while {len(wider.cosines)} compared again agree: its vectors are used"]

    def _counted(self, row: JobRow, answers: Answers) -> Usage | None:
        """What the job is billed for: as it was counted, or the share of what was likely; None where it costs nothing
        here: it brought nothing, or another ledger's machine has paid it."""
        if not answers or row.is_foreign:
            return None
        if answers.usage.prompt_tokens is None and row.items:
            return Usage(prompt_tokens=round(row.tokens * len(answers) / row.items))
        return answers.usage

    async def clear_up(self, row: JobRow) -> None:
        """Of a job that nobody knows to be created: adopt it, or find that it never was, as far as that can be said
        now. Another process may be creating it at this moment; then nothing is done."""
        if not await self.lease.take(row.display_name):
            return
        adopting = Adopting(self.ledger, self.service, self.lease, self.look_again_s)
        if not row.is_sent or not 0 <= time.time() - row.created_at <= self.look_again_s:
            await adopting.cleared(row.display_name)
        elif report := await self.service.find(row.display_name):
            await asyncio.to_thread(self.ledger.created, row.display_name, report.name)
        await self.lease.release(row.display_name)

    async def stop(self, row: JobRow) -> Collected | None:
        """Cancel a job, unless it is another ledger's, and take in what it has brought, if it ends at once; else that
        can be collected later."""
        if row.name is None:
            return None
        if not row.is_foreign:
            await self.service.cancel(row.name)
        report = await self._looked_at(row)
        return await self.collect(row.display_name) if report.is_over else None
