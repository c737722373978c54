"""The point layout of the Qdrant family (Edge and server): langchain_qdrant's payload, and point ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from gemini_embed.records import Record

PointId: TypeAlias = int | str | UUID
"""As both engines type it."""

TEXT_KEY = "page_content"
METADATA_KEY = "metadata"
_NODE_KEY = "_node_content"
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""As ours are written; `UUID` reads other forms, and takes longer."""
INDEXED_FIELDS = (f"{METADATA_KEY}.source", f"{METADATA_KEY}.modality")
"""Indexed as keywords before any point is written: an index made afterwards costs recall in filtered searches."""


def to_payload(record: Record) -> dict[str, Any]:
    """What a point carries beside its vector."""
    return {TEXT_KEY: record.page_content, METADATA_KEY: record.metadata}


def from_payload(point_id: object, payload: Mapping[str, Any] | None) -> Record:
    """The record of a point; fields that another program left out come back empty.

    A node that LlamaIndex wrote has them in `_node_content`.
    """
    payload = payload or {}
    if _NODE_KEY in payload and TEXT_KEY not in payload:
        payload = _of_node(payload[_NODE_KEY])
    return Record(str(point_id), payload.get(TEXT_KEY) or "", dict(payload.get(METADATA_KEY) or {}))


def _of_node(content: Any) -> dict[str, Any]:
    """Text and metadata of one of LlamaIndex's nodes; nothing where it is damaged."""
    try:
        node = json.loads(content)
        text = node.get("text") or (node.get("text_resource") or {}).get("text")
        return {TEXT_KEY: text, METADATA_KEY: node.get("metadata")}
    except (ValueError, TypeError, AttributeError):
        return {}


def point_id(id_: object) -> PointId | None:
    """An id as the engine takes it: a UUID in its usual form, or a whole number in a collection made by others.

    None for any other text: the engine would refuse it, and no point can have it.
    """
    text = str(id_)
    if _UUID.fullmatch(text):
        return text
    if text.isascii() and text.isdecimal() and int(text) < 2**64:
        return int(text)
    try:
        return str(UUID(text))
    except ValueError:
        return None


def point_ids(ids: Iterable[str]) -> list[PointId]:
    """Those ids that a point can have."""
    return [id_ for id_ in map(point_id, ids) if id_ is not None]


def dense(point: Any) -> Any:
    """A point's unnamed vector; beside sparse ones it comes in a mapping."""
    return point.vector[""] if isinstance(point.vector, dict) else point.vector
