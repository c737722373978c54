"""What `tidy` removes: of sources that were added to since a moment, what is older than it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice

from gemini_embed.errors import InputError
from gemini_embed.indexing.scratch import Seen
from gemini_embed.stores import Store

SOURCES_AT_ONCE = 100
"""Named in one filter."""


def tidied(store: Store, sources: Iterable[str | os.PathLike[str]] | None, before: float | datetime) -> int:
    """Remove it from an open store; returns how many records there were. See `MultimodalIndex.tidy`."""
    moment = _seconds(before)
    named = _named(sources) if sources is not None else None
    removed = 0
    touched = _touched(store, named, moment)
    while some := list(islice(touched, SOURCES_AT_ONCE)):
        removed += store.delete(filter={"source": some, "$or": [{"added_at": {"lt": moment}}, {"added_at": None}]})
    return removed


def _touched(store: Store, named: list[str] | None, moment: float) -> Iterator[str]:
    """Each source, or each of those named, that has records of that moment or later: once. All is read before the
    first is told, since what is being read must not be deleted from."""
    found: list[str] = []
    since = {"added_at": {"gte": moment}}
    with closing(Seen()) as seen:
        for filter in _filters(named, since):
            for batch in store.iterate(filter=filter, with_vectors=False):
                found += [one.source for one in batch.records if one.source and seen.is_new(one.source)]
    yield from found


def _filters(named: list[str] | None, since: dict[str, dict[str, float]]) -> Iterator[dict[str, object]]:
    if named is None:
        yield {**since}
        return
    for start in range(0, len(named), SOURCES_AT_ONCE):
        yield {**since, "source": named[start : start + SOURCES_AT_ONCE]}


def _named(sources: Iterable[str | os.PathLike[str]]) -> list[str]:
    if isinstance(sources, str | os.PathLike):
        raise InputError(f"sources={os.fspath(sources)!r}: tidy takes a list of sources")
    return [os.fspath(source) for source in sources]


def _seconds(before: float | datetime) -> float:
    if isinstance(before, datetime):
        if before.tzinfo is None:
            raise InputError(f"before={before!r} has no zone: datetime.now(UTC), or seconds since 1970")
        return before.timestamp()
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise InputError(f"before={before!r} must be a datetime with a zone, or seconds since 1970")
    return float(before)
