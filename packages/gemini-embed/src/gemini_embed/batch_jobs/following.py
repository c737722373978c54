"""The jobs of one run: which they are, what state they are in, how far the run is."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.names import JobName
from gemini_embed.batch_jobs.runs import RunNames
from gemini_embed.batch_jobs.status import BatchStatus
from gemini_embed.errors import NotFoundError
from gemini_embed.wire.batch_jobs import OVER, JobReport, JobState

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.service import JobService
    from gemini_embed.cache import VectorCache
    from gemini_embed.wire.batch_answers import LineError


@dataclass
class Known:
    """What one `BatchRun` remembers between its calls.

    Attributes:
        wanted: keys that its vectors have in the cache; None where only the jobs tell.
        jobs: display names of the jobs that bring them, those of other runs too.
        states: of jobs, by display name, as they were last told.
        refused: what the service does not take, by key.
    """

    wanted: frozenset[bytes] | None = None
    jobs: set[str] = field(default_factory=set)
    states: dict[str, JobState] = field(default_factory=dict)
    refused: dict[bytes, LineError] = field(default_factory=dict)


class Following:
    """Looks at the jobs of the run `name`. `of` is whose vectors they are, service and model as the ledger has them,
    and `size` how many numbers they have: another size may have a run of the same name. None is any. A job younger
    than `look_again_s` may not be shown yet."""

    def __init__(
        self,
        name: str,
        known: Known,
        ledger: Ledger,
        service: JobService,
        of: tuple[str, str],
        cache: VectorCache,
        *,
        size: int | None,
        look_again_s: float,
    ) -> None:
        self.names = RunNames(cache, of)
        self._name = name
        self._known = known
        self._ledger = ledger
        self._service = service
        self.of = of
        self._cache, self._size = cache, size
        self._look_again_s = look_again_s

    async def rows(self, *, earlier: bool = False) -> list[JobRow]:
        """The run's jobs, and those of others that have its keys, as the ledger has them now; those of `earlier` runs
        of its name only if told."""
        return await asyncio.to_thread(self._rows, earlier)

    def _rows(self, earlier: bool) -> list[JobRow]:
        since = 0.0 if earlier else self.names.began_at(self._name)
        rows = {row.display_name: row for row in self._ledger.of_run(self.of, self._name, since, self._size)}
        others = self._ledger.under_way(self._known.wanted).values() if self._known.wanted else ()
        for display_name in {*self._known.jobs, *self.names.shared(self._name), *others} - rows.keys():
            if (row := self._ledger.get(display_name)) and row.may_have(self._size):
                rows[display_name] = row
        self._known.jobs |= rows.keys()
        return [row for row in rows.values() if row.state != "lost"]

    async def forget(self) -> None:
        """Its jobs are deleted: its name is known no more, unless there are jobs of another size by it."""
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        others = [self._ledger.get(display_name) for display_name in self.names.shared(self._name)]
        others += self._ledger.of_run(self.of, self._name)
        if all(row is None or row.may_have(self._size) for row in others):
            self.names.forget(self._name)

    async def listed(self) -> None:
        """Note the run's jobs that the service shows and the ledger lacks: another machine has created them."""
        known = {row.display_name for row in await self.rows()}
        async with aclosing(self._service.pages()) as reports:
            async for report in reports:
                name = JobName.parse(report.display_name)
                if name is not None and name.run == self._name and report.display_name not in known:
                    await asyncio.to_thread(self._ledger.note, self._row(name, report))

    def _row(self, name: JobName, report: JobReport) -> JobRow:
        """A job whose keys only its answers tell."""
        return JobRow(
            display_name=report.display_name,
            run=name.run,
            part=name.part,
            service=self.of[0],
            model=report.model,
            state="created",
            name=report.name,
            is_sent=True,
            created_at=report.created_at.timestamp() if report.created_at else time.time(),
        )

    async def look(self, rows: Iterable[JobRow]) -> int:
        """Ask for the states of these jobs, by a list; how many requests that took."""
        before = self._service.asked
        wanted = {row.name: row for row in rows if row.name}
        if len(wanted) > 1:
            async with aclosing(self._service.pages()) as reports:
                async for report in reports:
                    if row := wanted.pop(report.name, None):
                        self._known.states[row.display_name] = report.state
                    if not wanted:
                        break
        for name, row in wanted.items():  # one alone; and what the list does not show
            try:
                self._known.states[row.display_name] = (await self._service.look(name)).state
            except NotFoundError:  # collecting says what that means
                if not row.is_younger(self._look_again_s):
                    self._known.states[row.display_name] = "expired"
        return self._service.asked - before

    def is_over(self, row: JobRow) -> bool:
        """Whether nothing more will become of a job, as was last told."""
        return self._known.states.get(row.display_name) in OVER

    async def missing(self, rows: Sequence[JobRow]) -> frozenset[bytes]:
        """Keys that have no vector, are not refused, and that no job under way has."""
        wanted = self._wanted(rows) - self._known.refused.keys()
        wanted = wanted.difference(key for row in rows if row.is_under_way for key in row.keys)
        return wanted - await asyncio.to_thread(self._cache.held, list(wanted))

    async def status(self, rows: Sequence[JobRow]) -> BatchStatus:
        """How far the run is, by the ledger, the cache and the last look."""
        return await asyncio.to_thread(self._status, rows)

    def _status(self, rows: Sequence[JobRow]) -> BatchStatus:
        wanted = self._wanted(rows)
        done = self._cache.held(list(wanted))
        under_way = [row for row in rows if row.is_under_way]
        pending = wanted.intersection(key for row in under_way for key in row.keys) - done
        outcomes = [row.outcome for row in rows if row.outcome]
        told = [outcome.tokens for outcome in outcomes if outcome.tokens is not None]
        failed = len(wanted) - len(done) - len(pending)
        return BatchStatus(
            items=len(wanted),
            done=len(done),
            pending=len(pending),
            failed=failed,
            jobs=dict(Counter(self._state(row) for row in rows)),
            uncollected=sum(self.is_over(row) for row in under_way),
            tokens=sum(told) if told else None,
            usd=sum(outcome.usd for outcome in outcomes),
            oldest_s=self._oldest_s(under_way),
            notes=tuple(row.note for row in rows if row.note) if failed else (),
        )

    def _oldest_s(self, rows: Iterable[JobRow]) -> float | None:
        """Of those that are not over; 0 where the service's clock is ahead of ours."""
        since = [row.created_at for row in rows if not self.is_over(row)]
        return max(time.time() - min(since), 0.0) if since else None

    def _wanted(self, rows: Iterable[JobRow]) -> frozenset[bytes]:
        if self._known.wanted is not None:
            return self._known.wanted
        return frozenset(key for row in rows for key in row.keys)

    def _state(self, row: JobRow) -> JobState:
        return row.outcome.state if row.outcome else self._known.states.get(row.display_name, "pending")
