"""The jobs of one run, from the first look to the last answer: what `BatchRun` does on the engine's loop."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gemini_embed.batch_jobs.names import JobName
from gemini_embed.batch_jobs.status import BatchStatus
from gemini_embed.errors import NotFoundError
from gemini_embed.wire.batch_jobs import OVER, JobReport, JobState

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.ledger import JobRow, Ledger
    from gemini_embed.batch_jobs.service import JobService
    from gemini_embed.cache import VectorCache
    from gemini_embed.wire.batch_answers import LineError


@dataclass
class Known:
    """What one `BatchRun` remembers between its calls.

    Attributes:
        wanted: keys that its vectors have in the cache; None where only the jobs tell.
        jobs: display names of jobs that bring them, those of other runs too.
        states: of jobs, as they were last told.
        refused: what the service does not take, by key.
        notes: what there is to know.
    """

    wanted: tuple[bytes, ...] | None = None
    jobs: dict[str, None] = field(default_factory=dict)
    states: dict[str, JobState] = field(default_factory=dict)
    refused: dict[bytes, LineError] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


class Following:
    """Looks at the jobs of a run."""

    def __init__(self, name: str, known: Known, ledger: Ledger, service: JobService, cache: VectorCache) -> None:
        self._name = name
        self._known = known
        self._ledger = ledger
        self._service = service
        self._cache = cache

    async def rows(self) -> list[JobRow]:
        """The run's jobs, and those of others that its keys are in, as the ledger has them now."""
        return await asyncio.to_thread(self._rows)

    def _rows(self) -> list[JobRow]:
        rows = {row.display_name: row for row in self._ledger.of_run(self._name)}
        others = self._ledger.under_way(self._known.wanted) if self._known.wanted else {}
        for display_name in {**self._known.jobs, **dict.fromkeys(others.values())}:
            if display_name not in rows and (row := self._ledger.get(display_name)):
                rows[display_name] = row
        self._known.jobs |= dict.fromkeys(rows)
        return list(rows.values())

    async def look(self, rows: Iterable[JobRow]) -> int:
        """Ask for the states of these jobs, by a list; how many requests that took."""
        before = self._service.asked
        wanted = {row.name: row.display_name for row in rows if row.name}
        if len(wanted) > 1:
            async for report in self._service.pages():
                if display_name := wanted.pop(report.name, None):
                    self._known.states[display_name] = report.state
                if not wanted:
                    break
        for name, display_name in wanted.items():  # one alone; and what the list does not show
            try:
                self._known.states[display_name] = (await self._service.look(name)).state
            except NotFoundError:  # collecting says what that means
                self._known.states[display_name] = "expired"
        return self._service.asked - before

    def is_over(self, row: JobRow) -> bool:
        """Whether nothing more will become of a job, as was last told."""
        return self._known.states.get(row.display_name) in OVER

    async def status(self, rows: Sequence[JobRow]) -> BatchStatus:
        """How far the run is, by the ledger and the cache alone."""
        return await asyncio.to_thread(self._status, rows)

    def _status(self, rows: Sequence[JobRow]) -> BatchStatus:
        wanted = self.wanted(rows)
        done = self._cache.held(list(wanted))
        pending = {key for row in rows if row.is_under_way for key in row.keys} & wanted.keys() - done
        waiting = [row.created_at for row in rows if row.is_under_way]
        told = [row.billed_tokens for row in rows if row.billed_tokens is not None]
        return BatchStatus(
            items=len(wanted),
            done=len(done),
            pending=len(pending),
            failed=len(wanted) - len(done) - len(pending),
            jobs=dict(Counter(self._state(row) for row in rows if row.state != "lost")),
            tokens=sum(told) if told else None,
            usd=sum(row.billed_usd for row in rows),
            oldest_s=time.time() - min(waiting) if waiting else None,
            notes=tuple(self._known.notes),
        )

    def wanted(self, rows: Iterable[JobRow]) -> dict[bytes, None]:
        """Keys that the run is to bring."""
        if self._known.wanted is not None:
            return dict.fromkeys(self._known.wanted)
        return {key: None for row in rows for key in row.keys}

    def _state(self, row: JobRow) -> JobState:
        return row.outcome or self._known.states.get(row.display_name, "pending")

    async def listed(self) -> None:
        """Note the jobs of the run that the service shows and the ledger lacks: another machine has created them."""
        known = {row.name for row in await self.rows()}
        async for report in self._service.pages():
            name = JobName.parse(report.display_name)
            if name is not None and name.run == self._name and report.name not in known:
                await asyncio.to_thread(self._note, name, report)

    def _note(self, name: JobName, report: JobReport) -> None: ...
