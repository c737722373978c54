"""Stores of LangChain behind an index, those that need no engine: the suite of stores, and what both sides see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_engines import no_embeddings
from fix_shared import BREAD, ICE, check_shared
from fix_signs import Signs
from gemini_embed import Fingerprint, FingerprintMismatchError, InputError, Item, StoreError
from gemini_embed.testing import SearchingTests
from gemini_embed_emulator import Emulator
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever
from langchain_gemini_embed.stores.in_memory import InMemoryStore

Make = Callable[..., GeminiEmbeddings]


def in_memory(place: Path) -> InMemoryStore:
    return InMemoryStore(InMemoryVectorStore(no_embeddings()))


class TestInMemoryVectorStore(SearchingTests):
    factory = in_memory


async def test_all_modalities_in_memory(make_langchain: Make, emulator: Emulator, signs: Signs) -> None:
    await check_shared(InMemoryVectorStore(make_langchain(dimensions=128)), emulator, signs)


def test_vectors_of_another_size_are_told(make_langchain: Make) -> None:
    """Where there is no place for a fingerprint."""
    store = InMemoryVectorStore(make_langchain(dimensions=64))
    store.add_texts([ICE])
    with pytest.raises(FingerprintMismatchError, match="holds vectors of 64 dimensions, and the embedder makes 128"):
        InMemoryStore(store).open(Fingerprint("gemini-embedding-2", 128, "prefix:retrieval", "unit"))


class TextsOnly(VectorStore):
    """As a store that is known by LangChain's methods alone: Pinecone's, Weaviate's, Elasticsearch's."""

    def __init__(self, embeddings: GeminiEmbeddings) -> None:
        self.inner = InMemoryVectorStore(embeddings)

    @property
    def embeddings(self) -> Any:
        return self.inner.embeddings

    def add_texts(self, texts: Any, metadatas: Any = None, **options: Any) -> list[str]:
        return self.inner.add_texts(texts, metadatas, **options)

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        return self.inner.similarity_search(query, k)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> list[Document]:
        return self.inner.similarity_search_by_vector(embedding, k)

    def delete(self, ids: Any = None, **options: Any) -> None:
        self.inner.delete(ids)

    @classmethod
    def from_texts(cls, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


class WithScores(TextsOnly):
    """As Pinecone's."""

    def similarity_search_by_vector_with_score(self, embedding: list[float], *, k: int = 4) -> Any:
        return self.inner.similarity_search_with_score_by_vector(embedding, k)

    def get_by_ids(self, ids: Any, /) -> list[Document]:
        return self.inner.get_by_ids(ids)


class WithDistances(TextsOnly):
    """As many of langchain-community."""

    def similarity_search_with_score_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> Any:
        return [(one, 1 - score) for one, score in self.inner.similarity_search_with_score_by_vector(embedding, k)]


@pytest.mark.parametrize("k", [1, 2])
def test_a_store_that_tells_distances(k: int, make_langchain: Make) -> None:
    """They are no scores: the nearest has the most."""
    store = WithDistances(make_langchain(dimensions=64))
    index = GeminiMultimodalRetriever.from_vectorstore(store).index
    index.add([BREAD, ICE, "boats sail"])
    for fusion in ("rrf", "raw"):
        hits = index.search("what grinds valleys?", k, fusion=fusion)
        assert hits[0].page_content == ICE
    (best,), *others = [[one] for one in index.search("what grinds valleys?", k, fusion="raw")]
    assert all(best.score > other.score for (other,) in others)
    assert index.search("what grinds valleys?", k, score_threshold=-0.99)[0].page_content == ICE
    assert index.search("what grinds valleys?", k, score_threshold=0.0) == []


@pytest.mark.parametrize("kind", [TextsOnly, WithScores])
async def test_texts_in_any_other_store(kind: type[TextsOnly], make_langchain: Make, emulator: Emulator) -> None:
    """They are embedded once, by the index, with their titles, and found by either side."""
    store = kind(make_langchain(dimensions=64))
    retriever = GeminiMultimodalRetriever.from_vectorstore(store, k=1)
    twice = [Item(ICE, source="a.md", title="Ice"), Item(ICE, source="b.md"), Item(BREAD, metadata={"page": 3})]
    assert retriever.index.add(twice).added == 3
    assert emulator.requests.items_billed == 3
    assert len({tuple(one["vector"]) for one in store.inner.store.values()}) == 3
    (found,) = await retriever.ainvoke("what grinds valleys?")
    assert found.page_content == ICE
    assert (found.metadata["score"] > 0) == (kind is WithScores)
    assert retriever.invoke("what grinds valleys?", filter={"page": {"gt": 2}})[0].page_content == BREAD
    store.add_texts(["boats sail"])
    assert retriever.invoke("boats")[0].page_content == "boats sail"
    if kind is WithScores:
        assert retriever.index.add(twice).reused == 3
    (bread,) = retriever.invoke(BREAD)
    assert retriever.index.delete([bread.id or ""]) == (kind is WithScores)
    assert retriever.invoke(BREAD)[0].page_content != BREAD


def test_a_medium_needs_a_store_that_takes_vectors(make_langchain: Make, emulator: Emulator, signs: Signs) -> None:
    """It is told before anything is paid, with the names of those."""
    retriever = GeminiMultimodalRetriever.from_vectorstore(TextsOnly(make_langchain(dimensions=64)))
    picture = signs.folder / "red-circle.png"
    with pytest.raises(InputError, match=r"input 1: a TextsOnly takes texts only, .*red-circle\.png\): Chroma, FAISS"):
        retriever.index.add([BREAD, picture])
    report = retriever.index.add([BREAD, picture], on_error="skip")
    assert (report.added, len(report.skipped), emulator.requests.items_billed) == (1, 1, 1)


def test_what_any_other_store_cannot_do_is_an_error(make_langchain: Make) -> None:
    retriever = GeminiMultimodalRetriever.from_vectorstore(WithScores(make_langchain(dimensions=64)))
    index = retriever.index
    index.add([Item(BREAD, source="bread.md")])
    for refused in (
        index.count,
        index.vectors,
        lambda: index.delete(source="bread.md"),
        lambda: index.add([Item(BREAD, source="bread.md", metadata={"page": 2})]),
        lambda: retriever.invoke("x", mmr=0.5),
    ):
        with pytest.raises(StoreError, match=r"a WithScores cannot .* Qdrant can"):
            refused()
