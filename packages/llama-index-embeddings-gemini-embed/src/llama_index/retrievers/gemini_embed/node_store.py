"""Any of LlamaIndex's vector stores as a store of the core, as far as it can be one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.retrievers.gemini_embed.nodes import node_of_record
from llama_index.retrievers.gemini_embed.their_stores import TheirStore

from gemini_embed import ConfigurationError, Fingerprint, Hit, Record, Store, StoreError
from gemini_embed.stores.base import (
    Batch,
    FilterLike,
    FloatArray,
    check_one_of,
    check_query,
    check_rows,
    engine_errors,
    opened,
)

logger = logging.getLogger(__name__)


class NodeStore(Store):
    """Nodes with their vectors in a vector store of LlamaIndex.

    It keeps no fingerprint, so it is yours to search with the embedder that filled it, and scores are what the store
    makes of them. What it holds is known where it has `get_nodes` (Qdrant, Milvus, Chroma, Postgres and others have);
    elsewhere nothing is re-used or replaced, and an embedder's `cache=` saves the cost. MMR, near-duplicates and
    standardised fusion need vectors, which such stores do not give; nor is it known there what lies no higher than
    chance, so the default fusion is by rank alone.

    Raises:
        ConfigurationError: a store that keeps vectors alone (`stores_text` is False), as the in-memory default does.
    """

    gives_vectors = False

    def __init__(self, vector_store: BasePydanticVectorStore) -> None:
        if not vector_store.stores_text:
            raise ConfigurationError(
                f"{type(vector_store).__name__} keeps vectors without their nodes: use a store that has both, such as "
                "LlamaIndex's Qdrant, Milvus or Chroma stores, or a MultimodalIndex over a store of gemini_embed"
            )
        self._theirs = TheirStore(vector_store)
        self.finds_every_modality = self._theirs.knows_everything
        self._dimensions: int | None = None

    def __repr__(self) -> str:
        return f"NodeStore({self._theirs!r})"

    def open(self, fingerprint: Fingerprint) -> None:
        self._dimensions = fingerprint.dimensions

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        self._add(self._nodes(records, vectors))

    def update(self, records: Sequence[Record]) -> None:
        held = {node.node_id: node for node in self._with_ids([record.id for record in records])}
        without = [record for record in records if record.id in held and held[record.id].embedding is None]
        if without:
            raise StoreError(
                f"{self} does not give vectors back, so text and metadata of {len(without)} known nodes cannot be "
                f"changed: delete their source first, such as {without[0].source!r}"
            )
        known = [record for record in records if record.id in held]
        if not known:
            return
        changed = self._nodes(known, np.array([held[record.id].embedding for record in known], np.float32))
        self._delete([record.id for record in known])  # a store may keep both of one id
        try:
            self._add(changed)
        except StoreError as error:
            self._put_back([held[record.id] for record in known], error)
            raise

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = check_query(vector, k, self._size)
        with engine_errors(self):
            found = self._theirs.nearest(query.tolist(), k, filter)
        return [Hit(_record(node), score) for node, score in found]

    def modalities(self) -> None:
        """Not known: all are asked for."""

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        raise StoreError(f"{self} does not give vectors back, which mmr= and collapse= need")

    def get(self, ids: Sequence[str]) -> list[Record]:
        held = {node.node_id: _record(node) for node in self._with_ids(ids)}
        return [held[id_] for id_ in ids if id_ in held]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        doomed = self._with_ids(ids) if ids is not None else self._matching(filter)
        self._delete([node.node_id for node in doomed])
        return len(doomed)

    def count(self, filter: FilterLike = None) -> int:
        return len(self._matching(filter))

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        if with_vectors:
            raise StoreError(f"{self} does not give vectors back")
        nodes = self._matching(filter)
        for start in range(0, len(nodes), batch_size):
            some = nodes[start : start + batch_size]
            yield Batch([_record(node) for node in some], np.empty((len(some), 0), np.float32))

    def close(self) -> None:
        """The vector store is the caller's."""

    def _nodes(self, records: Sequence[Record], vectors: FloatArray) -> list[BaseNode]:
        """With their vectors, as the store takes them."""
        nodes = [node_of_record(record) for record in records]
        for node, row in zip(nodes, check_rows(records, vectors, self._size), strict=True):
            node.embedding = row.tolist()
        return nodes

    def _add(self, nodes: list[BaseNode]) -> None:
        if nodes:
            with engine_errors(self):
                self._theirs.add(nodes)

    def _put_back(self, nodes: list[BaseNode], error: StoreError) -> None:
        """Their vectors are paid for, and were deleted only to be written anew."""
        try:
            self._add(nodes)
        except StoreError:
            logger.exception("%r did not take back what it had", self)
            left_out = NodesLeftOutError(
                f"{self}: {len(nodes)} nodes were deleted to be changed, and not written again ({error}): they "
                "are in .nodes of this error with their vectors, for vector_store.add(error.nodes)"
            )
            left_out.nodes = nodes
            raise left_out from error

    @property
    def _size(self) -> int:
        return opened(self, self._dimensions)

    def _matching(self, filter: FilterLike) -> list[BaseNode]:
        with engine_errors(self):
            return self._theirs.matching(filter)

    def _with_ids(self, ids: Sequence[str]) -> list[BaseNode]:
        with engine_errors(self):
            return self._theirs.with_ids(ids)

    def _delete(self, ids: Sequence[str]) -> None:
        if ids:
            with engine_errors(self):
                self._theirs.delete(ids)


class NodesLeftOutError(StoreError):
    """The store did not take `nodes` back, which it had: add them to it, with their vectors, once it is well."""

    nodes: Sequence[BaseNode] = ()


def _record(node: BaseNode) -> Record:
    return Record(node.node_id, node.get_content(MetadataMode.NONE), dict(node.metadata))
