"""A Milvus collection of ours opens in langchain-milvus, and one of theirs can be taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_langchain import as_langchain
from fix_stores import CountingEmbedder
from gemini_embed import EdgeStore, Image, Item, MilvusStore, MultimodalIndex, QdrantStore, Store, StoreError
from langchain_milvus import Milvus
from PIL import Image as Pillow


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "kitchen.db")


@pytest.fixture
def index(place: str, counting_embedder: CountingEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    red = tmp_path / "red.png"
    Pillow.new("RGB", (4, 4), "red").save(red)
    with MultimodalIndex(counting_embedder, MilvusStore(place, collection="c")) as made:  # type: ignore[arg-type]  # a stand-in
        made.add(
            [
                Item("yeast", source="bread.md", metadata={"page": 3, "deep": {"x": 1}, "text": "own", "none": None}),
                Item("flour", source="bread.md", metadata={"page": 4}),
                Image(red),
            ]
        )
        yield made


def langchain(place: str, embedder: CountingEmbedder, collection: str = "c", **settings: Any) -> Milvus:
    return Milvus(
        embedding_function=as_langchain(embedder),
        collection_name=collection,
        connection_args={"uri": place},
        enable_dynamic_field=True,
        **settings,
    )


def test_opens_in_langchain(index: MultimodalIndex, place: str, counting_embedder: CountingEmbedder) -> None:
    theirs = langchain(place, counting_embedder)
    ((document, score),) = theirs.similarity_search_with_score("yeast", k=3, expr='page == 3 and deep["x"] == 1')
    hit = index.search("yeast", 1)[0]
    assert document.page_content == "yeast"
    assert score == pytest.approx(hit.score)
    assert document.metadata["source"] == "bread.md"
    assert document.metadata["metadata_text"] == "own"  # "text" is the field of the text itself
    assert hit.metadata["text"] == "own"
    assert "none" in hit.metadata
    theirs.delete([document.metadata["pk"]])
    assert index.count() == 2


def test_what_langchain_adds_is_found_here(
    index: MultimodalIndex, place: str, counting_embedder: CountingEmbedder
) -> None:
    theirs = langchain(place, counting_embedder)
    theirs.add_texts(["salt"], metadatas=[{"source": "bread.md", "deep": {"y": "z"}}], ids=["salt-1"])
    hit = index.search("salt", 1, filter={"deep.y": "z"})[0]
    assert (hit.page_content, hit.source, hit.metadata) == (
        "salt",
        "bread.md",
        {"source": "bread.md", "deep": {"y": "z"}},
    )
    assert index.get(["salt-1"]) == [hit.record]
    assert index.delete(source="bread.md") == 3


def test_langchain_goes_on_after_the_index_is_closed(
    index: MultimodalIndex, place: str, counting_embedder: CountingEmbedder
) -> None:
    theirs = langchain(place, counting_embedder)
    index.close()
    assert theirs.similarity_search("flour", k=1)[0].page_content == "flour"


def test_a_collection_of_langchain_is_refused_or_adopted(place: str, counting_embedder: CountingEmbedder) -> None:
    theirs = langchain(place, counting_embedder, "old", index_params={"metric_type": "COSINE", "index_type": "FLAT"})
    theirs.add_texts(["yeast", "flour"], metadatas=[{"source": "bread.md"}, {"source": "mill.md"}], ids=["1", "2"])
    refused = MilvusStore(place, collection="old")
    with pytest.raises(StoreError, match=r"holds 2 vectors and no fingerprint(.|\n)*adopt=True"):
        refused.open(counting_embedder.fingerprint)
    refused.close()
    with MultimodalIndex(counting_embedder, MilvusStore(place, collection="old", adopt=True)) as index:  # type: ignore[arg-type]  # a stand-in
        assert index.search("yeast", 1)[0].score == pytest.approx(1.0, abs=1e-5)
        assert index.add([Item("rye", source="bread.md")]).replaced == 1
    with MultimodalIndex(counting_embedder, MilvusStore(place, collection="old")) as again:  # type: ignore[arg-type]  # a stand-in
        assert again.count() == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"index_params": {"metric_type": "L2", "index_type": "FLAT"}}, "metric L2", id="metric"),
        pytest.param({"text_field": "body"}, "has the fields body, pk, vector; ours has", id="fields"),
    ],
)
def test_a_collection_of_another_shape_cannot_be_adopted(
    place: str, counting_embedder: CountingEmbedder, settings: dict[str, Any], words: str
) -> None:
    langchain(place, counting_embedder, "old", **settings).add_texts(["yeast"], ids=["1"])
    store = MilvusStore(place, collection="old", adopt=True)
    with pytest.raises(StoreError, match=words):
        store.open(counting_embedder.fingerprint)
    store.close()


@pytest.mark.parametrize("kind", ["edge", "qdrant", "milvus"])
def test_copies_to_every_store_and_back(
    index: MultimodalIndex, counting_embedder: CountingEmbedder, tmp_path: Path, kind: str
) -> None:
    stores: dict[str, Store] = {
        "edge": EdgeStore(tmp_path / "copy"),
        "qdrant": QdrantStore(":memory:"),
        "milvus": MilvusStore(tmp_path / "copy.db"),
    }
    embedded = len(counting_embedder.embedded)
    assert index.copy_to(stores[kind]) == 3
    with MultimodalIndex(counting_embedder, stores[kind]) as copy:  # type: ignore[arg-type]  # a stand-in
        back = MilvusStore(tmp_path / "back.db")
        assert copy.copy_to(back) == 3
        vector = counting_embedder.vector(counting_embedder.embedded[0][1])
        expected = index.search_vector(vector, 3, fusion="raw")
        for hits in (copy.search_vector(vector, 3, fusion="raw"), back.search(vector.astype("float32"), 3)):
            assert [hit.record for hit in hits] == [hit.record for hit in expected]
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-5)
        back.close()
    assert len(counting_embedder.embedded) == embedded
