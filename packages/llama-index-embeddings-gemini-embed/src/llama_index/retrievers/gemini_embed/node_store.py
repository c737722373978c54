"""Any of LlamaIndex's vector stores as a store of the core, as far as it can be one."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import BasePydanticVectorStore, MetadataFilters, VectorStoreQuery
from llama_index.retrievers.gemini_embed.filters import as_metadata_filters
from llama_index.retrievers.gemini_embed.nodes import node_of_record

from gemini_embed import ConfigurationError, Fingerprint, Hit, Record, Store, StoreError
from gemini_embed.adapters import matches
from gemini_embed.stores.base import Batch, FilterLike, FloatArray, check_one_of, check_query, check_rows, opened
from gemini_embed.stores.filters import parse

logger = logging.getLogger(__name__)

_ALL = 2**31 - 1
"""More nodes than a store has. Without a limit, LlamaIndex's Qdrant store gives the first 9,999."""


class NodeStore(Store):
    """Nodes with their vectors in a vector store of LlamaIndex.

    It keeps no fingerprint, so it is yours to search with the embedder that filled it, and scores are what the store
    makes of them. What it holds is known where it has `get_nodes` (Qdrant, Milvus, Chroma, Postgres and others have);
    elsewhere nothing is re-used or replaced, and an embedder's `cache=` saves the cost. MMR, near-duplicates and
    standardised fusion need vectors, which such stores do not give.

    Raises:
        ConfigurationError: a store that keeps vectors alone (`stores_text` is False), as the in-memory default does.
    """

    def __init__(self, vector_store: BasePydanticVectorStore) -> None:
        if not vector_store.stores_text:
            raise ConfigurationError(
                f"{type(vector_store).__name__} keeps vectors without their nodes: use a store that has both, such as "
                "LlamaIndex's Qdrant, Milvus or Chroma stores, or a MultimodalIndex over a store of gemini_embed"
            )
        self._store = vector_store
        self._dimensions: int | None = None
        self._is_told = False
        has_limit = "limit" in inspect.signature(vector_store.get_nodes).parameters
        self._unlimited = {"limit": _ALL} if has_limit else {}

    def __repr__(self) -> str:
        return f"NodeStore({type(self._store).__name__})"

    def open(self, fingerprint: Fingerprint) -> None:
        self._dimensions = fingerprint.dimensions

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        if nodes := self._nodes(records, vectors):
            self._store.add(nodes)

    def update(self, records: Sequence[Record]) -> None:
        held = {node.node_id: node for node in self._held(node_ids=[record.id for record in records])}
        without = [record for record in records if record.id in held and held[record.id].embedding is None]
        if without:
            raise StoreError(
                f"{self} does not give vectors back, so text and metadata of {len(without)} known nodes cannot be "
                f"changed: delete their source first, such as {without[0].source!r}"
            )
        known = [record for record in records if record.id in held]
        if not known:
            return
        vectors = np.array([held[record.id].embedding for record in known], np.float32)
        changed = self._nodes(known, vectors)
        self._store.delete_nodes([record.id for record in known])  # a store may keep both of one id
        try:
            self._store.add(changed)
        except Exception as error:
            self._put_back([held[record.id] for record in known], error)
            raise

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = check_query(vector, k, self._size)
        if not self._is_made():
            return []
        wanted = VectorStoreQuery(query_embedding=query.tolist(), similarity_top_k=k, filters=_filters(filter))
        found = self._store.query(wanted)
        nodes = found.nodes or ()
        scores = found.similarities or [0.0] * len(nodes)
        keeps = _test(filter)
        return [Hit(_record(node), score) for node, score in zip(nodes, scores, strict=True) if keeps(node)]

    def modalities(self) -> None:
        """Not known: all are asked for."""

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        raise StoreError(f"{self} does not give vectors back, which mmr= and collapse= need")

    def get(self, ids: Sequence[str]) -> list[Record]:
        held = {node.node_id: _record(node) for node in self._held(node_ids=list(ids))} if ids else {}
        return [held[id_] for id_ in ids if id_ in held]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        doomed = self._held(node_ids=list(ids)) if ids is not None else self._matching(filter)
        if doomed:
            self._store.delete_nodes([node.node_id for node in doomed])
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

    def _put_back(self, nodes: list[BaseNode], error: Exception) -> None:
        """Their vectors are paid for, and were deleted only to be written anew."""
        try:
            self._store.add(nodes)
        except Exception:
            logger.exception("%r did not take back what it had", self)
            left_out = NodesLeftOutError(
                f"{self}: {len(nodes)} nodes were deleted to be changed, and not written again ({error!r}): they "
                "are in .nodes of this error with their vectors, for vector_store.add(error.nodes)"
            )
            left_out.nodes = nodes
            raise left_out from error

    @property
    def _size(self) -> int:
        return opened(self, self._dimensions)

    def _is_made(self) -> bool:
        """Whether there is anything to ask: LlamaIndex's Qdrant store makes its collection with the first nodes."""
        exists = getattr(self._store.client, "collection_exists", None)
        name = getattr(self._store, "collection_name", None)
        return exists is None or name is None or bool(exists(name))

    def _matching(self, filter: FilterLike) -> list[BaseNode]:
        keeps = _test(filter)
        return [node for node in self._held(filters=_filters(filter)) if keeps(node)]

    def _held(self, *, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """Nodes by id or filter; none where the store cannot tell, which is logged once."""
        if not self._is_made():
            return []
        try:
            return list(self._store.get_nodes(node_ids=node_ids, filters=filters, **self._unlimited))
        except NotImplementedError:
            if not self._is_told:
                logger.warning("%r cannot tell what it holds: nothing is re-used, replaced, counted or deleted", self)
                self._is_told = True
            return []
        except ValueError as e:  # LlamaIndex's Milvus store lists nothing without a filter
            raise StoreError(f"{self} cannot tell what it holds in this way: {e}") from e


class NodesLeftOutError(StoreError):
    """The store did not take `nodes` back, which it had: add them to it, with their vectors, once it is well."""

    nodes: Sequence[BaseNode] = ()


def _test(filter: FilterLike) -> Callable[[BaseNode], bool]:
    """A neutral filter once more, in Python: some of LlamaIndex's stores ignore conditions they have no word for."""
    if not isinstance(filter, Mapping):
        return lambda node: True
    parsed = parse(filter)
    return lambda node: matches(parsed, node.metadata)


def _filters(filter: FilterLike) -> MetadataFilters | None:
    if isinstance(filter, MetadataFilters):
        return filter
    return as_metadata_filters(filter) if isinstance(filter, Mapping) and filter else None


def _record(node: BaseNode) -> Record:
    return Record(node.node_id, node.get_content(MetadataMode.NONE), dict(node.metadata))
