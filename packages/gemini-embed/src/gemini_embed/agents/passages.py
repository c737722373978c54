"""A text by lines: what a place names, with lines around it, no longer than may be shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gemini_embed.agents.links import Place
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.lines import line_breaks, line_ends
from gemini_embed.records import Record

_LINE = 80
"""Characters that stand for a line where one is longer than may be shown."""

_MOST_CHARS = 50 * 2**20
"""Before a passage; one that says more, as anybody may have written, follows what is there."""


class Passage(NamedTuple):
    """`text` is `whole[window.char_start:window.char_end]`; lines are counted from 1, the last one included."""

    text: str
    window: Excerpt
    first: int
    last: int
    of_lines: int
    anchor: str
    """What names it in a link."""
    more: str | None
    """The anchor of what follows, None at the end."""


def passage(whole: str, place: Place, around: int, max_chars: int) -> Passage:
    """The lines of a place and `around` more on either side, as many as fit; without a place from the beginning.

    A line that is longer than `max_chars` is cut.

    Raises:
        InputError: there is no such line, or character.
    """
    starts = _line_starts(whole)
    first, last = _lines(place, starts, len(whole))
    ends = [*starts[1:], len(whole)]
    widest = max(first - around, 1), min(last + around, len(starts))
    low, high = fitted(lambda line: ends[line - 1] - starts[line - 1], (first, last), widest, max_chars)
    start, end = starts[low - 1], ends[high - 1]
    if end - start > max_chars:  # one line
        named = place.window.char_start or start, place.window.char_end or end
        more_chars = min(around * _LINE, max((max_chars - named[1] + named[0]) // 2, 0))  # the place itself is shown
        start = max(start, named[0] - more_chars)
        end = min(start + max_chars, end, named[1] + more_chars)
        anchor = f"char={start},{end}"
        more = f"char={end},{len(whole)}" if end < len(whole) else None
    else:
        anchor = _of_lines(low, high)
        more = _of_lines(high + 1, len(starts)) if high < len(starts) else None
    return Passage(whole[start:end], Excerpt(char_start=start, char_end=end), low, high, len(starts), anchor, more)


def pieced(records: Iterable[Record]) -> str:
    """The text that passages are of, each where it stood; what lay between them was white space, and is so again."""
    whole = ""
    for record in sorted(records, key=lambda one: one.window.char_start or 0):
        start, text = record.window.char_start, record.page_content
        if start is None or start > _MOST_CHARS:
            whole += f"\n\n{text}" if whole else text
        elif start >= len(whole):
            whole += _white_space(whole, start - len(whole), record.metadata.get("line_start")) + text
        else:  # it overlaps the one before
            whole += text[len(whole) - start :]
    return whole


def _white_space(before: str, size: int, line: object) -> str:
    """So many characters, with as many line breaks as lead to `line`; where no line is told, a blank or breaks."""
    breaks = size if size > 1 else 0
    if isinstance(line, int):
        breaks = min(max(line - 1 - line_breaks(before), 0), size)
    return " " * (size - breaks) + "\n" * breaks  # blanks at a line's end, where they indent nothing


def fitted(size: Callable[[int], int], place: tuple[int, int], widest: tuple[int, int], most: int) -> tuple[int, int]:
    """The first and last unit (a line, a page) that are shown: those of the place as far as `most` goes, at least one,
    then in turn one after and one before it, up to `widest`."""
    low = high = place[0]
    left = most - size(low)
    while high < place[1] and size(high + 1) <= left:
        high += 1
        left -= size(high)
    if high < place[1]:
        return low, high
    steps: Sequence[int] = (1, -1)
    while steps:
        going_on = []
        for step in steps:
            following = high + 1 if step > 0 else low - 1
            if widest[0] <= following <= widest[1] and size(following) <= left:
                left -= size(following)
                low, high = min(low, following), max(high, following)
                going_on.append(step)
        steps = going_on
    return low, high


def _of_lines(first: int, last: int) -> str:
    return f"L{first}" if first == last else f"L{first}-L{last}"


def _line_starts(whole: str) -> list[int]:
    """Where each line begins; a line break at the end begins none."""
    return [0, *line_ends(whole)[:-1]]


def _lines(place: Place, starts: Sequence[int], length: int) -> tuple[int, int]:
    """The lines of a place, counted from 1."""
    if place.lines is not None:
        first, last = place.lines
        if first > len(starts):
            raise InputError(f"there is no line {first}: {place.location} has {len(starts)} lines")
        return first, min(last, len(starts))
    start, end = place.window.char_start, place.window.char_end
    if start is None or end is None:
        return 1, len(starts)
    if start >= length:
        raise InputError(f"there is no character {start}: {place.location} has {length}")
    return bisect_right(starts, start), bisect_right(starts, max(end - 1, start))
