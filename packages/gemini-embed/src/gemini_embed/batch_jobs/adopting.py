"""Jobs that exist already.

Those that a ledger has begun and nobody has finished creating, of another process, killed or alive, or of this one
after an answer that was lost: they are found by their display name, or it is clear that they never were. And those that
another ledger has created of the same contents: they are found by the digest in it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from math import inf

from gemini_embed.batch_jobs.clearing import cleared_away
from gemini_embed.batch_jobs.leases import Lease
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.names import JobName
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.wire.batch_jobs import JobReport, JobState

FRUITLESS: frozenset[JobState] = frozenset({"failed", "cancelled", "expired"})

logger = logging.getLogger(__name__)

FIRST_LOOK_S = 0.2
LONGEST_LOOK_S = 5.0
"""Between two looks at a row that another process is working on; each wait is twice the one before."""
LISTED_S = 30.0
"""So long what a list has shown is believed: while one machine uploads lines another may create a job of them."""


class Adopting:
    """Clears up rows of the ledger."""

    def __init__(self, ledger: Ledger, service: JobService, lease: Lease, look_again_s: float) -> None:
        self._ledger, self._service, self._lease, self._look_again_s = ledger, service, lease, look_again_s

    async def is_created(self, display_name: str, until: float | None = None) -> bool:
        """Whether there is such a job, once that is known; if not, its keys are free. True also where another process
        is still at work on it at `until`, by time.monotonic: whoever waits for the job comes to it."""
        wait_s = FIRST_LOOK_S
        while True:
            row = await asyncio.to_thread(self._ledger.get, display_name)
            if row is None or not row.is_under_way:
                return False
            if row.state == "created":
                return True
            if await self._lease.take(display_name):
                return await self.cleared(display_name) is not None
            left_s = inf if until is None else until - time.monotonic()
            if left_s <= 0:
                return True
            await asyncio.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, LONGEST_LOOK_S)

    async def cleared(self, display_name: str) -> JobReport | None:
        """The job of an intended row that this worker holds, adopted; None: it was never created, and its keys are
        free. A job that was sent may be listed late, so it is looked for twice."""
        row = await asyncio.to_thread(self._ledger.get, display_name)
        if row is None or row.state != "intended":
            await self._lease.release(display_name)
            return None
        report = await self.found(row) if row.is_sent else None
        if report is None:
            await self.given_up(row, "no list shows it" if row.is_sent else "it was never sent")
            return None
        logger.info("%s is adopted as %s", display_name, report.name)
        is_ours = await asyncio.to_thread(self._ledger.created, display_name, report.name)
        await self._lease.release(display_name)
        return report if is_ours else None

    async def found(self, row: JobRow) -> JobReport | None:
        """The job of a row that was sent, which the list may show late: it is looked for once more when `look_again_s`
        have passed since then."""
        if report := await self._service.find(row.display_name):
            return report
        left_s = row.created_at + self._look_again_s - time.time()
        await asyncio.sleep(min(max(left_s, 0.0), self._look_again_s))  # no longer, where a clock was put back
        return await self._service.find(row.display_name)

    async def given_up(self, row: JobRow, note: str, *, keep_refs: bool = False) -> None:
        """It was not created: its keys are free, and what was uploaded for it goes; media may be kept."""
        if await asyncio.to_thread(partial(self._ledger.given_up, row.display_name, note, keep_refs=keep_refs)):
            await cleared_away(self._service, self._ledger, replace(row, refs=() if keep_refs else row.refs))
        await self._lease.release(row.display_name)


class Foreign:
    """Jobs of the project that other ledgers have created, as on another machine, or before a cache's file was lost:
    the same lines are not paid again."""

    def __init__(self, ledger: Ledger, service: JobService) -> None:
        self._ledger, self._service = ledger, service
        self._jobs: defaultdict[str, list[JobReport]] | None = None
        self._listed_at = 0.0

    def forget(self) -> None:
        """Time has passed: the list is asked for anew."""
        self._jobs = None

    async def jobs_of(self, digest: str) -> list[JobReport]:
        """Those of the same lines that may still bring their vectors, newest first. The list is asked for now and
        then."""
        if self._jobs is None or time.monotonic() - self._listed_at > LISTED_S:
            self._jobs, self._listed_at = defaultdict(list), time.monotonic()
            known = await asyncio.to_thread(self._ledger.display_names)
            async with aclosing(self._service.pages()) as reports:
                async for report in reports:
                    name = JobName.parse(report.display_name)
                    if name and report.state not in FRUITLESS and report.display_name not in known:
                        self._jobs[name.digest].append(report)
        return self._jobs[digest]
