"""What came of an add so far: counted, told to the bar as it goes, and made into its report."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from gemini_embed.indexing.batches import Waiting
from gemini_embed.indexing.by_folder import ByFolder
from gemini_embed.indexing.progress import Progress
from gemini_embed.indexing.report import AddReport, SkippedItem, Tally
from gemini_embed.metering import Budget, Estimate
from gemini_embed.records import Record
from gemini_embed.result import Usage

if TYPE_CHECKING:
    from gemini_embed.indexing.submitting import Jobs


class Counts:
    """The counts of one add. Positions are places in what the caller passed."""

    def __init__(
        self, budget: Budget, progress: Progress, by_folder: ByFolder, tally: Tally | None, jobs: Jobs | None
    ) -> None:
        self.replaced = self.removed = 0
        self._budget, self._progress, self._by_folder, self._tally = budget, progress, by_folder, tally
        self._began = jobs.began_at if jobs else time.monotonic()
        self._usage = jobs.usage if jobs else Usage()
        self._added = self._reused = self._files = 0
        self._skipped: list[SkippedItem] = []
        self._undescribed: list[SkippedItem] = []

    @property
    def has_begun(self) -> bool:
        """Whether anything was done so far."""
        return bool(self._added or self._reused or self._skipped)

    def expect(self, more: int) -> None:
        """So many `more` than items are to be done: windows of long media, sentences."""
        self._progress.expect(more)

    def used(self, usage: Usage) -> None:
        """What the service counted for vectors that are written."""
        self._usage += usage

    def held(self, records: Collection[Record], positions: Sequence[int]) -> None:
        """These records were there already, and items at these places wanted them."""
        self._by_folder.held(records)
        if self._tally:
            self._tally.held(positions)
        self._reused += len(positions)
        self.done(len(positions))

    def wrote(self, waiting: Sequence[Waiting]) -> None:
        """These are new."""
        items = sum(len(one.positions) for one in waiting)
        self._added += len(waiting)
        self._by_folder.wrote([one.record for one in waiting])
        if self._tally:
            self._tally.wrote(one.positions for one in waiting)
        self._reused += items - len(waiting)
        self._files += sum(one.record.uri is not None and one.candidate.begins for one in waiting)
        self.done(items)

    def skipped(self, positions: Sequence[int], source: str | None, reason: str) -> None:
        """Items that are left out, and why."""
        self._skipped += [SkippedItem(position, source, reason) for position in positions]
        self.done(len(positions))

    def undescribed(self, one: Waiting, problem: str) -> None:
        """A record that has no words, or not all of them, and why."""
        link = one.record.link()
        self._undescribed += [SkippedItem(position, link, problem) for position in one.positions]

    def done(self, items: int) -> None:
        """So many more are over and done with."""
        if items:
            self._progress.advance(items, self._usage, self._budget.spent_usd)

    def report(self, *, has_price: bool, describing: Usage) -> AddReport:
        """What was done so far; `has_price`: of the model; `describing`: what the describer used."""
        likely = dict(self._budget.likely)
        usd, expected_usd = (self._budget.spent_usd, self._budget.expected_usd) if has_price else (None, None)
        skipped = tuple(sorted(self._skipped, key=lambda item: item.position))
        return AddReport(
            added=self._added,
            reused=self._reused,
            replaced=self.replaced,
            removed=self.removed,
            skipped=skipped,
            usage=self._usage + describing,
            usd=usd,
            estimate=Estimate(self._files, self._added, sum(likely.values()), expected_usd, by_modality=likely),
            duration_s=time.monotonic() - self._began,
            folders=self._by_folder.reports(skipped),
            undescribed=tuple(self._undescribed),
        )
