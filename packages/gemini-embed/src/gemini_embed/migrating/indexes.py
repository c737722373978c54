"""Indexes that the source has on its fields, made in the target before it is filled, as far as that one has such."""

from __future__ import annotations

from gemini_embed.migrating.source import Source
from gemini_embed.stores.base import Store
from gemini_embed.stores.points import INDEXED_FIELDS, METADATA_KEY
from gemini_embed.stores.qdrant import QdrantStore

_OURS = (*INDEXED_FIELDS, "doc_id")
"""Every store of ours that has indexes has these, or finds them by other means."""


def carry_indexes(source: Source, target: Store) -> tuple[str, ...]:
    """Make them in a target on a Qdrant server; returns the fields of metadata that the target has none on.

    A store of ours in Milvus has metadata as dynamic fields, which neither Milvus Lite nor a server of 2.3 indexes; an
    `EdgeStore` has the indexes that it is made with.
    """
    fields = source.indexed_fields()
    if isinstance(target, QdrantStore) and target.index_fields(fields):
        return ()
    return tuple(sorted(name.removeprefix(f"{METADATA_KEY}.") for name in fields if name not in _OURS))
