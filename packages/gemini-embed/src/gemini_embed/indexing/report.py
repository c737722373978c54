"""What an add did, as it prints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gemini_embed.indexing.report_page import page_of
from gemini_embed.metering import Estimate, usd
from gemini_embed.result import Usage, waits_in_words

NAMED_ITEMS = 6
"""No more lines than these are printed of skipped items."""


@dataclass(frozen=True)
class SkippedItem:
    """An item that was not added: its place in what was passed, its source as far as known, and why."""

    position: int
    source: str | None
    reason: str

    def __str__(self) -> str:
        named = f" ({self.source})" if self.source and self.source not in self.reason else ""
        return f"item {self.position}{named}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """What an `add` did with the files that lie in one folder, not below it.

    Attributes:
        folder: its path; "" is all that came from no file.
        added: records written, by modality.
        reused: records that were there already.
        skipped: files that could not be read or embedded, and why.
        left_out: how many names were passed over, by the reason: "hidden", "exclude=", "include=", ".gitignore". A
            folder counts as one name, whatever is in it.
    """

    folder: str
    added: dict[str, int] = field(default_factory=dict)
    reused: int = 0
    skipped: tuple[SkippedItem, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AddReport:
    """What an `add` did.

    Attributes:
        added: records embedded and written; of files that were renamed or copied only written, with `sync`.
        reused: items whose record was there already, or came twice; nothing was embedded for them.
        replaced: old records removed, because their source came with other content.
        removed: records of files that are gone, with `sync`.
        skipped: items that could not be read or embedded, with `on_error="skip"`.
        undescribed: items that were added without words, or without all of them, and why, with `describe=`.
        usage: what the service counted, and the waits; see `Usage`.
        usd: price of the answered calls, and of those whose answer was lost; None when the price is not known.
        estimate: what the answered calls had been expected to cost.
        duration_s: from the first item to the last record.
        folders: the same by folder, with what was left out of the place that was walked.
    """

    added: int = 0
    reused: int = 0
    replaced: int = 0
    removed: int = 0
    skipped: tuple[SkippedItem, ...] = ()
    usage: Usage = field(default_factory=Usage)
    usd: float | None = 0.0
    estimate: Estimate = field(default_factory=Estimate)
    duration_s: float = 0.0
    folders: tuple[FolderReport, ...] = ()
    undescribed: tuple[SkippedItem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain values, as `json` takes them."""
        return {**asdict(self), "tokens": self.tokens}

    def to_json(self) -> str:
        """All of it as JSON, to be kept: what went in, what was left out and why, by folder."""
        return json.dumps(self.to_dict(), indent=1)

    def html(self) -> str:
        """The same as a page of its own, for a browser. It has no script and fetches nothing."""
        return page_of(self.to_dict(), str(self))

    @property
    def tokens(self) -> int | None:
        """Input tokens that the service counted; 0 when nothing was asked, None when it did not tell."""
        return self.usage.prompt_tokens if self.usage.requests or self.usage.prompt_tokens else 0

    def __str__(self) -> str:
        return "\n".join(f"{name:9} {value}" for name, value in self._lines())

    def __repr__(self) -> str:
        counts = {"added": self.added, "re-used": self.reused, "replaced": self.replaced}
        counts |= {name: n for name, n in (("removed", self.removed), ("skipped", len(self.skipped))) if n}
        return (
            f"<AddReport: {', '.join(f'{n:,} {name}' for name, n in counts.items())}, {_tokens(self)}, {usd(self.usd)}>"
        )

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield "added", f"{self.added:,}"
        yield "re-used", f"{self.reused:,}"
        yield "replaced", f"{self.replaced:,}"
        if self.removed:
            yield "removed", f"{self.removed:,}"
        if self.skipped:
            yield from _named("skipped", self.skipped)
        if self.undescribed:
            yield from _named("no words", self.undescribed, "undescribed")
        if self.usage.cached:
            yield "cached", f"{self.usage.cached:,}"
        yield "tokens", _tokens(self).removesuffix(" tokens")
        yield "price", f"{usd(self.usd)} (estimated {usd(self.estimate.usd)})"
        yield "requests", f"{self.usage.requests:,}, {self.usage.retries:,} tried again"
        if waited := waits_in_words(self.usage.waited_s):
            yield "waited", waited
        yield "took", f"{self.duration_s:.1f} s"


def _named(word: str, items: Sequence[SkippedItem], attribute: str | None = None) -> Iterator[tuple[str, str]]:
    yield word, f"{len(items):,}"
    named = items if len(items) <= NAMED_ITEMS else items[: NAMED_ITEMS - 1]
    yield from (("", str(item)) for item in named)
    if len(named) < len(items):
        yield "", f"and {len(items) - len(named):,} more, see .{attribute or word}"


@dataclass
class Tally:
    """Of each item, by its position, how many records it had written, and how many were there already."""

    added: Counter[int] = field(default_factory=Counter)
    reused: Counter[int] = field(default_factory=Counter)

    def held(self, positions: Iterable[int]) -> None:
        """For each of these places a record was there already."""
        self.reused.update(positions)

    def wrote(self, records: Iterable[Sequence[int]]) -> None:
        """Records were written that items at these places wanted: each counts for the first of its items."""
        for positions in records:
            self.added[positions[0]] += 1
            self.reused.update(positions[1:])


def _tokens(report: AddReport) -> str:
    return "tokens unknown" if report.tokens is None else f"{report.tokens:,} tokens"
