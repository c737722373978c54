"""Neighbouring windows of one source made one hit, and windows widened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from gemini_embed.excerpt import Excerpt
from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.searching.options import Wanted
from gemini_embed.stores import Store

_RANGES = 32
"""In one filter; of a source with more windows all that lies between them is asked for."""
_WHITE_SPACE = {0: "", 1: " "}
"""Between two passages, by how much there was; else a blank line."""

_MOST_LINES = 1_000
"""Between two passages: anybody may have written where they stand."""


def merged(hits: Sequence[Hit], k: int) -> list[Hit]:
    """Of the best `k`, hits whose windows touch or overlap become one, in the place and with the score of the best.

    Later hits fill up, but those beside what is there: of a small source all windows are found sooner or later.
    """
    groups: list[list[Hit]] = []
    for place, hit in enumerate(hits):
        touching = [group for group in groups if any(_are_neighbours(hit, other) for other in group)]
        if not touching:
            groups.append([hit])
        if not touching or place >= k:
            continue
        first, *others = touching  # a hit in between joins what were two
        for other in others:
            first += other
            groups.remove(other)
        first.append(hit)
    return [_one(group) for group in groups]


def _are_neighbours(one: Hit, other: Hit) -> bool:
    return one.source is not None and _whole(one.record) == _whole(other.record) and one.window.touches(other.window)


def _whole(record: Record) -> tuple[str | None, ...]:
    """What windows of one medium have in common; one source may hold several. A passage has a hash of its own."""
    of_file = None if record.modality == "text" else record.metadata.get("sha256")
    return record.source, record.modality, record.uri, of_file


def _one(group: Sequence[Hit]) -> Hit:
    best = group[0]
    if len(group) == 1:
        return best
    window = reduce(Excerpt.joined, (hit.window for hit in group))
    return replace(best, widened=window, text=text_of(hit.record for hit in group))


def widened(hits: Sequence[Hit], wanted: Wanted, store: Store) -> list[Hit]:
    """Hits with more around them, as far as asked for their modality; with the text that stands there."""
    if not wanted.padding:
        return list(hits)
    windows = [(hit, own, own.widened(wanted.padding_of(_padded_as(hit)))) for hit in hits for own in [hit.window]]
    beside = _beside(_by_place((hit, window) for hit, own, window in windows if window != own), store)
    return [hit if window == own else _widened(hit, window, beside) for hit, own, window in windows]


def _padded_as(hit: Hit) -> str | None:
    """A sentence is padded by seconds, as the recording or video that it is said in."""
    return (hit.record.mime_type or "").partition("/")[0] if hit.record.is_said else hit.modality


def _by_place(wider: Iterable[tuple[Hit, Excerpt]]) -> dict[tuple[str | None, str | None], list[Excerpt]]:
    """The windows wanted of each source and modality."""
    places: dict[tuple[str | None, str | None], list[Excerpt]] = {}
    for hit, window in wider:
        places.setdefault((hit.source, hit.modality), []).append(window)
    return places


def _beside(places: Mapping[tuple[str | None, str | None], Sequence[Excerpt]], store: Store) -> list[Record]:
    """The records that lie in any of these windows; not all of their sources, which may be thousands. One may come
    twice where it takes more than one request."""
    clauses = [
        {"source": source, "modality": modality, **range_of(window)}
        for (source, modality), windows in places.items()
        for window in (windows if len(windows) <= _RANGES else [reduce(Excerpt.joined, windows)])
    ]
    requests = [_any_of(clauses[start : start + _RANGES]) for start in range(0, len(clauses), _RANGES)]
    batches = (batch for filter in requests for batch in store.iterate(filter=filter, with_vectors=False))
    return [record for batch in batches for record in batch.records]


def _any_of(clauses: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The sources are named once more, since some stores have an index of them, or understand no more than that."""
    sources = sorted({clause["source"] for clause in clauses} - {None})
    if len(clauses) == 1:
        return clauses[0]
    is_told = all(clause["source"] is not None for clause in clauses)
    return {**({"source": sources} if is_told else {}), "$or": list(clauses)}


def range_of(window: Excerpt) -> dict[str, Any]:
    """The neutral filter for what shares a page, or a stretch, with `window`."""
    if window.page_start is not None:
        return {"page_start": {"lte": window.page_end}, "page_end": {"gte": window.page_start}}
    if window.start_s is not None:
        return {"start_s": {"lt": window.end_s}, "end_s": {"gt": window.start_s}}
    return {"char_start": {"lt": window.char_end}, "char_end": {"gt": window.char_start}}


def _widened(hit: Hit, window: Excerpt, beside: Iterable[Record]) -> Hit:
    of_same = (record for record in beside if _whole(record) == _whole(hit.record))
    within = [record for record in of_same if _lies_in(record.window, window)]
    if window.char_start is not None:  # the text that is known is that of whole passages
        window = reduce(Excerpt.joined, (record.window for record in within), hit.window)
    return replace(hit, widened=_clamped(window, within), text=text_of(within) or hit.page_content)


def _lies_in(one: Excerpt, other: Excerpt) -> bool:
    """Whether they share a page, or a stretch."""
    if one.page_start is not None and other.page_start is not None:
        return one.page_start <= (other.page_end or 0) and (one.page_end or 0) >= other.page_start
    if one.start_s is not None and other.start_s is not None:
        return one.start_s < (other.end_s or 0) and (one.end_s or 0) > other.start_s
    if one.char_start is not None and other.char_start is not None:
        return one.char_start < (other.char_end or 0) and (one.char_end or 0) > other.char_start
    return False


def _clamped(window: Excerpt, within: Sequence[Record]) -> Excerpt:
    """No further than the source goes: what its records tell of that."""
    ends = {
        name: max((end for record in within if (end := getattr(record.window, name)) is not None), default=None)
        for name in ("page_end", "end_s", "char_end")
    }
    told = {name: min(getattr(window, name), end) for name, end in ends.items() if end is not None}
    return replace(window, **{name: value for name, value in told.items() if getattr(window, name) is not None})


def text_of(records: Iterable[Record]) -> str:
    """Of windows in the order of the source, each once."""
    said, until, line = "", 0, 0
    for record in sorted({record.id: record for record in records}.values(), key=_place):
        text, start, end = record.page_content, record.window.char_start, record.window.char_end
        repeated = 0
        if start is not None and end is not None and len(text) == end - start:  # the passage itself: it may overlap
            repeated = max(until - start, 0)
            between, until = _between(start - until, record.window.line_start, line), max(until, end)
            line = record.window.line_end or 0
        else:
            between = "\n\n"
        said += text[repeated:] if repeated else (between if said and text else "") + text
    return said


def _between(characters: int, line: int | None, line_before: int) -> str:
    """The white space between two passages: as many ends of lines as there were, where lines are told."""
    if line is not None and line > line_before > 0:
        return "\n" * min(line - line_before, _MOST_LINES)
    return _WHITE_SPACE.get(characters, "\n\n")


def _place(record: Record) -> float:
    window = record.window
    return next((start for start in (window.page_start, window.start_s, window.char_start) if start is not None), 0.0)
