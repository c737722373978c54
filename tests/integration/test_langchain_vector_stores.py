"""`GeminiEmbeddings` in LangChain's vector stores, with the guides of our examples as documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import MultimodalIndex, QdrantStore
from gemini_embed_emulator import Emulator
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_gemini_embed import GeminiEmbeddings
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

QUESTION = "My tyre is flat. How do I patch the tube?"
EXPECTED = "lever one side of the tyre over the rim and pull out the tube"
GUIDES = Path(__file__).parents[2] / "examples" / "data"


def passages() -> list[Document]:
    """Every paragraph of the guides, with the file it is from."""
    return [
        Document(paragraph, metadata={"source": path.name})
        for path in sorted(GUIDES.glob("*/*.md"))
        for paragraph in path.read_text("utf-8").split("\n\n")
        if len(paragraph) > 60
    ]


@pytest.fixture
def embeddings(make_langchain: Callable[..., GeminiEmbeddings]) -> GeminiEmbeddings:
    return make_langchain(output_dimensionality=768)


def in_memory(embeddings: GeminiEmbeddings, folder: Path) -> Iterator[VectorStore]:
    yield InMemoryVectorStore(embeddings)


def qdrant(embeddings: GeminiEmbeddings, folder: Path) -> Iterator[VectorStore]:
    store = QdrantVectorStore.construct_instance(
        embedding=embeddings, client_options={"location": ":memory:"}, collection_name="guides"
    )
    yield store
    store.client.close()


def milvus(embeddings: GeminiEmbeddings, folder: Path) -> Iterator[VectorStore]:
    vector_stores = pytest.importorskip("langchain_milvus", reason="not in the second environment")
    store = vector_stores.Milvus(
        embedding_function=embeddings,
        connection_args={"uri": str(folder / "milvus.db")},
        index_params={"index_type": "FLAT", "metric_type": "COSINE"},
        auto_id=True,
    )
    yield store
    store.client.close()


@pytest.fixture(params=[in_memory, qdrant, milvus], ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest, embeddings: GeminiEmbeddings, tmp_path: Path) -> Iterator[VectorStore]:
    yield from request.param(embeddings, tmp_path)


async def test_finds_the_passage(store: VectorStore, emulator: Emulator) -> None:
    documents = passages()
    assert len(documents) > 30
    store.add_documents(documents)
    retriever = store.as_retriever(search_kwargs={"k": 3})

    for found in (
        store.similarity_search(QUESTION, k=3),
        retriever.invoke(QUESTION),
        await retriever.ainvoke(QUESTION),
    ):
        assert EXPECTED in found[0].page_content
    (best, score), *_ = store.similarity_search_with_score(QUESTION, k=1)
    assert EXPECTED in best.page_content
    assert 0 < score <= 1

    sent = [one["content"]["parts"][0]["text"] for request in emulator.requests for one in request.json["requests"]]
    assert [text for text in sent if text.startswith("task:")] == [f"task: search result | query: {QUESTION}"] * 4
    assert {f"title: none | text: {document.page_content}" for document in documents} <= set(sent)


def test_an_index_of_ours_opens_in_langchain(embeddings: GeminiEmbeddings) -> None:
    client = QdrantClient(":memory:")
    index = MultimodalIndex(embeddings.embedder, QdrantStore(client=client, collection="ours"))
    index.add([document.page_content for document in passages()])
    theirs = QdrantVectorStore(client=client, collection_name="ours", embedding=embeddings)

    ((document, score),) = theirs.similarity_search_with_score(QUESTION, k=1)
    (hit,) = index.search(QUESTION, 1)
    assert (document.page_content, round(score, 5)) == (hit.page_content, round(hit.score, 5))
    assert EXPECTED in document.page_content
    client.close()
