"""LangChain: documents embedded by jobs of the Batch API, found in the cache by whatever embeds them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import ConfigurationError, EdgeStore, InputError, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever

TEXTS = [f"The {i}th passage, of bread and yeast." for i in range(30)]
Make = Callable[..., GeminiEmbeddings]


@pytest.fixture
def embeddings(emulator: Emulator, tmp_path: Path) -> Make:
    """Makes embeddings that share one cache."""

    def make(**options: Any) -> GeminiEmbeddings:
        given: dict[str, Any] = {"base_url": emulator.base_url, "google_api_key": "k", "output_dimensionality": 128}
        return GeminiEmbeddings(**given | {"cache": str(tmp_path / "vectors.db")} | options)

    return make


@pytest.mark.parametrize("door", ["sync", "async"])
def test_a_vector_store_sends_nothing_afterwards(embeddings: Make, emulator: Emulator, door: str) -> None:
    ours = embeddings()
    store = InMemoryVectorStore(embeddings())
    documents = [Document(text) for text in TEXTS]

    async def submitted() -> None:
        run = await ours.asubmit_batch(TEXTS)
        await run.awaited()

    if door == "async":
        asyncio.run(submitted())
    else:
        ours.submit_batch(TEXTS).wait()
    sent = len(emulator.requests)
    if door == "async":
        asyncio.run(store.aadd_documents(documents))
    else:
        store.add_documents(documents)
    assert len(emulator.requests) == sent
    assert emulator.bill.batch.items == len(TEXTS)
    assert len(store.store) == len(TEXTS)


def test_titles_go_along(embeddings: Make, emulator: Emulator) -> None:
    ours = embeddings()
    titles = ["Baking", *[None] * (len(TEXTS) - 1)]
    run = ours.submit_batch(TEXTS, titles, name="with-titles")
    assert run.name == "with-titles"
    by_jobs = run.wait()
    sent = len(emulator.requests)
    assert by_jobs is not None
    assert ours.embed_documents(TEXTS, titles=titles) == by_jobs.tolist()
    assert len(emulator.requests) == sent
    assert ours.embed_documents(TEXTS[:1]) != by_jobs.tolist()[:1]


def test_the_retriever_adds_by_jobs(embeddings: Make, emulator: Emulator, tmp_path: Path) -> None:
    """A list of documents can be read twice, a loader's stream cannot."""
    documents = [Document(text, metadata={"source": text}) for text in TEXTS]
    with MultimodalIndex(embeddings().embedder, EdgeStore(tmp_path / "index")) as index:
        retriever = GeminiMultimodalRetriever(index=index, k=1)
        assert retriever.add_documents(documents, price="batch").added == len(TEXTS)
        with pytest.raises(InputError, match="reads the items twice"):
            retriever.add_documents(iter(documents), price="batch")
        (found,) = retriever.invoke(TEXTS[7])
    assert found.page_content == TEXTS[7]
    assert emulator.bill.batch.items == len(TEXTS)


def test_a_cache_is_needed(embeddings: Make, emulator: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="batch jobs need cache="):
        embeddings(cache=None).submit_batch(TEXTS)
    assert len(emulator.requests) == 0


@pytest.mark.parametrize("door", ["sync", "async"])
def test_documents_are_told_from_texts(embeddings: Make, door: str) -> None:
    """In words that say what to pass."""
    documents: Any = [*TEXTS, Document("one")]
    ours = embeddings()
    with pytest.raises(InputError, match=r"takes texts, not Document: \[document\.page_content for") as caught:
        asyncio.run(ours.asubmit_batch(documents)) if door == "async" else ours.submit_batch(documents)
    assert caught.value.position == len(TEXTS)
