"""The point layout of the Qdrant family (Edge and server): langchain_qdrant's payload, field keys and point ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from gemini_embed.errors import InputError
from gemini_embed.stores.base import Record
from gemini_embed.stores.filters import Path, Scalar

TEXT_KEY = "page_content"
METADATA_KEY = "metadata"
INDEXED_FIELDS = (f"{METADATA_KEY}.source", f"{METADATA_KEY}.modality")
"""Indexed as keywords before any point is written: an index made afterwards costs recall in filtered searches."""

_BARE_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_EXACT_FLOAT = 2**53
"""Whole numbers up to here are exact as a float, so a range can stand for equality."""


def to_payload(record: Record) -> dict[str, Any]:
    """What a point carries beside its vector."""
    return {TEXT_KEY: record.page_content, METADATA_KEY: record.metadata}


def from_payload(point_id: object, payload: Mapping[str, Any] | None) -> Record:
    """The record of a point; fields that another program left out come back empty."""
    payload = payload or {}
    return Record(str(point_id), payload.get(TEXT_KEY) or "", dict(payload.get(METADATA_KEY) or {}))


def field_key(path: Path) -> str:
    """The engine's path of a metadata field; names that its grammar would trip over are quoted."""
    return ".".join((METADATA_KEY, *map(_segment, path)))


def known_ids(ids: Iterable[str]) -> Iterator[str | int]:
    """Ids as the engine takes them: a UUID, or a whole number in a collection made by others. Others cannot exist."""
    for one in ids:
        if one.isdecimal() and one.isascii() and int(one) < 2**64:
            yield int(one)
        elif _is_uuid(one):
            yield one


def split_values(values: Sequence[Scalar]) -> tuple[list[str], list[bool | int], list[float]]:
    """Values by how the engine compares them: strings in one set, exact matches one by one, numbers as ranges.

    A match of 1 finds the stored integer 1 but not 1.0, so numbers become ranges from the value to itself.
    """
    texts = [value for value in values if isinstance(value, str)]
    exact: list[bool | int] = [v for v in values if isinstance(v, bool) or (isinstance(v, int) and not _is_float(v))]
    numbers = [float(v) for v in values if not isinstance(v, (str, bool)) and _is_float(v)]
    return texts, exact, numbers


def _is_float(value: float) -> bool:
    return isinstance(value, float) or abs(value) <= _EXACT_FLOAT


def _segment(name: str) -> str:
    if _BARE_SEGMENT.fullmatch(name):
        return name
    if '"' in name:
        raise InputError(f"filter: this store cannot filter on the field {name!r}: its name holds a double quote")
    return f'"{name}"'


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
