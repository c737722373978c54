"""The sources of an index, for who may read them: a line each, a page of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from gemini_embed.agents.allowed import MOST_RECORDS, Allowed
from gemini_embed.models import Modality
from gemini_embed.records import Record
from gemini_embed.stores import FilterLike
from gemini_embed.stores.filters import of_modality

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex

MOST = 50
_TITLE = 80
"""Characters of a title."""


@dataclass(frozen=True)
class Listed:
    """A source: prints as `pdf manual.pdf (12 pages) "The pump"`."""

    link: str
    kind: str
    title: str | None = None
    records: int = 1
    end: float | None = None
    """Where its last record ends: pages, seconds or characters, as `kind` says; None where no part is told."""

    @property
    def length(self) -> str:
        """How long it is, in words; "" where that is not told."""
        unit = {"pdf": "pages", "audio": "s", "video": "s", "text": "characters"}.get(self.kind)
        return f"{self.end:,.0f} {unit}" if self.end is not None and unit else ""

    def __str__(self) -> str:
        length = f" ({self.length})" if self.length else ""
        title = f' "{self.title[:_TITLE]}"' if self.title else ""
        return f"{self.kind} {self.link}{length}{title}"


@dataclass(frozen=True)
class Listing:
    """Some sources in the order of their links; prints for a model."""

    sources: tuple[Listed, ...]
    left: int = 0
    """How many follow."""
    is_whole: bool = True
    """Whether all records were looked at."""

    def __str__(self) -> str:
        lines = [str(one) for one in self.sources] or ["No such sources."]
        if self.left:
            lines.append(f"({self.left:,} more follow: after={self.sources[-1].link})")
        if not self.is_whole:
            lines.append(f"(there may be others: only {MOST_RECORDS:,} records were looked at)")
        return "\n".join(lines)


def list_sources(
    index: MultimodalIndex,
    *,
    kind: Modality | None = None,
    name: str | None = None,
    after: str | None = None,
    filter: FilterLike = None,
    most: int = MOST,
) -> Listing:
    """The sources of an index that pass `filter`, in the order of their links; reads up to 50,000 records.

    Args:
        index: whose sources they are.
        kind: only of this modality.
        name: only those whose link, source or title contains this, whatever its case.
        after: only those that follow this link.
        filter: what holds for every source, as for `index.search`.
        most: how many at once.
    """
    records = Allowed(index, filter=filter).records(of_modality(kind) if kind else None)
    seen = list(islice(_listed(records), MOST_RECORDS + 1))
    found = _joined(seen[:MOST_RECORDS], name)
    following = [one for link, one in sorted(found.items()) if after is None or link[0] > after]
    return Listing(tuple(following[:most]), max(len(following) - most, 0), len(seen) <= MOST_RECORDS)


async def alist_sources(
    index: MultimodalIndex,
    *,
    kind: Modality | None = None,
    name: str | None = None,
    after: str | None = None,
    filter: FilterLike = None,
    most: int = MOST,
) -> Listing:
    """`list_sources`, without blocking the loop."""
    return await asyncio.to_thread(list_sources, index, kind=kind, name=name, after=after, filter=filter, most=most)


def _listed(records: Iterable[Record]) -> Iterator[tuple[Listed, str]]:
    """Each record as a source of one, with its source's own name; its text is let go of."""
    for record in records:
        window = record.window
        ends = (window.page_end, window.end_s, window.char_end)
        end = next((end for end in ends if end is not None), None)
        place: Mapping[str, Any] = {"source": record.source, "uri": record.uri}
        link = Record(record.id, "", dict(place)).link()
        yield Listed(link, record.modality or "text", record.title, 1, end), record.source or ""


def _joined(seen: Iterable[tuple[Listed, str]], name: str | None) -> dict[tuple[str, str], Listed]:
    """By link and kind, those that `name` is in."""
    found: dict[tuple[str, str], Listed] = {}
    wanted = (name or "").casefold()
    for one, source in seen:
        if wanted and not any(wanted in text.casefold() for text in (one.link, source, one.title or "")):
            continue
        before = found.get((one.link, one.kind))
        if before is not None:
            ends = [end for end in (before.end, one.end) if end is not None]
            title = one.title if one.title == before.title else None  # that of a part is none of the whole
            one = replace(one, title=title, records=before.records + 1, end=max(ends, default=None))
        found[one.link, one.kind] = one
    return found
