"""What a migration would cost, and what it did, as they print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gemini_embed.indexing.report import AddReport, SkippedItem
from gemini_embed.metering import Estimate, usd
from gemini_embed.migrating.standing import Layout


@dataclass(frozen=True)
class MigrationEstimate:
    """What a `run` would embed, counted without sending anything.

    Attributes:
        layout: who made the source.
        records: how many it has.
        embedded: what of them is not in the target yet: items, tokens, USD; `.known` are there.
        by_modality: records of the source.
        left_out: records that cannot be embedded anew, by reason, such as {"mixed": 12, "gone": 3}.
    """

    layout: Layout
    records: int
    embedded: Estimate
    by_modality: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Likely input tokens."""
        return self.embedded.tokens

    @property
    def usd(self) -> float | None:
        """The likely price; None when the model's is not known."""
        return self.embedded.usd

    def __str__(self) -> str:
        lines = [
            f"layout    {self.layout}",
            f"records   {self.records:,} ({counted(self.by_modality)})",
            f"embed     {self.embedded}",
        ]
        return "\n".join([*lines, *([f"left out  {counted(self.left_out)}"] if self.left_out else [])])


@dataclass(frozen=True)
class MigrationReport:
    """What a `run` did.

    Attributes:
        layout: who made the source.
        records: how many were read from it.
        added: of these, embedded and written.
        reused: in the target already: nothing was paid for them.
        removed: from the target, since the source lost them.
        skipped: records that could not be embedded anew, with the place at which they were read, and why.
        left_out: the same, counted by reason.
        captioned: media that are gone or have changed, whose text was embedded instead (`on_missing="text"`).
        embedding: the report of the add behind it: tokens, USD, waits.
        unindexed: fields of metadata that the source has an index on, and the target has none: filters find the same,
            by looking at more records.
    """

    layout: Layout
    records: int
    removed: int
    left_out: Mapping[str, int]
    captioned: int
    embedding: AddReport
    unindexed: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Records that were embedded and written."""
        return self.embedding.added

    @property
    def reused(self) -> int:
        """Records that the target had already."""
        return self.embedding.reused

    @property
    def skipped(self) -> tuple[SkippedItem, ...]:
        """Records that could not be embedded anew."""
        return self.embedding.skipped

    @property
    def tokens(self) -> int | None:
        """Input tokens that the service counted."""
        return self.embedding.tokens

    @property
    def usd(self) -> float | None:
        """Price of what was sent; None when the model's is not known."""
        return self.embedding.usd

    def __str__(self) -> str:
        return "\n".join(f"{name:9} {value}" for name, value in self._lines())

    def __repr__(self) -> str:
        skipped = f", {len(self.skipped):,} left out" if self.skipped else ""
        return (
            f"<MigrationReport: {self.records:,} records, {self.added:,} added, {self.reused:,} there already"
            f"{skipped}, {usd(self.usd)}>"
        )

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield "source", f"{self.records:,} records, layout {self.layout}"
        if self.removed:
            yield "removed", f"{self.removed:,}, which the source lost"
        if self.captioned:
            yield "captions", f"{self.captioned:,} in place of media that are gone or have changed"
        if self.left_out:
            yield "left out", counted(self.left_out)
        if self.unindexed:
            yield "indexes", f"none in the target on {', '.join(self.unindexed)}: filters find the same, more slowly"
        for line in str(self.embedding).splitlines():
            name, _, value = line.partition(" ")
            if name not in ("replaced", "removed"):
                yield name, value.strip()


def counted(counts: Mapping[str, int]) -> str:
    """ "3 text, 1 image", the most first."""
    return ", ".join(f"{count:,} {name}" for name, count in Counter(counts).most_common()) or "none"
