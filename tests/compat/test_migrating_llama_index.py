"""With pymilvus 2.6: a collection of LlamaIndex's Milvus store, embedded anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fix_stores import CountingEmbedder
from gemini_embed import Embedder, FromMilvus, Migration, MilvusStore, MultimodalIndex
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.vector_stores.milvus import MilvusVectorStore

pytestmark = pytest.mark.compat
TEXTS = ["bread rises because of yeast", "glaciers grind the valley"]


def test_llama_index_milvus(
    make_embedder: Callable[..., Embedder], counting_embedder: CountingEmbedder, tmp_path: Path
) -> None:
    """Ids of nodes, the documents they are of, texts and metadata stay; the old vectors are compared by IP."""
    place = str(tmp_path / "k.db")
    theirs = MilvusVectorStore(uri=place, collection_name="docs", dim=32, use_async_client=False)
    of = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="book-1")}
    nodes = [
        TextNode(id_=f"node-{n}", text=text, metadata={"page": n, "tags": ["a"]}, relationships=of)
        for n, text in enumerate(TEXTS)
    ]
    for node in nodes:
        node.embedding = counting_embedder.embed([node.text]).tolist()[0]
    theirs.add(nodes)
    with MultimodalIndex(make_embedder(dimensions=64), MilvusStore(place, collection="new")) as target:
        migration = Migration(FromMilvus(place, "docs"), target)
        report = migration.run(progress=False)
        assert (migration.layout, report.added, report.skipped) == ("llama-index", 2, ())
        for node in nodes:
            (record,) = target.get([node.node_id])
            assert (record.page_content, record.source) == (node.text, "book-1")
            assert {name: record.metadata[name] for name in node.metadata} == node.metadata
        found = migration.verify()
        assert found.passed
        assert found.overlap == 1.0
        migration.close()
