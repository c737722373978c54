"""`precision=` through every door, as far as the store; what a store cannot take is told before anything is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import (
    EdgeStore,
    Embedder,
    Image,
    InputError,
    MilvusStore,
    MultimodalIndex,
    Precision,
    QdrantStore,
    Store,
)
from gemini_embed.stores import FilterLike, FloatArray
from langchain_gemini_embed import GeminiMultimodalRetriever as LangChainRetriever
from llama_index.core.schema import QueryBundle
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaIndexRetriever
from made_earlier.make import png

EXACT, COARSE = Precision(exact=True), Precision(oversampling=1, rescore=False)
TEXTS = [f"sentence {number} about bicycles" for number in range(300)]


class Noting(EdgeStore):
    """Notes the precision of every search."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self.noted: list[Precision | None] = []

    def search_each(
        self, vector: FloatArray, k: int, filters: Sequence[FilterLike], *, precision: Precision | None = None
    ) -> list[list[Any]]:
        self.noted.append(precision)
        return super().search_each(vector, k, filters, precision=precision)


def over(store: Store) -> MultimodalIndex:
    return MultimodalIndex(cast("Embedder", CountingEmbedder()), store)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[MultimodalIndex]:
    """Of texts, with codes of 1 bit."""
    with over(Noting(tmp_path / "index", quantization="turbo1")) as index:
        index.add(TEXTS)
        yield index


def noted(index: MultimodalIndex) -> list[Precision | None]:
    """Since it was last asked."""
    assert isinstance(index.store, Noting)
    found, index.store.noted = index.store.noted, []
    return found


QUERY = "something about bicycles"
VECTOR = CountingEmbedder().vector(type("Text", (), {"parts": (), "title": None})())
LangChain: Callable[..., Any] = LangChainRetriever
LlamaIndex: Callable[..., Any] = LlamaIndexRetriever


DOORS: list[tuple[str, Callable[[MultimodalIndex], Any]]] = [
    ("search", lambda index: index.search(QUERY, precision=EXACT)),
    ("asearch", lambda index: asyncio.run(index.asearch(QUERY, precision=EXACT))),
    ("search_mean", lambda index: index.search_mean([QUERY, "more"], precision=EXACT)),
    ("asearch_mean", lambda index: asyncio.run(index.asearch_mean([QUERY, "more"], precision=EXACT))),
    ("search_vector", lambda index: index.search_vector(VECTOR, precision=EXACT)),
    ("asearch_vector", lambda index: asyncio.run(index.asearch_vector(VECTOR, precision=EXACT))),
    ("langchain", lambda index: LangChain(index=index, precision=EXACT).invoke(QUERY)),
    ("langchain-async", lambda index: asyncio.run(LangChain(index=index, precision=EXACT).ainvoke(QUERY))),
    ("langchain-call", lambda index: LangChain(index=index, precision=COARSE).invoke(QUERY, precision=EXACT)),
    ("langchain-tool", lambda index: LangChain(index=index, precision=EXACT).search_tool().invoke({"query": QUERY})),
    ("llama-index", lambda index: LlamaIndex(index, precision=EXACT).retrieve(QUERY)),
    ("llama-index-async", lambda index: asyncio.run(LlamaIndex(index, precision=EXACT).aretrieve(QUERY))),
    (
        "llama-index-call",
        lambda index: LlamaIndex(index, precision=COARSE).with_options(precision=EXACT).retrieve(QUERY),
    ),
    (
        "llama-index-vector",
        lambda index: LlamaIndex(index, precision=EXACT).retrieve(QueryBundle("", embedding=list(VECTOR))),
    ),
    ("llama-index-tool", lambda index: LlamaIndex(index, precision=EXACT).search_tool()(QUERY, modality="text")),
]


@pytest.mark.parametrize("door", [pytest.param(door, id=name) for name, door in DOORS])
def test_every_door_passes_it_on(door: Callable[[MultimodalIndex], Any], index: MultimodalIndex) -> None:
    noted(index)
    door(index)
    assert noted(index) == [EXACT]


def test_an_exact_search_is_exact_and_a_coarse_one_is_not(index: MultimodalIndex) -> None:
    (batch,) = index.store.iterate(batch_size=1000)
    unit = VECTOR / np.linalg.norm(VECTOR)
    best = [batch.records[int(i)].id for i in np.argsort(-(batch.vectors @ unit))[:20]]
    hits = index.search_vector(VECTOR, 20, precision=EXACT)
    assert [hit.record.id for hit in hits] == best
    coarse = index.search_vector(VECTOR, 20, precision=COARSE)
    assert [hit.record.id for hit in coarse] != best
    rescored = index.search_vector(VECTOR, 20, precision=Precision(oversampling=15))
    assert [hit.record.id for hit in rescored] == best  # 15 x 20 are all


def test_of_several_modalities_each_is_asked_so(index: MultimodalIndex) -> None:
    index.add([Image(png())])
    noted(index)
    assert {hit.modality for hit in index.search(QUERY, 5, precision=EXACT)} == {"text", "image"}
    assert noted(index) == [EXACT]


class Theirs(Store):
    """A store with the signatures of before; it keeps nothing in mind."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __repr__(self) -> str:
        return "Theirs()"

    def open(self, fingerprint: Any) -> None:
        self.calls.append("open")

    def search(self, vector: Any, k: int, filter: Any = None) -> list[Any]:
        self.calls.append("search")
        return []

    def search_each(self, vector: Any, k: int, filters: Any) -> list[list[Any]]:  # type: ignore[override]  # as it was
        return [self.search(vector, k, filter) for filter in filters]

    def count(self, filter: Any = None) -> int:
        return 1 if filter else 2

    def upsert(self, *_: Any) -> None: ...
    def update(self, *_: Any) -> None: ...
    def vectors(self, *_: Any) -> Any: ...
    def get(self, *_: Any) -> Any: ...
    def delete(self, *_: Any, **__: Any) -> int: ...  # type: ignore[empty-body]  # nobody calls it
    def iterate(self, **_: Any) -> Any: ...
    def close(self) -> None: ...


@pytest.mark.parametrize("make", [lambda _: Theirs(), lambda place: MilvusStore(place / "index.db")])
def test_a_store_that_cannot_is_named_before_any_request(make: Callable[[Path], Store], tmp_path: Path) -> None:
    store = make(tmp_path)
    index = over(store)
    for search in (index.search, lambda _, **options: index.search_vector(VECTOR, **options)):
        with pytest.raises(InputError, match=rf"{type(store).__name__}\(.* takes no precision"):
            search(QUERY, precision=EXACT)
    assert cast("CountingEmbedder", index.embedder).embedded == []
    assert not list(tmp_path.iterdir())
    if isinstance(store, Theirs):
        assert store.calls == []
        index.search(QUERY)
        assert "search" in store.calls
        with pytest.raises(Exception, match="cannot change the codes"):
            index.optimize(quantization="turbo1")


@pytest.mark.parametrize("kind", ["edge", "qdrant"])
def test_without_codes_what_they_would_honour_is_refused(kind: str, tmp_path: Path) -> None:
    """And an exact search is fine: of a graph, and in local mode, which knows no other."""
    store = EdgeStore(tmp_path / "i", quantization="none") if kind == "edge" else QdrantStore(":memory:")
    with over(store) as index:
        index.add(TEXTS[:5])
        asked = len(cast("CountingEmbedder", index.embedder).embedded)
        with pytest.raises(InputError, match=r"Store\(.* holds no codes"):
            index.search(QUERY, precision=Precision(oversampling=2))
        assert len(cast("CountingEmbedder", index.embedder).embedded) == asked
        assert len(index.search(QUERY, precision=EXACT)) == 5


def test_codes_that_are_not_made_yet_honour_nothing(tmp_path: Path) -> None:
    """It would be ignored."""
    with over(EdgeStore(tmp_path / "i", quantization="none")) as index:
        index.add(TEXTS)
    with over(EdgeStore(tmp_path / "i", quantization="binary")) as index:
        for precision in (COARSE, Precision(oversampling=3)):
            with pytest.raises(InputError, match="has made no codes yet"):
                index.search(QUERY, precision=precision)
        index.optimize()
        assert len(index.search(QUERY, precision=COARSE)) == 10


def test_codes_of_some_vectors_give_no_scores_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an optimisation leaves them that was killed."""
    with over(EdgeStore(tmp_path / "i", quantization="binary")) as index:
        index.add(TEXTS)
        monkeypatch.setattr(index.store, "_made", {"binary", "none"})
        with pytest.raises(InputError, match="some vectors have no codes yet"):
            index.search(QUERY, precision=COARSE)
        assert len(index.search(QUERY, precision=Precision(oversampling=3))) == 10


def test_a_server_is_told_in_its_one_request(qdrant_server: QdrantServer) -> None:
    with over(QdrantStore(url=qdrant_server.url, quantization="turbo1", oversampling=2)) as index:
        index.add(TEXTS[:5])
        told = []
        for precision in (None, EXACT, COARSE, Precision(oversampling=4)):
            qdrant_server.asked.clear()
            index.search(QUERY, 3, precision=precision)
            assert qdrant_server.asked == ["POST points/query/batch"]
            told.append(qdrant_server.params[-1])
    assert told == [
        {"quantization": {"rescore": True, "oversampling": 2}},
        {"exact": True, "quantization": {"ignore": True}},
        {"quantization": {"rescore": False, "oversampling": 1}},
        {"quantization": {"rescore": True, "oversampling": 4}},
    ]
