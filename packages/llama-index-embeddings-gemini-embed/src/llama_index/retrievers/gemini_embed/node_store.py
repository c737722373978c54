"""Any of LlamaIndex's vector stores as a store of the core, as far as it can be one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.retrievers.gemini_embed.filters import as_neutral
from llama_index.retrievers.gemini_embed.flat import flat, whole
from llama_index.retrievers.gemini_embed.limits import check_limits, check_text
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

    It keeps no fingerprint, so it is yours to search with the embedder that filled it. What it holds is known where it
    has `get_nodes` (Qdrant, Milvus, Chroma, Postgres, LanceDB, DuckDB and others have); elsewhere nothing is re-used or
    replaced, and an embedder's `cache=` saves the cost. Qdrant, Chroma, Postgres, LanceDB and DuckDB give vectors back,
    so hits have cosines, and MMR, near-duplicates and standardised fusion work; scores of others are their own. The
    default fusion is by rank alone: what is no higher than chance is known only by reading all that it holds.
    Metadata that are no texts or numbers are kept as JSON, `flat` says how; filters on them work here, not there.

    Raises:
        ConfigurationError: a store that keeps vectors alone (`stores_text` is False), as the in-memory default does.
    """

    gives_vectors = False  # not some of them, without reading all

    def __init__(self, vector_store: BasePydanticVectorStore) -> None:
        if not vector_store.stores_text:
            raise ConfigurationError(
                f"{type(vector_store).__name__} keeps vectors without their nodes: use a store that has both, such as "
                "LlamaIndex's Qdrant, Milvus or Chroma stores, or a MultimodalIndex over a store of gemini_embed"
            )
        self._theirs = TheirStore(vector_store)
        self.finds_every_modality = self._theirs.knows_everything
        self._vector_store = vector_store
        self._fingerprint: Fingerprint | None = None

    def __repr__(self) -> str:
        return f"NodeStore({self._theirs!r})"

    def open(self, fingerprint: Fingerprint) -> None:
        if self._fingerprint is None:
            check_limits(self._vector_store, fingerprint)
        self._fingerprint = (self._fingerprint or fingerprint).check(fingerprint, where=str(self))

    def check_new(self, record: Record) -> None:
        check_text(self._vector_store, record)

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        last = {node.node_id: node for node in self._nodes(records, vectors)}
        held = [] if self._theirs.knows_everything else self._with_ids([*last])
        self._replace(held, list(last.values()))

    def update(self, records: Sequence[Record]) -> None:
        held = {node.node_id: node for node in self._with_ids([record.id for record in records])}
        known = [record for record in records if record.id in held]
        if not self._have_vectors(list(held.values())):
            raise StoreError(
                f"{self} does not give vectors back, so text and metadata of {len(known)} known nodes cannot be "
                f"changed: delete their source first, such as {known[0].source!r}"
            )
        if known:
            changed = self._nodes(known, np.array([held[record.id].embedding for record in known], np.float32))
            self._replace(list(held.values()), changed)

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = check_query(vector, k, self._size)
        with engine_errors(self):
            found = self._theirs.nearest(query.tolist(), k, filter)
            if not self._theirs.knows_everything and self._theirs.with_vectors([node for node, _ in found]):
                found = [(node, _cosine(query, node)) for node, _ in found]
        return [Hit(_record(node), score) for node, score in sorted(found, key=lambda one: -one[1])]

    def modalities(self) -> None:
        """Not known: all are asked for."""

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        nodes = self._with_ids(ids)
        if not self._have_vectors(nodes):
            raise StoreError(f"{self} does not give vectors back, which mmr= and collapse= need")
        return {node.node_id: np.array(node.embedding, np.float32) for node in nodes}

    def get(self, ids: Sequence[str]) -> list[Record]:
        held = {node.node_id: _record(node) for node in self._with_ids(ids)}
        return [held[id_] for id_ in ids if id_ in held]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, as_neutral(filter))
        doomed = self._with_ids(ids) if ids is not None else self._matching(filter)
        self._delete([node.node_id for node in doomed])
        return len(doomed)

    def count(self, filter: FilterLike = None) -> int:
        return len(self._matching(filter))

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        nodes = self._matching(filter)
        if with_vectors and not self._have_vectors(nodes):
            raise StoreError(f"{self} does not give vectors back")
        for start in range(0, len(nodes), batch_size):
            some = nodes[start : start + batch_size]
            vectors = [node.embedding if with_vectors else [] for node in some]
            yield Batch([_record(node) for node in some], np.array(vectors, np.float32).reshape(len(some), -1))

    def close(self) -> None:
        """The vector store is the caller's."""

    def _nodes(self, records: Sequence[Record], vectors: FloatArray) -> list[BaseNode]:
        """With their vectors, as the store takes them."""
        if not self._theirs.knows_everything:
            records = [flat(record, is_fixed=self._theirs.has_fixed_fields) for record in records]
        nodes = [node_of_record(record) for record in records]
        for node, row in zip(nodes, check_rows(records, vectors, self._size), strict=True):
            node.embedding = row.tolist()
        return nodes

    def _replace(self, old: Sequence[BaseNode], new: list[BaseNode]) -> None:
        """Write nodes in the place of those with their ids."""
        can_put_back = bool(old) and self._have_vectors(old)
        self._delete([node.node_id for node in old])  # a store may keep both of one id
        try:
            self._add(new)
        except StoreError as error:
            if can_put_back:
                self._put_back(list(old), error)
            raise

    def _have_vectors(self, nodes: Sequence[BaseNode]) -> bool:
        with engine_errors(self):
            return self._theirs.with_vectors(nodes)

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
        return opened(self, self._fingerprint).dimensions

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
    return Record(node.node_id, node.get_content(MetadataMode.NONE), whole(node.metadata))


def _cosine(query: FloatArray, node: BaseNode) -> float:
    row = np.array(node.embedding, np.float32)
    return float(row @ query / max(float(np.linalg.norm(row) * np.linalg.norm(query)), 1e-12))
