"""What all workers did: the rows that `IndexStage` gives, summed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from gemini_embed.metering import usd
from gemini_embed.scale.index_stage import REPORTED
from gemini_embed.scale.tables import Table

NAMED_REASONS = 5


@dataclass
class ScaleReport:
    """What the workers of a job did.

    Attributes:
        rows: that were read; skipped ones too.
        added: records embedded and written.
        reused: rows, or their parts, whose record was there already; nothing was embedded for them.
        replaced: old records removed, because their source came with other content. With rows that are parts of one
            source it is a sign that they removed each other: `replace=False`.
        skipped: rows that could not be read or embedded.
        reasons: why, and how often; `examples` has sources and reasons of the first hundred.
        tokens, usd: None when they are not known.
        duration_s: from the first batch to the last, 0 where it is not known; what a worker did for batches that were
            lost is not in the report.
        workers_lost: how often a worker died and was started again, where the engine tells.
    """

    rows: int = 0
    added: int = 0
    reused: int = 0
    replaced: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str | None, str]] = field(default_factory=list)
    tokens: int | None = 0
    usd: float | None = 0.0
    duration_s: float = 0.0
    workers_lost: int | None = None

    MOST_EXAMPLES: ClassVar[int] = 100

    @classmethod
    def of(cls, batches: Iterable[Any]) -> ScaleReport:
        """The sum of what `IndexStage` gave for each batch, read as it comes; what has come already, in a list, tells
        of no time."""
        report, began = cls(), time.monotonic()
        for batch in batches:
            report.add(batch)
            report.duration_s = 0.0 if isinstance(batches, Sequence) else time.monotonic() - began
        return report

    @property
    def rows_per_s(self) -> float:
        """Rows a second; 0 where the time is not known."""
        return self.rows / self.duration_s if self.duration_s else 0.0

    def add(self, batch: Any) -> None:
        """Count what `IndexStage` gave for a batch."""
        for row in Table.of(batch).rows(list(REPORTED)):
            self.rows += 1
            self.added += int(row["added"])
            self.reused += int(row["reused"])
            self.replaced += int(row["replaced"])
            self.tokens = _sum(self.tokens, row["tokens"], int)
            self.usd = _sum(self.usd, row["usd"], float)
            if row["skipped"]:
                self._skip(row["source"], str(row["reason"]))

    def _skip(self, source: str | None, reason: str) -> None:
        self.skipped += 1
        if reason in self.reasons or len(self.reasons) < self.MOST_EXAMPLES:
            self.reasons[reason] += 1
        else:
            self.reasons["other reasons"] += 1
        if len(self.examples) < self.MOST_EXAMPLES:
            self.examples.append((source, reason))

    def __str__(self) -> str:
        return "\n".join(f"{name:9} {value}" for name, value in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        took = f" in {self.duration_s:.1f} s, {self.rows_per_s:,.0f} a second" if self.duration_s else ""
        yield "rows", f"{self.rows:,}{took}"
        yield "added", f"{self.added:,}"
        yield "re-used", f"{self.reused:,}"
        yield "replaced", f"{self.replaced:,}"
        if self.skipped:
            yield "skipped", f"{self.skipped:,}"
            yield from (("", f"{count:,} x {reason}") for reason, count in self.reasons.most_common(NAMED_REASONS))
            if len(self.reasons) > NAMED_REASONS:
                yield "", f"and {len(self.reasons) - NAMED_REASONS:,} other reasons, see .reasons"
        yield "tokens", "unknown" if self.tokens is None else f"{self.tokens:,}"
        yield "price", usd(self.usd)
        if self.workers_lost:
            yield "workers", f"{self.workers_lost:,} died, and were started again"


def _sum(total: Any, value: float | None, kind: type) -> Any:
    """NaN, which `Table` reads as None, is what is not known."""
    return None if total is None or value is None else kind(total + value)
