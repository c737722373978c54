"""LlamaIndex's vector stores, asked in the words that each of them understands.

Only some know NOT; others take it for AND, or refuse nested filters, and most write fields and values into SQL as they
are. So a store is told no more than what all read alike (fields that equal one of some plain texts, numbers in a range,
all of them; fields named by ASCII letters, digits and underscores), and what comes back is tested in Python.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)
from llama_index.retrievers.gemini_embed.filters import as_metadata_filters, as_neutral
from llama_index.retrievers.gemini_embed.flat import NESTED, PLAIN, whole
from llama_index.retrievers.gemini_embed.kinds import CHROMA, DUCKDB, LANCE, MILVUS, POSTGRES, QDRANT, kind_of

from gemini_embed import StoreError
from gemini_embed.adapters import matches
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import All, AnyOf, Node, Range, parse

logger = logging.getLogger(__name__)

_ALL = 2**31 - 1
"""More nodes than a store has. Without a limit, LlamaIndex's Qdrant store gives the first 9,999."""
_KNOWS_EVERYTHING = frozenset({QDRANT, MILVUS})
"""Stores that read nested filters and NOT as they are meant."""
_MORE = 4
"""How many times as many nodes are asked for where the store is told a part of the filter only, and too few match."""
_MOST = 10_000
"""Nodes that are tested here for one search, at most."""
_HAVE_FIXED_FIELDS = frozenset({LANCE, DUCKDB})


class TheirStore:
    """One of LlamaIndex's vector stores. What it holds is none, as long as its table is not made."""

    def __init__(self, vector_store: BasePydanticVectorStore) -> None:
        self._store = vector_store
        self._kind = kind_of(vector_store)
        self.knows_everything = self._kind in _KNOWS_EVERYTHING
        """Whether it reads whole filters; of others a search for nodes that tell no modality may miss some."""
        self.has_fixed_fields = self._kind in _HAVE_FIXED_FIELDS
        """Whether nodes that are written together, or first, say which fields of metadata all have."""
        self._is_told = False
        has_limit = "limit" in inspect.signature(vector_store.get_nodes).parameters
        self._unlimited = {"limit": _ALL} if has_limit else {}

    def __repr__(self) -> str:
        return type(self._store).__name__

    def add(self, nodes: list[BaseNode]) -> None:
        """Write nodes, which have their embeddings."""
        self._store.add(nodes)

    def nearest(self, query: list[float], k: int, filter: FilterLike) -> list[tuple[BaseNode, float]]:
        """The `k` nodes nearest to `query` that match, best first, with the store's own scores."""
        if not self._is_made():
            return []
        keeps = _test(filter)
        found = [one for filters in self._ways(filter) for one in self._nearest(query, k, filters, keeps)]
        best = {node.node_id: (node, score) for node, score in reversed(found)}
        return sorted(best.values(), key=lambda one: -one[1])[:k]

    def _nearest(
        self, query: list[float], k: int, filters: MetadataFilters | None, keeps: Callable[[BaseNode], bool]
    ) -> list[tuple[BaseNode, float]]:
        """Asked for more until `k` pass the test, or there are no more."""
        asked = k
        while True:
            found = self._queried(VectorStoreQuery(query_embedding=query, similarity_top_k=asked, filters=filters))
            kept = [one for one in found if keeps(one[0])]
            if len(kept) >= k or len(found) < asked or asked >= _MOST:
                return kept[:k]
            asked = min(asked * _MORE, max(_MOST, k))

    def _queried(self, wanted: VectorStoreQuery) -> list[tuple[BaseNode, float]]:
        try:
            found = self._store.query(wanted)
        except Warning:  # LanceDB's way to say that nothing was found
            return []
        except Exception as error:
            if _is_no_table(error):
                return []
            raise
        nodes = list(found.nodes or ())
        return list(zip(nodes, found.similarities or [0.0] * len(nodes), strict=True))

    def with_ids(self, ids: Sequence[str]) -> list[BaseNode]:
        """The nodes with these ids that are there, in any order."""
        if not ids:
            return []
        if self._kind == LANCE:  # it puts ids into double quotes, which are for names of columns
            return self._held(where=f"id in ({_quoted(ids)})")
        return self._held(node_ids=list(ids))

    def matching(self, filter: FilterLike) -> list[BaseNode]:
        """All nodes that match."""
        keeps = _test(filter)
        found = (node for filters in self._ways(filter) for node in self._held(filters=filters) if keeps(node))
        return list({node.node_id: node for node in found}.values())

    def with_vectors(self, nodes: Sequence[BaseNode]) -> bool:
        """Give nodes their vectors, where the store did not; whether all have one."""
        bare = {node.node_id: node for node in nodes if node.embedding is None}
        if bare and self._kind == CHROMA:
            got = cast("Any", self._store).client.get(ids=[*bare], include=["embeddings"])
            for id_, vector in zip(got["ids"], got["embeddings"], strict=True):
                bare[id_].embedding = vector.tolist()
        return all(node.embedding is not None for node in nodes)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove nodes."""
        if self._kind == LANCE:
            cast("Any", self._store).table.delete(f"id in ({_quoted(ids)})")
        else:
            self._store.delete_nodes(list(ids))

    def _is_made(self) -> bool:
        """Whether there is anything to ask: LlamaIndex's Qdrant store makes its collection with the first nodes."""
        exists = getattr(self._store.client, "collection_exists", None)
        name = getattr(self._store, "collection_name", None)
        return exists is None or name is None or bool(exists(name))

    def _held(
        self, *, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **more: Any
    ) -> list[BaseNode]:
        """Nodes by id or filter; none where the store cannot tell, which is logged once."""
        if not self._is_made():
            return []
        wanted: dict[str, Any] = {"node_ids": node_ids, "filters": filters, **self._unlimited, **more}
        if node_ids is None and filters is None and self._kind == POSTGRES:
            wanted["node_ids"] = []  # all of them: it insists on one of the two
        try:
            return list(self._store.get_nodes(**wanted))
        except NotImplementedError:
            if not self._is_told:
                logger.warning("%r cannot tell what it holds: nothing is re-used, replaced, counted or deleted", self)
                self._is_told = True
            return []
        except ValueError as e:  # LlamaIndex's Milvus store lists nothing without a filter
            raise StoreError(f"{self} cannot tell what it holds in this way: {e}") from e
        except Exception as error:
            if _is_no_table(error):
                return []
            raise

    def _ways(self, filter: FilterLike) -> list[MetadataFilters | None]:
        """A filter as the store is told it: what matches passes one of these, and perhaps more does.

        Records with metadata that are no texts or numbers are asked for apart, since a filter may be on these.
        """
        told = as_neutral(filter)
        parsed = parse(told)
        if parsed is None:
            return [None]
        if self.knows_everything:
            return [as_metadata_filters(told)]
        parts = [*(parsed.nodes if isinstance(parsed, All) else (parsed,))]
        if self._kind == POSTGRES:  # it takes every text of a field for a number, and fails
            parts = [part for part in _flat(parts) if not isinstance(part, Range)]
        leaves = [leaf for part in _flat(parts) for leaf in _leaves(part) if _is_name(leaf.key)]
        plain = [leaf for leaf in leaves if leaf.key in PLAIN]
        others = [leaf for leaf in leaves if leaf.key not in PLAIN]
        if self._kind == LANCE:
            return [_all_of(plain)]
        nested = MetadataFilter(key=NESTED, operator=FilterOperator.IN, value=["yes"])
        return [_all_of(leaves), _all_of([*plain, nested])] if others else [_all_of(plain)]


def _all_of(leaves: Sequence[MetadataFilter]) -> MetadataFilters | None:
    return MetadataFilters(filters=cast("Any", list(leaves))) if leaves else None


def _flat(nodes: Sequence[Node]) -> list[Node]:
    """All that must hold, nested ones too."""
    return [one for node in nodes for one in (_flat(node.nodes) if isinstance(node, All) else [node])]


def _leaves(node: Node) -> list[MetadataFilter]:
    """What every store reads as this; nothing where there is no such thing."""
    match node:
        case AnyOf(path, values) if values and all(_is_plain(value) for value in values):
            # As a list even of one: Postgres takes a lone text of digits for a number.
            return [MetadataFilter(key=".".join(path), operator=FilterOperator.IN, value=cast("Any", list(values)))]
        case Range(path, bounds) if all(isinstance(bound, float) for bound in bounds.values()):
            return [
                MetadataFilter(key=".".join(path), operator=_BOUNDS[name], value=cast("float", bound))
                for name, bound in bounds.items()
            ]
        case _:
            return []


_SYNTAX = re.compile(r"['\"\\\\%]|(?<![:\w]):\w")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_BOUNDS = {
    "gt": FilterOperator.GT,
    "gte": FilterOperator.GTE,
    "lt": FilterOperator.LT,
    "lte": FilterOperator.LTE,
}


def _is_name(key: str) -> bool:
    """Whether a field's name can stand in any engine's language as it is."""
    return _NAME.fullmatch(key) is not None


def _is_plain(value: object) -> bool:
    """Whether a text can stand in SQL as it is, and in SQLAlchemy's, where :name is a parameter."""
    return isinstance(value, str) and not _SYNTAX.search(value)


def _quoted(ids: Sequence[str]) -> str:
    return ", ".join("'" + id_.replace("'", "''") + "'" for id_ in ids)


def _is_no_table(error: Exception) -> bool:
    """Whether LanceDB says that nothing was ever added."""
    return type(error).__name__ == "TableNotFoundError"


def _test(filter: FilterLike) -> Callable[[BaseNode], bool]:
    """A filter in Python."""
    parsed = parse(as_neutral(filter))
    return lambda node: matches(parsed, whole(node.metadata))
