"""A collection of ours opens in the frameworks' own Qdrant stores, and one of theirs can be taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_langchain import as_langchain
from fix_stores import CountingEmbedder
from gemini_embed import FingerprintMismatchError, Image, Item, MultimodalIndex, QdrantStore, StoreError
from langchain_qdrant import QdrantVectorStore as LangChainStore
from llama_index.core.schema import ImageNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.vector_stores.qdrant import QdrantVectorStore as LlamaIndexStore
from PIL import Image as Pillow
from qdrant_client import QdrantClient, models


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture
def index(client: QdrantClient, counting_embedder: CountingEmbedder, tmp_path: Path) -> MultimodalIndex:
    red = tmp_path / "red.png"
    Pillow.new("RGB", (4, 4), "red").save(red)
    made = MultimodalIndex(counting_embedder, QdrantStore(client=client, collection="c"))  # type: ignore[arg-type]  # a stand-in
    made.add(
        [
            Item("yeast", source="bread.md", metadata={"page": 3, "deep": {"x": 1}}),
            Item("flour", source="bread.md", metadata={"page": 4}),
            Image(red),
        ]
    )
    return made


def test_opens_in_langchain(index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder) -> None:
    theirs = LangChainStore(client=client, collection_name="c", embedding=as_langchain(counting_embedder))
    only = models.Filter(must=[models.FieldCondition(key="metadata.page", match=models.MatchValue(value=3))])
    ((document, score),) = theirs.similarity_search_with_score("yeast", k=3, filter=only)
    hit = index.search("yeast", 1)[0]
    assert document.page_content == "yeast"
    assert score == pytest.approx(hit.score)
    assert document.metadata == {**hit.metadata, "_id": hit.record.id, "_collection_name": "c"}
    theirs.delete([hit.record.id])
    assert index.count() == 2


def test_what_langchain_adds_is_found_here(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    theirs = LangChainStore(client=client, collection_name="c", embedding=as_langchain(counting_embedder))
    (added,) = theirs.add_texts(["salt"], metadatas=[{"source": "bread.md"}])
    hit = index.search("salt", 1)[0]
    assert (hit.page_content, hit.source, hit.modality) == ("salt", "bread.md", None)
    assert index.get([str(added)]) == [hit.record]
    assert index.delete(source="bread.md") == 3


def test_opens_in_llama_index(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder, tmp_path: Path
) -> None:
    theirs = LlamaIndexStore(collection_name="c", client=client)
    vector = counting_embedder.embed(["yeast"]).tolist()[0]
    only = MetadataFilters(filters=[MetadataFilter(key="metadata.source", value="bread.md")])
    result = theirs.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=5, filters=only))
    hits = index.search("yeast", filter={"source": "bread.md"})
    assert result.nodes is not None
    assert [node.node_id for node in result.nodes] == [hit.record.id for hit in hits]
    assert [node.metadata for node in result.nodes] == [hit.metadata for hit in hits]
    assert result.nodes[0].get_content() == "yeast"
    assert result.nodes[0].ref_doc_id == "bread.md"
    assert result.similarities == pytest.approx([hit.score for hit in hits])
    (image,) = (node for node in theirs.get_nodes() if isinstance(node, ImageNode))
    assert (image.image_path, image.image_mimetype) == (str(tmp_path / "red.png"), "image/png")
    theirs.delete("bread.md")
    assert index.count() == 1


def theirs_filled(client: QdrantClient, embedder: CountingEmbedder) -> None:
    client.create_collection("old", models.VectorParams(size=32, distance=models.Distance.COSINE))
    store = LangChainStore(client=client, collection_name="old", embedding=as_langchain(embedder))
    store.add_texts(["yeast", "flour"], metadatas=[{"source": "bread.md", "page": 1}, {"source": "mill.md"}])


def test_a_collection_of_others_is_refused_with_the_way_out(
    client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    theirs_filled(client, counting_embedder)
    index = MultimodalIndex(counting_embedder, QdrantStore(client=client, collection="old"))  # type: ignore[arg-type]  # a stand-in
    with pytest.raises(StoreError, match=r"holds 2 vectors and no fingerprint(.|\n)*adopt=True"):
        index.search("yeast")
    assert client.get_collection("old").config.metadata is None


def test_a_collection_of_others_can_be_adopted(client: QdrantClient, counting_embedder: CountingEmbedder) -> None:
    theirs_filled(client, counting_embedder)
    client.update_collection("old", metadata={"owner": "Ann"})
    store = QdrantStore(client=client, collection="old", adopt=True)
    index = MultimodalIndex(counting_embedder, store)  # type: ignore[arg-type]  # a stand-in
    hit = index.search("yeast", 1, filter={"page": 1})[0]
    assert (hit.page_content, hit.source) == ("yeast", "bread.md")
    assert hit.score == pytest.approx(1.0, abs=1e-5)
    assert index.add([Item("rye", source="bread.md")]).replaced == 1
    metadata = client.get_collection("old").config.metadata
    assert metadata == {"owner": "Ann", "gemini_embed": counting_embedder.fingerprint.to_dict()}
    again = QdrantStore(client=client, collection="old")
    again.open(counting_embedder.fingerprint)
    with pytest.raises(FingerprintMismatchError):
        QdrantStore(client=client, collection="old", adopt=True).open(CountingEmbedder("another").fingerprint)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        pytest.param(models.VectorParams(size=8, distance=models.Distance.COSINE), "8 dimensions", id="size"),
        pytest.param(models.VectorParams(size=32, distance=models.Distance.DOT), "distance Dot", id="distance"),
        pytest.param(
            {"text-dense": models.VectorParams(size=32, distance=models.Distance.COSINE)}, "named vectors", id="named"
        ),
    ],
)
def test_vectors_of_another_shape_cannot_be_adopted(
    client: QdrantClient, counting_embedder: CountingEmbedder, vectors: models.VectorParams, words: str
) -> None:
    client.create_collection("old", vectors)
    with pytest.raises(StoreError, match=words):
        QdrantStore(client=client, collection="old", adopt=True).open(counting_embedder.fingerprint)


def test_an_empty_collection_of_others_is_taken(client: QdrantClient, counting_embedder: CountingEmbedder) -> None:
    """Made beforehand for its own settings, as people do on servers."""
    client.create_collection("new", models.VectorParams(size=32, distance=models.Distance.COSINE, on_disk=True))
    MultimodalIndex(counting_embedder, QdrantStore(client=client, collection="new")).add(["x"])  # type: ignore[arg-type]  # a stand-in
    assert client.count("new").count == 1


def test_a_client_of_yours_stays_open(index: MultimodalIndex, client: QdrantClient) -> None:
    index.close()
    assert client.count("c").count == 3
