"""Texts of more passages than are put together: the part of one that a link names, by characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from gemini_embed.agents.links import Place
from gemini_embed.agents.passages import Passage, passage, pieced
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.records import Record
from gemini_embed.searching.merging import range_of

MOST_PASSAGES = 2_000
"""So many are put together to one text."""

Passages = Callable[[Mapping[str, Any]], Iterator[Record]]
"""Those of one text that pass a neutral filter, {} for all; in any order."""


def passage_of(passages: Passages, place: Place, around: int, max_chars: int) -> Passage:
    """As `passage`, of what an index holds; of a text with more than `MOST_PASSAGES` no more is read than may be shown.

    Lines of such a text are not counted: the anchors are characters, `of_lines` is 0.

    Raises:
        InputError: there is no such line or character, or it cannot be told where it is.
    """
    found = list(islice(passages({}), MOST_PASSAGES + 1))
    if len(found) <= MOST_PASSAGES:
        return passage(pieced(found), place, around, max_chars)
    start, end = _characters(passages, place, max_chars)
    reach = Excerpt(char_start=max(start - max_chars, 0), char_end=min(end, start + max_chars) + max_chars)
    near = sorted(islice(passages(range_of(reach)), MOST_PASSAGES + 1), key=lambda one: one.window.char_start or 0)
    first = near[0].window if near else Excerpt()
    before, part = first.char_start or 0, pieced(_moved(one, first) for one in near)
    if len(near) > MOST_PASSAGES or start >= before + len(part):
        told = f"more than {MOST_PASSAGES:,} passages around" if len(near) > MOST_PASSAGES else "no passage at"
        raise InputError(f"{place.location} has {told} character {start}: search in it instead")
    moved = Excerpt(char_start=max(start - before, 0), char_end=max(end - before, 0))
    shown = passage(part, Place(place.location, moved), around, max_chars)
    low, high = before + (shown.window.char_start or 0), before + (shown.window.char_end or 0)
    more = f"char={high},{high + max_chars}" if shown.more else None
    window = Excerpt(char_start=low, char_end=high)
    return shown._replace(window=window, of_lines=0, anchor=window.anchor, more=more)


def _characters(passages: Passages, place: Place, max_chars: int) -> tuple[int, int]:
    """Where a place begins and ends; the beginning of the text where none is named."""
    if place.lines is None:
        start, end = place.window.char_start, place.window.char_end
        return (0, max_chars) if start is None or end is None else (start, end)
    first, last = place.lines
    in_lines = passages({"line_start": {"lte": last}, "line_end": {"gte": first}})
    windows = [one.window for one in islice(in_lines, MOST_PASSAGES)]
    starts = [one.char_start for one in windows if one.char_start is not None]
    if not starts:
        raise InputError(
            f"{place.location} has more than {MOST_PASSAGES:,} passages, and none that tells of line {first}: name"
            " characters, as links of a search do"
        )
    return min(starts), max(one.char_end or 0 for one in windows)


def _moved(record: Record, first: Excerpt) -> Record:
    """With characters and lines counted from those of the first passage."""
    window, moved = record.window, dict(record.metadata)
    if window.char_start is not None:
        moved["char_start"] = window.char_start - (first.char_start or 0)
    if window.line_start is not None:
        moved["line_start"] = window.line_start - (first.line_start or 1) + 1
    return replace(record, metadata=moved)
