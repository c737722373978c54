"""LangChain's documents into an index and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import InputError, MultimodalIndex, QdrantStore
from gemini_embed_emulator import Emulator, Fault
from langchain_core.documents import Document
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever
from langchain_gemini_embed.documents import items_of

Make = Callable[..., GeminiEmbeddings]


@pytest.fixture
def retriever(make_langchain: Make) -> Any:
    index = MultimodalIndex(make_langchain(dimensions=64, batch_size=1).embedder, QdrantStore(":memory:"))
    yield GeminiMultimodalRetriever(index=index, k=2)
    index.close()


BREAD = Document("Bread rises.", id="d1", metadata={"source": "bread.md", "title": "Bread", "page": 3})
ICE = Document("Glaciers grind.", id="ice")


@pytest.mark.parametrize(
    ("document", "metadata", "title"),
    [
        pytest.param(BREAD, {**BREAD.metadata, "document_id": "d1"}, "Bread", id="source-and-id"),
        pytest.param(ICE, {"source": "ice"}, None, id="the-id-is-the-source"),
        pytest.param(Document("x", metadata={"source": "a.md"}), {"source": "a.md"}, None, id="no-id"),
        pytest.param(Document("x", metadata={"title": 7}), {"title": 7}, None, id="a-title-that-is-none"),
    ],
)
def test_what_becomes_of_a_document(document: Document, metadata: dict[str, Any], title: str | None) -> None:
    (item,) = items_of([document])
    assert (item.content, item.source, item.metadata, item.title) == (document.page_content, None, metadata, title)


def test_documents_go_in_and_come_out(retriever: GeminiMultimodalRetriever, emulator: Emulator) -> None:
    assert retriever.add_documents([BREAD, ICE]).added == 2
    assert "title: Bread | text: Bread rises." in emulator.requests[0].body.decode()

    best = retriever.invoke("bread rises")[0]
    assert (best.page_content, best.metadata["source"], best.metadata["page"]) == ("Bread rises.", "bread.md", 3)
    assert BREAD.metadata == {"source": "bread.md", "title": "Bread", "page": 3}  # the caller's own is left alone


async def test_the_async_twin_embeds_only_what_is_new(retriever: GeminiMultimodalRetriever, emulator: Emulator) -> None:
    await retriever.aadd_documents([BREAD])
    report = await retriever.aadd_documents(iter([BREAD, ICE]))
    assert (report.added, report.reused) == (1, 1)
    assert emulator.requests.items_billed == 2


def test_an_id_that_comes_again_replaces(retriever: GeminiMultimodalRetriever) -> None:
    retriever.add_documents([ICE])
    report = retriever.add_documents([Document("Ice melts.", id="ice")])
    assert (report.added, report.replaced, retriever.index.count()) == (1, 1, 1)


def test_what_is_refused_can_be_skipped(retriever: GeminiMultimodalRetriever, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(400, "no") if b"Glaciers" in request.body else None
    report = retriever.add_documents([BREAD, ICE], on_error="skip")
    assert report.added == 1
    assert [(item.position, item.source) for item in report.skipped] == [(1, "ice")]


def test_something_else_is_named(retriever: GeminiMultimodalRetriever) -> None:
    with pytest.raises(InputError, match="input 1: a str is no Document"):
        retriever.add_documents([BREAD, "a text"])  # type: ignore[list-item]  # the mistake
