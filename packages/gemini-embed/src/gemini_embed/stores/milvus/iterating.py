"""Rows of a Milvus collection in the order of their ids, which queries without an iterator do not keep."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from gemini_embed.stores.base import Batch
from gemini_embed.stores.milvus.rows import VECTOR_FIELD, WITHOUT_VECTOR, batch_of

if TYPE_CHECKING:
    from pymilvus import MilvusClient

MOST = 16_384
"""Hits of one search, and rows of one query, that a server gives."""


def rows_of(
    client: MilvusClient, name: str, where: str, batch_size: int, timeout_s: float, *, with_vectors: bool = True
) -> Any:
    """pymilvus's iterator over the rows that pass, which is to be closed."""
    return client.query_iterator(
        name,
        batch_size=min(batch_size, MOST),
        filter=where,
        output_fields=[*WITHOUT_VECTOR, VECTOR_FIELD] if with_vectors else WITHOUT_VECTOR,
        timeout=timeout_s,
    )


def first_of(client: MilvusClient, name: str, where: str, count: int, timeout_s: float) -> Batch | None:
    """The first rows that pass, with their vectors; None for none."""
    with closing(rows_of(client, name, where, count, timeout_s)) as rows:
        some = rows.next()
    return batch_of(some, with_vectors=True) if some else None
