"""Records that need no embedding: the store has their vectors, of equal contents under other sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gemini_embed.errors import InputError
from gemini_embed.indexing.batches import Waiting
from gemini_embed.records import Record
from gemini_embed.stores import FloatArray, Store


def with_twins(new: Iterable[Waiting], store: Store) -> tuple[list[Waiting], FloatArray, list[Waiting]]:
    """(those whose twins the store still holds, their vectors, the rest). Text that loading brings is the twin's."""
    waiting = list(new)
    ids = list(dict.fromkeys(one.candidate.twin for one in waiting if one.candidate.twin))
    records, vectors = {record.id: record for record in store.get(ids)}, store.vectors(ids)
    found: list[Waiting] = []
    for one in waiting:
        twin = one.candidate.twin
        if twin in records and twin in vectors and _is_taken(store, one.record):
            one.with_text(records[twin].page_content)
            found.append(one)
    there = set(found)
    rest = [one for one in waiting if one not in there]
    return found, _rows([vectors[one.candidate.twin or ""] for one in found]), rest


def _is_taken(store: Store, record: Record) -> bool:
    try:
        store.check_new(record)
    except InputError:
        return False  # said where the others are checked
    return True


def _rows(vectors: Sequence[FloatArray]) -> FloatArray:
    return np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
