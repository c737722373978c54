"""Metadata as most vector stores hold them: texts and numbers by name, the rest as JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gemini_embed import Record

WHOLE, NESTED = "gemini_embed", "gemini_embed_nested"
"""All metadata as JSON, and a mark, "yes", on records that have some only there."""
PLAIN = ("source", "modality")
"""What every record of an index has, as texts."""


def flat(record: Record, *, is_fixed: bool) -> Record:
    """The record with metadata that a store of flat ones takes.

    `is_fixed`: nodes that are written together, or first, say which fields all have, so these are always the same.
    """
    told = record.metadata
    kept = {name: value for name, value in told.items() if isinstance(value, str | int | float)}
    if is_fixed:
        kept = {name: str(told.get(name, "")) for name in PLAIN}
    elif len(kept) == len(told):
        return record
    return Record(record.id, record.page_content, {**kept, WHOLE: json.dumps(told, ensure_ascii=False), NESTED: "yes"})


def whole(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that `flat` was given; those of others as they are."""
    return json.loads(metadata[WHOLE]) if WHOLE in metadata else dict(metadata)
