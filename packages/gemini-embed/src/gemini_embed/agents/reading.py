"""A source opened at a link: lines of a text, pages of a PDF, seconds of a recording or video, an image."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gemini_embed.agents.allowed import Allowed
from gemini_embed.agents.links import Place, place_of
from gemini_embed.agents.parts import MOST_PASSAGES, passage_of
from gemini_embed.agents.passages import fitted, passage
from gemini_embed.agents.sources import Sources
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.searching.merging import range_of, text_of
from gemini_embed.stores import FilterLike

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex

MAX_CHARS = 8_000
"""Of text in one reading, some 2,000 tokens."""
MAX_PAGES = 10
MAX_SECONDS = 120.0
SECONDS = 30.0
"""What is shown of a recording or video where a link names a moment, or no place."""


@dataclass(frozen=True)
class Reading:
    """What was read. `hit` is numbered and opened as those of a search are; its score is 0."""

    hit: Hit
    link: str
    """Where it is, with lines for a text."""
    part: str = ""
    """Which part of the whole, in words: "lines 10-42 of 300", "page 7 of 12"."""
    more: str | None = None
    """The link of what follows, None at the end."""

    @property
    def text(self) -> str:
        """The lines, the text of the pages, what is written of a medium; "" where nothing is."""
        return self.hit.page_content

    def cited(self, number: int, note: str = "") -> str:
        """For a model: `[3] text notes.md#L10-L42 (lines 10-42 of 300)`, a note, the text, and where it goes on."""
        part = f" ({self.part})" if self.part else ""
        more = f"(goes on: {self.more})" if self.more else ""
        head = f"[{number}] {self.hit.modality or 'text'} {self.link}{part}{note}"
        return "\n".join(filter(None, (head, self.text, more)))


def read_source(
    index: MultimodalIndex,
    link: str,
    around: float | None = None,
    *,
    root: str | os.PathLike[str] | None = None,
    filter: FilterLike = None,
    sources: Sources | None = None,
    max_chars: int = MAX_CHARS,
) -> Reading:
    """What stands at a link, as hits of an index give them, with `around` lines, pages or seconds more on either side.

    Links lead to sources of the index that pass `filter`, and with `root` to any file inside of it, and to nothing
    else. A text is shown as its file is now where a root says which files may be read, else as the index has it. At
    most `max_chars` characters, 10 pages or 120 seconds come at once, those that the link names before those around;
    `Reading.more` leads on. A medium is opened later, with `Reading.hit`.

    Args:
        index: whose sources they are.
        link: `manual.pdf#page=7`, `page=7-9`, `talk.mp4#t=96,128`, `notes.md#L10-L42`, `notes.md`; with `sources` also
            a number, "2" or "[2]".
        around: lines of a text, pages, or seconds.
        root: the folder that files must lie in; None: where the embedder's `root` says.
        filter: what holds for every source, as for `index.search`.
        sources: the numbers that links may be.
        max_chars: most characters of text.

    Raises:
        InputError: no such source, page or line, outside of `root`, or unreadable; it says what to do instead.
        MissingExtraError: pypdfium2 or PyAV is not installed.
    """
    if around is not None and not 0 <= around < math.inf:
        raise InputError(f"around={around!r}: how many lines, pages or seconds more, 0 or more")
    link = sources.link(link) if sources else link
    place, allowed = place_of(link), Allowed(index, root, filter)
    record = _called_with_anchor(allowed, link.strip(), place)
    if record is None and (named := _named_part(allowed, link.strip())) is not None:
        record, place = named
    elif record is None:
        record = allowed.source(place.location)
    else:
        place = Place(link.strip())
    reader = _Reader(allowed, record, place, around or 0, max_chars)
    if record.modality in ("audio", "video"):
        return reader.seconds()
    if record.modality == "pdf":
        return reader.pages()
    return reader.lines() if record.modality in ("text", None) else reader.whole()


async def aread_source(
    index: MultimodalIndex,
    link: str,
    around: float | None = None,
    *,
    root: str | os.PathLike[str] | None = None,
    filter: FilterLike = None,
    sources: Sources | None = None,
    max_chars: int = MAX_CHARS,
) -> Reading:
    """`read_source`, without blocking the loop."""
    return await asyncio.to_thread(
        read_source, index, link, around, root=root, filter=filter, sources=sources, max_chars=max_chars
    )


@dataclass(frozen=True)
class _Reader:
    """Reads one source, of which `record` is any record."""

    allowed: Allowed
    record: Record
    place: Place
    around: float
    max_chars: int

    def lines(self) -> Reading:
        if (wanted := self._named()) is not None:
            return self.named(wanted)
        self._refuse("page_start", "start_s")
        whole, around = self._file(), int(self.around)
        if whole is None:
            found = passage_of(self._passages, self.place, around, self.max_chars)
        else:
            found = passage(whole, self.place, around, self.max_chars)
        is_lines = found.anchor.startswith("L")
        lines = {"line_start": found.first, "line_end": found.last} if is_lines else {}
        reading = self._reading(found.window, found.text, {**lines, "modality": "text"})
        base = reading.link.rpartition("#")[0]
        part = _part("line", found.first, found.last, f"{found.of_lines}")
        if not found.of_lines:
            part = f"characters {found.window.char_start}-{found.window.char_end}"
        return replace(reading, link=f"{base}#{found.anchor}", part=part, more=found.more and f"{base}#{found.more}")

    def named(self, wanted: Mapping[str, Any]) -> Reading:
        """What an index has of a part of a text that has a name, of its seconds, or of lines that are read for
        themselves."""
        records = list(islice(self._passages(wanted), MOST_PASSAGES))
        if not records:
            raise InputError(f"{self.place.location} has nothing there: leave out what follows the #")
        place = replace(records[0].window, char_start=None, char_end=None)
        if self.place.part is None and self.place.lines is None:
            place = self.place.window
        return self._reading(place, self._cut(text_of(records)))

    def _named(self) -> Mapping[str, Any] | None:
        """What finds the records of the place where they are not stretches of one text; None where they are."""
        own, lines = self.record.window, self.place.lines
        if self.place.part is not None:
            return {"part": self.place.part}
        if self.place.window.start_s is not None and own.start_s is not None:
            return range_of(self.place.window)
        if lines is not None and own.line_start is not None and own.char_start is None:
            return {"line_start": {"lte": lines[1]}, "line_end": {"gte": lines[0]}}
        return None

    def pages(self) -> Reading:
        self._refuse("start_s", "char_start", lines=True)
        opener, window = self.allowed.opener, self.place.window
        total = opener.info(self.record).pages or 1
        first, last = (window.page_start or 1), (window.page_end or total)
        if first > total:
            raise InputError(f"there is no page {first}: {self.place.location} has {total}")
        named = first, min(last, total, first + MAX_PAGES - 1)
        around = min(int(self.around), (MAX_PAGES - 1 - named[1] + first) // 2)
        widest = max(first - around, 1), min(named[1] + around, total)
        texts = opener.words(self.record, Excerpt(page_start=widest[0], page_end=widest[1]))
        pages = {widest[0] + n: f"(page {widest[0] + n})\n{text}" if text else "" for n, text in enumerate(texts)}
        low, high = fitted(lambda page: len(pages[page]), named, widest, self.max_chars)
        text = "\n\n".join(filter(None, (pages[page] for page in range(low, high + 1))))
        shown = Excerpt(page_start=low, page_end=high)
        reading = self._reading(Excerpt(page_start=first, page_end=first), self._cut(text), widened=shown)
        more = f"{_base(reading.link)}#page={high + 1}" if high < total else None
        return replace(reading, part=_part("page", low, high, f"{total}"), more=more)

    def seconds(self) -> Reading:
        self._refuse("page_start", "char_start", lines=True)
        total_s = self.allowed.opener.info(self.record).duration_s or 0.0
        start_s, end_s = self.place.window.start_s or 0.0, self.place.window.end_s or 0.0
        if start_s >= total_s:
            raise InputError(f"there is no second {start_s:g}: {self.place.location} lasts {total_s:g} s")
        if end_s <= start_s:
            end_s = start_s + SECONDS
        end_s = min(end_s, start_s + MAX_SECONDS)
        around = min(self.around, (MAX_SECONDS - end_s + start_s) / 2)
        low, high = max(start_s - around, 0.0), min(end_s + around, total_s)
        window = Excerpt(start_s=low, end_s=high)
        reading = self._reading(window, self._cut(text_of(self._records(window))))
        more = f"{_base(reading.link)}#t={high:g},{min(high + SECONDS, total_s):g}" if high < total_s else None
        return replace(reading, part=f"{low:g} to {high:g} s of {total_s:.1f} s", more=more)

    def whole(self) -> Reading:
        """An image, or interleaved parts: there is no part of it."""
        self._refuse("page_start", "start_s", "char_start", lines=True)
        if self.place.part is not None:  # a picture in a file
            return self.named({"part": self.place.part})
        return self._reading(Excerpt(), self._cut(text_of(self._records(Excerpt()))))

    def _refuse(self, *fields: str, lines: bool = False) -> None:
        """InputError where the link names what such a source has not."""
        named = self.place.window.metadata
        if (lines and self.place.lines) or any(field in named for field in fields):
            kind = self.record.modality or "text"
            raise InputError(f"{self.place.location} is {kind}, which has no such part: leave out what follows its #")

    def _file(self) -> str | None:
        """The text as its file has it now. Only inside of a root: who wrote a record may have named any file."""
        uri = self.record.uri
        if uri is None or "://" in uri or self.allowed.files_in is None:
            return None
        if self.allowed.is_read_in_parts(uri) and self.record.id:
            return None  # what was read of it, not its tags
        is_gone = self.record.id and not os.path.exists(uri)
        return None if is_gone else self.allowed.text(uri)

    def _records(self, window: Excerpt) -> Iterator[Record]:
        """Those of this source, in that window."""
        return islice(self._passages(range_of(window) if window.metadata else {}), MOST_PASSAGES)

    def _passages(self, more: Mapping[str, Any]) -> Iterator[Record]:
        """Those of this source that pass `more`."""
        if not self.record.id:
            return iter(())
        same = {name: self.record.metadata.get(name) for name in ("source", "modality", "uri")}
        return self.allowed.records({name: value for name, value in same.items() if value is not None} | dict(more))

    def _reading(
        self,
        window: Excerpt,
        text: str,
        more: dict[str, object] | None = None,
        widened: Excerpt | None = None,
    ) -> Reading:
        kept = ("source", "modality", "mime_type", "title", "uri")
        metadata = {name: self.record.metadata[name] for name in kept if name in self.record.metadata}
        record = Record(self.record.id, text, metadata | dict(more or {}) | window.metadata)
        hit = Hit(record, 0.0, widened=widened, opener=self.allowed.opener)
        return Reading(hit, hit.link)

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.max_chars else f"{text[: self.max_chars]}… (cut)"


def _named_part(allowed: Allowed, link: str) -> tuple[Record, Place] | None:
    """The source that a link names a part of, as its records call it."""
    location, _, anchor = link.rpartition("#")
    if not location:
        return None
    part, plain = unquote(anchor), location if "://" in location else unquote(location)
    record = allowed.known(plain, {"part": part})
    return None if record is None else (record, Place(plain, part=part))


def _called_with_anchor(allowed: Allowed, link: str, place: Place) -> Record | None:
    """The source whose own name ends like an anchor, as https://example.org/a.py#L10: in links of URLs its # stands as
    it is."""
    return allowed.known(link) if "://" in link and place.location != link else None


def _base(link: str) -> str:
    return link.rpartition("#")[0]


def _part(unit: str, first: int, last: int, total: str) -> str:
    return f"{unit} {first} of {total}" if first == last else f"{unit}s {first}-{last} of {total}"
