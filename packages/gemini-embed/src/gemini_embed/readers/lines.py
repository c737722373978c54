"""Text as lines, counted from 1 as editors count them, and stretches of them cut where little is torn apart."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate

from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.passages import Passage
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows import text_windows

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""Not `str.splitlines`, which ends lines at form feeds too."""
_TAB = 4


def line_ends(text: str) -> list[int]:
    """Where each line ends, what breaks it included: CR, LF or both. Every link that names lines counts these."""
    return [match.end() for match in _LINE.finditer(text)]


def line_breaks(text: str) -> int:
    """How many lines have ended by the end of a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class Lines:
    """The lines of a text. First and last lines are both included, everywhere."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = line_ends(text)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> str:
        """A line, without its end."""
        return self.text[self._start(number) : self._ends[number - 1]].rstrip("\r\n")

    def tokens(self, first: int, last: int) -> int:
        """How many tokens these lines likely have."""
        return self._tokens[last] - self._tokens[first - 1]

    def passages(self, first: int, last: int, symbol: str, most_tokens: int) -> Iterator[Passage]:
        """These lines, cut where they are more than so many tokens; blank lines at either end belong to none."""
        while first <= last:
            if self._is_blank(first):
                first += 1
            elif self._is_blank(last):
                last -= 1
            elif self.tokens(first, first) > most_tokens:
                yield from self._of_one(first, symbol, most_tokens)
                first += 1
            else:
                end = self._cut(first, last, most_tokens)
                yield self._passage(first, end, symbol)
                first = end + 1

    def _cut(self, first: int, last: int, most_tokens: int) -> int:
        """Where the passage that begins with `first` ends: in its second half before the line that is least indented,
        best after a blank line."""
        most = bisect_right(self._tokens, self._tokens[first - 1] + most_tokens) - 1
        if most >= last:
            return last
        ends = range(max((first + most) // 2, first), most + 1)
        return min(ends, key=lambda end: (self._indent(end + 1), not self._is_blank(end), -end))

    def _indent(self, number: int) -> int:
        """Columns before the first character of a line; a blank one is none to begin with."""
        line = self[number]
        return 1_000 if not line.strip() else len(line.expandtabs(_TAB)) - len(line.expandtabs(_TAB).lstrip())

    def _is_blank(self, number: int) -> bool:
        return not self[number].strip()

    def _start(self, number: int) -> int:
        return self._ends[number - 2] if number > 1 else 0

    def _passage(self, first: int, last: int, symbol: str) -> Passage:
        while self._is_blank(last):
            last -= 1
        start = self._start(first)
        text = self.text[start : self._ends[last - 1]].rstrip("\r\n")
        place = Excerpt(line_start=first, line_end=last, char_start=start, char_end=start + len(text))
        return Passage(text, place, symbol)

    def _of_one(self, number: int, symbol: str, most_tokens: int) -> Iterator[Passage]:
        """A line too long for one passage, such as of minified code."""
        start = self._start(number)
        for piece in text_windows(self[number], tokens=most_tokens):
            begins, ends = start + (piece.char_start or 0), start + (piece.char_end or 0)
            place = Excerpt(line_start=number, line_end=number, char_start=begins, char_end=ends)
            yield Passage(piece.text, place, symbol)

    @cached_property
    def _tokens(self) -> list[int]:
        """How many there are up to each line, from none."""
        starts = [0, *self._ends[:-1]] if self._ends else []
        each = (likely_tokens(self.text[start:end]) for start, end in zip(starts, self._ends, strict=True))
        return [0, *accumulate(each)]
