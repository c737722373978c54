"""Vector stores of LlamaIndex over their real engines, behind an index: the suite of stores, and what both see."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_engines import node_chroma, node_duckdb, node_lancedb, node_pgvector
from fix_signs import Signs
from gemini_embed import ConfigurationError, Fingerprint, InputError, Item, Record
from gemini_embed.testing import SearchingTests
from gemini_embed_emulator import Emulator
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, NodeStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore:table_names\\(\\) is deprecated:DeprecationWarning"
    ),  # asked by LlamaIndex's LanceDB
]


def in_chroma(place: Path) -> NodeStore:
    return NodeStore(node_chroma(place))


def in_lancedb(place: Path) -> NodeStore:
    return NodeStore(node_lancedb(place))


def in_duckdb(place: Path) -> NodeStore:
    return NodeStore(node_duckdb(place))


def in_pgvector(place: Path) -> NodeStore:
    return NodeStore(node_pgvector(place))


class TestChroma(SearchingTests):
    factory = in_chroma


class TestLanceDB(SearchingTests):
    factory = in_lancedb


class TestDuckDB(SearchingTests):
    factory = in_duckdb


@pytest.mark.usefixtures("postgres")
class TestPGVector(SearchingTests):
    factory = in_pgvector


MAKE: dict[str, Callable[[Path], Any]] = {
    "chroma": node_chroma,
    "lancedb": node_lancedb,
    "duckdb": node_duckdb,
    "pgvector": lambda place: node_pgvector(place, 128),
}
ICE, BREAD = "glaciers grind valleys", "bread rises in the oven"


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("kind", MAKE)
async def test_all_modalities(kind: str, emulator: Emulator, signs: Signs, tmp_path: Path) -> None:
    """Found by LlamaIndex too, with filters of either side; what goes is gone, and nothing is paid twice."""
    theirs: Any = MAKE[kind](tmp_path / "place")
    model = GeminiEmbedding(base_url=emulator.base_url, api_key="k", dimensions=128)
    if kind != "lancedb":  # whose first nodes say which metadata there may be
        theirs.add([TextNode(text=ICE, embedding=model.get_text_embedding(ICE), metadata={"author": "Ann"})])
    retriever = GeminiMultimodalRetriever.from_vector_store(theirs, model, similarity_top_k=1)
    index, pages = retriever.index, signs.folder / "signs.pdf"
    bread = Item(BREAD, source="it's bread.md", metadata={"author": "Bob", "tags": ["rye"], "shelf": {"row": 3}})
    items = [pages, signs.folder / "blue-square.png", bread]
    report = index.add(items)
    paid = emulator.requests.items_billed
    assert (report.added, index.add(items).reused, emulator.requests.items_billed) == (8, 8, paid)
    (found,) = await retriever.aretrieve("the red circle")
    assert (found.text, found.metadata["page_start"]) == ("The red circle marks the pump room.", 1)
    assert 0 < (found.score or 0) <= 1
    for filter in (
        {"tags": "rye"},
        {"shelf.row": {"gt": 2}},
        {"author": "Bob"},
        {"author": ["Bob", "Eve"], "tags": "rye"},
    ):
        assert [hit.metadata["shelf"] for hit in index.search("x", 5, filter=filter)] == [{"row": 3}]
        assert index.count(filter) == 1
    if kind != "lancedb":
        by_ann = MetadataFilters(filters=[MetadataFilter(key="author", value="Ann")])
        own = GeminiMultimodalRetriever.from_vector_store(theirs, model, filters=by_ann)
        assert [one.text for one in own.retrieve("x")] == [ICE]
    assert len(index.search("x", 3, mmr=0.5)) == len(index.search("x", 3, fusion="standardized")) == 3
    assert index.add([Item(BREAD, source="it's bread.md", metadata={"author": "Eve"})]).reused == 1
    assert (index.count({"author": "Eve"}), index.count({"author": "Bob"})) == (1, 0)
    assert (index.delete(source=pages), index.delete(source="it's bread.md")) == (6, 1)
    assert index.count() == (1 if kind == "lancedb" else 2)


@pytest.mark.usefixtures("postgres")
def test_limits_are_told_before_anything_is_paid(emulator: Emulator, tmp_path: Path) -> None:
    graph = {"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40}
    large = GeminiEmbedding(base_url=emulator.base_url, api_key="k")
    for options, said in (
        ({"dimensions": 3072, "hnsw_kwargs": graph}, "pgvector's indexes take 2,000 dimensions"),
        ({"dimensions": 1536}, "was made for vectors of 1536 dimensions, and the embedder makes 3072"),
    ):
        theirs = node_pgvector(tmp_path, **options)
        with pytest.raises(ConfigurationError, match=said):
            GeminiMultimodalRetriever.from_vector_store(theirs, large).index.add([BREAD])
    assert len(emulator.requests) == 0


STORES = {"chroma": in_chroma, "lancedb": in_lancedb, "duckdb": in_duckdb, "pgvector": in_pgvector}
DROPS = "x' IS NULL; DELETE FROM public.data_{table}; COMMIT; SELECT 1 --"


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, postgres: str, tmp_path: Path) -> NodeStore:
    return opened(STORES[request.param](tmp_path / "place"))


def opened(store: NodeStore) -> NodeStore:
    """With three records: two of source a, one of b."""
    store.open(Fingerprint("m", 8, "prefix:retrieval", "unit"))
    records = [Record(f"id{n}", f"text {n}", {"source": "aab"[n], "Größe m²": n, 'p")': "v"}) for n in range(3)]
    store.upsert(records, np.eye(8, dtype=np.float32)[:3])
    return store


def found(store: NodeStore, filter: Any) -> list[str]:
    """What a search finds, which is what is counted."""
    hits = store.search(np.ones(8, np.float32), 5, filter)
    assert len(hits) == store.count(filter)
    return sorted(hit.record.id for hit in hits)


def test_names_of_fields_are_data(store: NodeStore, tmp_path: Path) -> None:
    """LlamaIndex's stores write them into SQL and into JSON paths as they are."""
    table = hashlib.sha256(str(tmp_path / "place").encode()).hexdigest()[:16]
    for key in (DROPS.format(table=table), "x') OR 1=1 --", "x') OR (1=1", 'x" OR 1=1 --', "x :name %s", "x\n", "x.y'"):
        for filter in ({key: "v"}, {"source": "a", key: {"gte": 0}}, {"$and": [{key: ["v", "w"]}, {"source": "a"}]}):
            assert found(store, filter) == []
            assert store.delete(filter=filter) == 0
        assert found(store, {"$not": {key: "v"}}) == ["id0", "id1", "id2"]
        theirs = MetadataFilter(key=key, value="v", operator=FilterOperator.IN)
        assert found(store, MetadataFilters(filters=[theirs])) == []
    assert found(store, {"Größe m²": {"gte": 1}, "source": "a"}) == ["id1"]
    assert found(store, {'p")': "v", "source": "b"}) == ["id2"]


def test_filters_of_llama_index_mean_the_same_in_every_store(store: NodeStore) -> None:
    """LanceDB's reads NOT as AND, Chroma's and DuckDB's refuse it, and all take an empty one for everything."""
    of_a = MetadataFilter(key="source", value="a")
    neither = MetadataFilters(filters=[of_a], condition=FilterCondition.NOT)
    assert found(store, neither) == ["id2"]
    assert found(store, MetadataFilters(filters=[of_a, neither])) == []
    assert found(store, MetadataFilters(filters=[of_a, neither], condition=FilterCondition.OR)) == ["id0", "id1", "id2"]
    assert found(store, MetadataFilters(filters=[])) == ["id0", "id1", "id2"]
    for nothing in (MetadataFilters(filters=[]), MetadataFilters(filters=[MetadataFilters(filters=[])])):
        with pytest.raises(InputError, match="an empty filter matches everything"):
            store.delete(filter=nothing)
    assert store.count() == 3
    assert (store.delete(filter=neither), found(store, None)) == (1, ["id0", "id1"])


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("kind", [node_chroma, node_lancedb, node_duckdb, node_pgvector])
def test_subclasses_are_asked_as_what_they_are_made_from(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    """Ids, vectors, all records, numbers beside texts: each is asked for in a way of its own."""
    theirs = kind(tmp_path / "place")
    object.__setattr__(theirs, "__class__", type("Mine", (type(theirs),), {}))
    store = opened(NodeStore(theirs))
    assert repr(store) == "NodeStore(Mine)"
    store.upsert([Record("id2", "text 2", {"source": "b", "row": "third"})], np.eye(8, dtype=np.float32)[2:3])
    store.upsert([Record("id3", "text 3", {"source": "b", "row": 3})], np.eye(8, dtype=np.float32)[3:4])
    assert found(store, None) == ["id0", "id1", "id2", "id3"]
    assert found(store, {"row": {"gte": 2}}) == ["id3"]
    assert [hit.score for hit in store.search(np.eye(8, dtype=np.float32)[1], 1)] == pytest.approx([1])
    assert np.allclose(store.vectors(["id2"])["id2"], np.eye(8)[2])
    assert (store.delete(["id0"]), store.count()) == (1, 3)
