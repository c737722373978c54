"""Jobs of the same lines that two machines have created at the same moment, neither seeing the other's in the list.

Whoever looks after both are created sees both. The later one, by the service's clock and then by name, goes while it
has not begun to run, which costs nothing, and its run has the vectors of the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from contextlib import aclosing
from dataclasses import replace

from gemini_embed.batch_jobs import adopting
from gemini_embed.batch_jobs.adopting import FRUITLESS
from gemini_embed.batch_jobs.clearing import cleared_away
from gemini_embed.batch_jobs.leases import Lease
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.names import JobName
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.calls.attempts import all_of
from gemini_embed.errors import NotFoundError
from gemini_embed.metering import Budget
from gemini_embed.wire.batch_jobs import JobReport

logger = logging.getLogger(__name__)


class Twins:
    """Looks for twins of jobs that were just created."""

    def __init__(self, ledger: Ledger, service: JobService, lease: Lease, budget: Budget) -> None:
        self._ledger, self._service, self._lease, self._budget = ledger, service, lease, budget
        self._made: dict[str, str] = {}
        self._made_since = 0.0

    def made(self, display_name: str, digest: str) -> None:
        """A job was created, of lines with this digest."""
        self._made_since = self._made_since if self._made else time.monotonic()
        self._made[display_name] = digest

    @property
    def is_time(self) -> bool:
        """Whether the first of these jobs was created so long ago that it may begin to run any moment."""
        return bool(self._made) and time.monotonic() - self._made_since > adopting.LISTED_S

    async def part(self) -> list[str]:
        """Leave to others what they have created before; display names of their jobs. One list for all jobs that were
        made since it was last asked for."""
        made, self._made = self._made, {}
        if not made:
            return []
        found: defaultdict[str, list[JobReport]] = defaultdict(list)
        wanted = frozenset(made.values())
        async with aclosing(self._service.pages()) as reports:
            async for report in reports:
                name = JobName.parse(report.display_name)
                if name and name.digest in wanted and report.state not in FRUITLESS:
                    found[name.digest].append(report)
        names = await all_of(self._left_to_another(name, found[digest]) for name, digest in made.items())
        return [name for name in names if name is not None]

    async def _left_to_another(self, display_name: str, reports: list[JobReport]) -> str | None:
        """The display name of the job that was created before this one, where that has not begun to run."""
        row = await asyncio.to_thread(self._ledger.get, display_name)
        ours = next((report for report in reports if row and report.name == row.name), None)
        if row is None or ours is None or row.state != "created" or ours.state != "pending":
            return None
        first = min(reports, key=_age)
        if first is ours or not await self._lease.take(display_name):
            return None
        if not await self._may_go(ours, first):
            await self._lease.release(display_name)
            return None
        gone = await asyncio.to_thread(self._ledger.exchange, row, _of(first, row))
        await self._lease.release(display_name)
        if gone is None:
            return None
        logger.info("%s has the lines of %s, which is cancelled", first.name, ours.name)
        self._budget.held(display_name, row.likely).release()
        await cleared_away(self._service, self._ledger, gone)
        return first.display_name

    async def _may_go(self, ours: JobReport, first: JobReport) -> bool:
        """Whether that is so at this moment: the list is some requests old, and what has begun to run is paid."""
        try:
            now, first_now = await self._service.look(ours.name), await self._service.look(first.name)
        except NotFoundError:
            return False
        return now.state == "pending" and first_now.state not in FRUITLESS


def _age(report: JobReport) -> tuple[float, str]:
    return report.created_at.timestamp() if report.created_at else 0.0, report.name


def _of(report: JobReport, row: JobRow) -> JobRow:
    """The row of another machine's job, which brings what that of `row` would have."""
    name = JobName.parse(report.display_name)
    assert name is not None  # noqa: S101  # it was found by its digest; tells the type checker
    return replace(
        row,
        display_name=report.display_name,
        run=name.run,
        part=name.part,
        name=report.name,
        is_sent=False,
        input_ref=None,
        refs=(),
        usd=0.0,
        created_at=_age(report)[0] or row.created_at,
    )
