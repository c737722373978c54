"""With pymilvus 2.6: a Milvus collection of ours in LlamaIndex's own store, and the store suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_docs import ROOT, blocks_of
from fix_stores import CountingEmbedder
from gemini_embed import Image, Item, MilvusStore, MultimodalIndex, StoreError
from gemini_embed.testing import StoreTests
from llama_index.core.schema import ImageNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever
from llama_index.vector_stores.milvus import MilvusVectorStore
from PIL import Image as Pillow

pytestmark = pytest.mark.compat


@pytest.fixture
def index(counting_embedder: CountingEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    red = tmp_path / "red.png"
    Pillow.new("RGB", (4, 4), "red").save(red)
    store = MilvusStore(tmp_path / "kitchen.db", collection="c")
    with MultimodalIndex(counting_embedder, store) as made:  # type: ignore[arg-type]  # a stand-in
        made.add(
            [
                Item("yeast", source="bread.md", metadata={"page": 3, "tags": ["a"], "none": None}),
                Item("flour", source="bread.md", metadata={"page": 4}),
                Image(red),
            ]
        )
        yield made


@pytest.fixture
def theirs(index: MultimodalIndex, tmp_path: Path) -> MilvusVectorStore:
    assert index.count() == 3
    return MilvusVectorStore(
        uri=str(tmp_path / "kitchen.db"),
        collection_name="c",
        embedding_field="vector",
        similarity_metric="COSINE",
        dim=32,
        use_async_client=False,
    )


def test_opens_in_llama_index(
    index: MultimodalIndex, theirs: MilvusVectorStore, counting_embedder: CountingEmbedder, tmp_path: Path
) -> None:
    vector = counting_embedder.embed(["yeast"]).tolist()[0]
    only = MetadataFilters(filters=[MetadataFilter(key="source", value="bread.md")])
    result = theirs.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=5, filters=only))
    hits = index.search("yeast", filter={"source": "bread.md"})
    assert result.nodes is not None
    assert result.ids == [hit.record.id for hit in hits]
    assert [node.metadata for node in result.nodes] == [hit.metadata for hit in hits]
    assert [node.get_content() for node in result.nodes] == ["yeast", "flour"]
    assert [node.ref_doc_id for node in result.nodes] == ["bread.md", "bread.md"]
    assert result.similarities == pytest.approx([hit.score for hit in hits], abs=1e-5)
    everything = theirs.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=5))
    (image,) = (node for node in everything.nodes or () if isinstance(node, ImageNode))
    assert (image.image_path, image.image_mimetype) == (str(tmp_path / "red.png"), "image/png")


def test_llama_index_deletes_by_source_and_by_id(index: MultimodalIndex, theirs: MilvusVectorStore) -> None:
    theirs.delete("bread.md")
    (left,) = index.search("yeast")
    theirs.delete_nodes([left.record.id])
    assert index.count() == 0


@pytest.mark.usefixtures("reader_folder")
def test_the_page_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    """The block of docs/interop-milvus.md that the first environment cannot run, after the page's first block."""
    blocks = blocks_of(ROOT / "docs/interop-milvus.md", "python")
    (ours,) = (block for block in blocks if block.not_run is not None)
    namespace: dict[str, object] = {}
    blocks[0].run(namespace)
    capsys.readouterr()
    ours.run(namespace)
    assert capsys.readouterr().out == ours.printed


def milvus_lite(place: Path) -> MilvusStore:
    return MilvusStore(place.with_suffix(".db"))


class TestMilvusLite(StoreTests):
    """The store suite with pymilvus 2.6; the first environment has pymilvus 3."""

    factory = milvus_lite
    max_text_bytes = 65_535


def test_a_retriever_over_their_own_store(make_llama_index: Callable[..., GeminiEmbedding], tmp_path: Path) -> None:
    """Their Milvus store ignores conditions without a word of its own; they hold nevertheless."""
    theirs = MilvusVectorStore(
        uri=str(tmp_path / "theirs.db"), dim=64, similarity_metric="COSINE", use_async_client=False
    )
    model = make_llama_index(dimensions=64)
    retriever = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=5)
    assert retriever.retrieve("bread") == []
    items = [Item("bread rises", source="bread.md"), Item("glaciers grind", source="ice.md", metadata={"draft": True})]
    assert retriever.index.add(items).added == 2
    assert retriever.index.add(items).reused == 2
    assert [node.metadata["source"] for node in retriever.retrieve("what rises like bread?")] == ["bread.md", "ice.md"]
    assert [hit.source for hit in retriever.index.search("bread", filter={"draft": None})] == ["bread.md"]
    assert retriever.index.add([Item("bread falls", source="bread.md")]).replaced == 1
    assert retriever.index.delete(source="bread.md") == 1
    with pytest.raises(StoreError, match="Either node_ids or filters"):
        retriever.index.count()
