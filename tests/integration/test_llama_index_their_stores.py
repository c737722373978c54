"""Over vector stores that understand less than Qdrant's: as LlamaIndex's Chroma, Postgres and LanceDB stores do.

The stores here hold nodes in memory, and read filters, ids and empty tables as those packages do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from gemini_embed import Item, StoreError
from gemini_embed_emulator import Emulator
from llama_index.core.schema import BaseNode, MetadataMode, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

Make = Callable[..., GeminiEmbedding]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda mine, wanted: mine == wanted,
    "in": lambda mine, wanted: mine in wanted,
    "nin": lambda mine, wanted: mine not in wanted,
    ">": lambda mine, wanted: mine is not None and mine > wanted,
    ">=": lambda mine, wanted: mine is not None and mine >= wanted,
    "<": lambda mine, wanted: mine is not None and mine < wanted,
    "<=": lambda mine, wanted: mine is not None and mine <= wanted,
}


class InMemory(BasePydanticVectorStore):
    """Nodes in a dict, and what such stores have in common."""

    stores_text: bool = True
    nodes: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it

    @property
    def client(self) -> Any:
        return None

    def add(self, nodes: Sequence[BaseNode], **more: Any) -> list[str]:
        self.nodes |= {node.node_id: node.model_copy(deep=True) for node in nodes}
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **more: Any) -> None:
        raise NotImplementedError

    def delete_nodes(self, node_ids: Any = None, filters: Any = None, **more: Any) -> None:
        for id_ in self.read_ids(node_ids):
            self.nodes.pop(id_, None)

    def query(self, query: VectorStoreQuery, **more: Any) -> VectorStoreQueryResult:
        found = [node for node in self.nodes.values() if query.filters is None or self.keeps(query.filters, node)]
        wanted = np.array(query.query_embedding)
        found.sort(key=lambda node: -float(wanted @ np.array(node.embedding)))
        found = found[: query.similarity_top_k]
        scores = [float(wanted @ np.array(node.embedding)) for node in found]
        return VectorStoreQueryResult(nodes=found, similarities=scores, ids=[node.node_id for node in found])

    def read_ids(self, node_ids: Any) -> list[str]:
        return list(node_ids or ())

    def keeps(self, filters: MetadataFilters, node: BaseNode) -> bool:
        raise NotImplementedError

    def all_of(self, filters: MetadataFilters, node: BaseNode) -> list[bool]:
        return [
            self.keeps(one, node)
            if isinstance(one, MetadataFilters)
            else COMPARE[one.operator.value](node.metadata.get(one.key), one.value)
            for one in filters.filters
        ]


class ChromaVectorStore(InMemory):
    """AND and OR; no NOT, no IS_EMPTY."""

    def get_nodes(self, node_ids: Any = None, filters: Any = None) -> list[BaseNode]:
        nodes = [self.nodes[id_] for id_ in self.nodes if not node_ids or id_ in node_ids]
        return [node for node in nodes if not filters or self.keeps(filters, node)]

    def keeps(self, filters: MetadataFilters, node: BaseNode) -> bool:
        if filters.condition == FilterCondition.NOT:
            raise ValueError("Filter condition not not supported")
        results = self.all_of(filters, node)
        return any(results) if filters.condition == FilterCondition.OR else all(results)


class PGVectorStore(ChromaVectorStore):
    """Values go into SQL as they are, and a text of digits is a number."""

    def get_nodes(self, node_ids: Any = None, filters: Any = None) -> list[BaseNode]:
        assert node_ids is not None or filters is not None, "Either node_ids or filters must be provided"
        return super().get_nodes(node_ids, filters)

    def all_of(self, filters: MetadataFilters, node: BaseNode) -> list[bool]:
        for one in filters.filters:
            value = getattr(one, "value", None)
            if "'" in "".join(map(str, value if isinstance(value, list) else [value])):
                raise RuntimeError("syntax error in SQL")
            if isinstance(value, str) and value.isdecimal():
                raise RuntimeError("invalid input syntax for type double precision")
        return super().all_of(filters, node)


class TableNotFoundError(Exception):
    """As in LanceDB's package."""


class Table:
    def __init__(self, store: LanceDBVectorStore) -> None:
        self.store = store

    def delete(self, where: str) -> None:
        for id_ in self.store.named(where):
            self.store.nodes.pop(id_, None)


class LanceDBVectorStore(InMemory):
    """No table before the first add; ids in double quotes; flat filters, all of them ANDed unless they are ORed."""

    @property
    def table(self) -> Table:
        if not self.nodes:
            raise TableNotFoundError("Table vectors is not initialized.")
        return Table(self)

    def named(self, where: str) -> list[str]:
        if '"' in where:
            raise RuntimeError("No field named " + where)
        return [one.replace("''", "'") for one in re.findall(r"'((?:[^']|'')*)'", where)]

    def read_ids(self, node_ids: Any) -> list[str]:
        return self.named(", ".join(f'"{id_}"' for id_ in node_ids))

    def get_nodes(self, node_ids: Any = None, filters: Any = None, **more: Any) -> list[BaseNode]:
        assert self.table is not None
        if node_ids is not None:
            self.read_ids(node_ids)
        if "where" in more:
            return [self.nodes[id_] for id_ in self.named(more["where"]) if id_ in self.nodes]
        return [node for node in self.nodes.values() if not filters or self.keeps(filters, node)]

    def query(self, query: VectorStoreQuery, **more: Any) -> VectorStoreQueryResult:
        assert self.table is not None
        found = super().query(query)
        if not found.nodes:
            raise Warning("query results are empty..")
        return found

    def keeps(self, filters: MetadataFilters, node: BaseNode) -> bool:
        assert all(not isinstance(one, MetadataFilters) for one in filters.filters), "no attribute 'key'"
        results = self.all_of(filters, node)
        return any(results) if filters.condition == FilterCondition.OR else all(results)


@pytest.fixture(params=[ChromaVectorStore, PGVectorStore, LanceDBVectorStore])
def theirs(request: pytest.FixtureRequest) -> InMemory:
    store: InMemory = request.param()
    return store


def texts(found: Sequence[Any]) -> list[str]:
    return [one.node.get_content(MetadataMode.NONE) for one in found]


def test_nodes_come_and_go(theirs: InMemory, make_llama_index: Make, emulator: Emulator, pictures: Any) -> None:
    """What is found, re-used, replaced, counted and deleted."""
    model = make_llama_index(dimensions=64)
    retriever = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=2)
    index = retriever.index
    assert index.count() == 0
    assert retriever.retrieve("anything") == []
    items = [
        Item("bread rises in the oven", source='it\'s "bread".md'),
        Item("glaciers grind valleys", source="7"),
        pictures("red"),
    ]
    assert index.add(items).added == 3
    assert index.add(items).reused == 3
    assert emulator.requests.items_billed == 1 + 3  # the query, and each item once
    assert "bread rises in the oven" in texts(retriever.retrieve("bread in the oven"))
    assert index.count() == 3
    assert index.count({"modality": "image"}) == index.count({"$not": {"modality": "text"}}) == 1
    assert index.count({"$or": [{"source": "7"}, {"source": None}]}) == 1
    assert index.add([Item("bread falls", source='it\'s "bread".md')]).replaced == 1
    assert index.delete(source="7") == 1
    assert index.delete(source='it\'s "bread".md') == 1
    assert [hit.source for hit in index.search("red", 3)] == [str(pictures("red"))]
    assert index.delete(source=str(pictures("red"))) == 1
    assert index.count() == 0


def test_nodes_that_others_wrote_are_found(theirs: InMemory, make_llama_index: Make) -> None:
    """They tell no modality, for which stores without NOT have no words."""
    model = make_llama_index(dimensions=64)
    for text in ("glaciers grind valleys", "bread rises"):
        theirs.add([TextNode(text=text, embedding=model.get_text_embedding(text), metadata={"author": "Ann"})])
    retriever = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=1)
    retriever.index.add(["boats sail", *(f"boats sail on lake {number}" for number in range(9))])
    assert "boats sail" in texts(retriever.retrieve("boats sail"))  # whose nearest four tell a modality, all of them
    assert texts(retriever.retrieve("what grinds valleys?")) == ["glaciers grind valleys"]
    ann = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=3, filters={"author": "Ann"})
    assert sorted(texts(ann.retrieve("boats"))) == ["bread rises", "glaciers grind valleys"]
    nobody = GeminiMultimodalRetriever.from_vector_store(theirs, model, filters={"author": "Bob"})
    assert nobody.retrieve("boats") == []


def test_what_a_store_raises_is_a_store_error(make_llama_index: Make) -> None:
    class Failing(ChromaVectorStore):
        def query(self, query: VectorStoreQuery, **more: Any) -> VectorStoreQueryResult:
            raise RuntimeError("the connection is gone")

    retriever = GeminiMultimodalRetriever.from_vector_store(Failing(), make_llama_index(dimensions=64))
    with pytest.raises(StoreError, match=r"NodeStore\(Failing\): the connection is gone"):
        retriever.retrieve("x")
