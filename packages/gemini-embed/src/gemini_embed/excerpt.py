"""Which part of a source: pages, seconds, characters, lines or a name, as records keep them and links name them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_TOUCHING = {"page": 1, "s": 0.5, "char": 2, "line": 3}
"""Two excerpts are neighbours when no more than this lies from one's end to the other's start: the next page, less than
the model's one frame a second, the white space between two passages, two blank lines between two definitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A part of a source, from a start to an end of one kind; all None is the whole of it."""

    page_start: int | None = None
    """First page, counted from 1."""
    page_end: int | None = None
    """Last page, included."""
    start_s: float | None = None
    """Seconds from the beginning of the recording or video."""
    end_s: float | None = None
    char_start: int | None = None
    """The text is `whole[char_start:char_end]`."""
    char_end: int | None = None
    line_start: int | None = None
    """First line, counted from 1; of files that are read by lines, whose characters are told too."""
    line_end: int | None = None
    """Last line, included."""
    part: str | None = None
    """What links name it by where a number would not do: a heading (`starting-up`), `slide=3`, `Costs!A2:D9`."""

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Self:
        """What a record's metadata say, seconds aside in whole numbers. What is no number, or not finite, is left out:
        anybody may have written it."""
        told = {name: metadata[name] for name in FIELDS if _is_number(metadata.get(name))}
        part = metadata.get(PART)
        named = part if isinstance(part, str) and part else None
        return cls(**{name: value if name in _SECONDS else int(value) for name, value in told.items()}, part=named)

    @property
    def metadata(self) -> dict[str, int | float | str]:
        """The fields that are set, as a record keeps them."""
        return {name: value for name in (*FIELDS, PART) if (value := getattr(self, name)) is not None}

    @property
    def anchor(self) -> str:
        """What stands behind the `#` of a link: `page=7`, `t=96,128` (media fragments), `L10-L42` (as editors and code
        hosts open it), `char=100,250` (RFC 5147); the name of the part where it has one."""
        if self.part is not None:
            return self.part
        if self.page_start is not None:
            return f"page={self.page_start}"
        if self.start_s is not None:
            return f"t={_plain(self.start_s)}" + (f",{_plain(self.end_s)}" if self.end_s is not None else "")
        if self.line_start is not None:
            more = self.line_end is not None and self.line_end != self.line_start
            return f"L{self.line_start}" + (f"-L{self.line_end}" if more else "")
        return f"char={self.char_start},{self.char_end}" if self.char_start is not None else ""

    def touches(self, other: Excerpt) -> bool:
        """Whether the two overlap, or one begins where the other ends."""
        mine, theirs = self._lines() or self._range(), other._lines() or other._range()
        if mine is None or theirs is None or mine[0] != theirs[0]:
            return False
        kind, start, end = mine
        _, their_start, their_end = theirs
        return max(start, their_start) - min(end, their_end) <= _TOUCHING[kind]

    def joined(self, other: Excerpt) -> Excerpt:
        """The smallest excerpt that holds both, which are of one kind; named as the one that begins first."""
        both = (self, other)
        mine, theirs = self._range(), other._range()
        first = other if mine and theirs and theirs[1] < mine[1] else self
        starts = {name: [value for one in both if (value := getattr(one, name)) is not None] for name in FIELDS}
        ends = {name: (min if "start" in name else max)(values) for name, values in starts.items() if values}
        return Excerpt(**ends, part=first.part)

    def widened(self, padding: float) -> Excerpt:
        """So many seconds, pages or characters more on either side; never before the beginning."""
        found = self._range()
        if found is None or not padding:
            return self
        kind, start, end = found
        if kind == "s":
            return Excerpt(start_s=max(start - padding, 0.0), end_s=end + padding, part=self.part)
        first, last = max(int(start - padding), 1 if kind == "page" else 0), int(end + padding)
        if kind == "page":
            return Excerpt(page_start=first, page_end=last, part=self.part)
        return Excerpt(char_start=first, char_end=last, part=self.part)

    def _lines(self) -> tuple[str, float, float] | None:
        """As `_range`, of those that tell lines beside characters."""
        return None if self.line_start is None or self.line_end is None else ("line", self.line_start, self.line_end)

    def _range(self) -> tuple[str, float, float] | None:
        """(kind, start, end), None for a whole source."""
        for kind, start, end in (
            ("page", self.page_start, self.page_end),
            ("s", self.start_s, self.end_s),
            ("char", self.char_start, self.char_end),
        ):
            if start is not None and end is not None:
                return kind, start, end
        return None


FIELDS = ("page_start", "page_end", "start_s", "end_s", "char_start", "char_end", "line_start", "line_end")
"""Those that are numbers."""
PART = "part"
_SECONDS = ("start_s", "end_s")


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _plain(seconds: float) -> str:
    """At most milliseconds, and no zeros at the end: 96, 0.5, 1234567.25."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
