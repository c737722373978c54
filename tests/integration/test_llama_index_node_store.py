"""A vector store of LlamaIndex that fails while known nodes get other metadata: what was paid for stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import Embedder, Item, MultimodalIndex, StoreError
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores import MetadataFilters
from llama_index.retrievers.gemini_embed import NodesLeftOutError, NodeStore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


class Failing(QdrantVectorStore):
    """Fails to add as often as it is told to, and gives vectors back."""

    def __init__(self, name: str, client: QdrantClient) -> None:
        super().__init__(name, client=client)
        self._failures = 0

    def fail(self, times: int) -> None:
        self._failures = times

    def add(self, nodes: Any, shard_identifier: Any | None = None, **options: Any) -> list[str]:
        if self._failures:
            self._failures -= 1
            raise OSError("the disk is full")
        return super().add(nodes, shard_identifier, **options)

    def get_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        limit: int | None = None,
        shard_identifier: Any | None = None,
    ) -> list[BaseNode]:
        nodes = super().get_nodes(node_ids, filters, limit, shard_identifier)
        points = self.client.retrieve(self.collection_name, [node.node_id for node in nodes], with_vectors=True)
        vectors = {str(point.id): point.vector for point in points}
        for node in nodes:
            node.embedding = vectors[node.node_id]
        return nodes


@pytest.fixture
def theirs() -> Failing:
    return Failing("theirs", QdrantClient(":memory:"))


@pytest.fixture
def index(theirs: Failing, make_embedder: Callable[..., Embedder]) -> MultimodalIndex:
    index = MultimodalIndex(make_embedder(dimensions=64), NodeStore(theirs))
    index.add([Item("bread", source="s", metadata={"v": 1})])
    return index


def test_a_failed_change_leaves_what_was_there(index: MultimodalIndex, theirs: Failing) -> None:
    theirs.fail(1)
    with pytest.raises(StoreError, match="the disk is full"):
        index.add([Item("bread", source="s", metadata={"v": 2})])
    assert [hit.record.metadata["v"] for hit in index.search("bread")] == [1]
    report = index.add([Item("bread", source="s", metadata={"v": 3})])
    assert (report.added, report.reused, report.usage.requests) == (0, 1, 0)
    assert [hit.record.metadata["v"] for hit in index.search("bread")] == [3]


def test_nodes_that_the_store_does_not_take_back_are_on_the_error(index: MultimodalIndex, theirs: Failing) -> None:
    theirs.fail(2)
    with pytest.raises(NodesLeftOutError, match=r"1 nodes were deleted .*the disk is full") as caught:
        index.add([Item("bread", source="s", metadata={"v": 2})])
    assert index.search("bread") == []
    theirs.add(list(caught.value.nodes))
    assert [hit.record.metadata["v"] for hit in index.search("bread")] == [1]
