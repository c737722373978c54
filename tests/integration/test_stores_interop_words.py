"""Both frameworks' own hybrid stores over a collection with words: each finds what the other has written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fix_langchain import as_langchain
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import EdgeStore, Embedder, InputError, Lexical, MultimodalIndex, QdrantStore, StoreError, Words
from gemini_embed.content import Content
from langchain_gemini_embed import GeminiBm25 as LangChainBm25
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever
from langchain_qdrant import QdrantVectorStore as LangChainStore
from langchain_qdrant import RetrievalMode
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from llama_index.retrievers.gemini_embed import GeminiBm25 as LlamaIndexBm25
from llama_index.retrievers.gemini_embed import sparse_doc_fn, sparse_query_fn
from llama_index.vector_stores.qdrant import QdrantVectorStore as LlamaIndexStore
from qdrant_client import QdrantClient, models

TEXTS = ["Error E4217: the pump stops", *(f"an ordinary sentence, number {number}" for number in range(12))]
ONLY = Words(only=True)


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture
def index(client: QdrantClient, counting_embedder: CountingEmbedder) -> MultimodalIndex:
    """Its vectors are random, so what fits is found by its words."""
    store = QdrantStore(client=client, collection="c", lexical=True)
    made = MultimodalIndex(cast("Embedder", counting_embedder), store)
    made.add(TEXTS)
    return made


def langchain(index: MultimodalIndex, client: QdrantClient, embedder: CountingEmbedder) -> LangChainStore:
    return LangChainStore(
        client=client,
        collection_name="c",
        embedding=as_langchain(embedder),
        sparse_embedding=LangChainBm25.of(index),
        retrieval_mode=RetrievalMode.HYBRID,
    )


def llama_index(words: LlamaIndexBm25, client: QdrantClient) -> LlamaIndexStore:
    return LlamaIndexStore(
        collection_name="c",
        client=client,
        enable_hybrid=True,
        text_key="page_content",
        sparse_vector_name="langchain-sparse",
        sparse_doc_fn=words.sparse_doc_fn,
        sparse_query_fn=words.sparse_query_fn,
    )


def asked(store: LlamaIndexStore, embedder: CountingEmbedder, words: str) -> list[str]:
    query = VectorStoreQuery(
        query_embedding=embedder.vector(Content(words)).tolist(),
        query_str=words,
        similarity_top_k=2,
        sparse_top_k=2,
        mode=VectorStoreQueryMode.HYBRID,
    )
    return [node.get_content() for node in store.query(query).nodes or ()]


def test_langchain_s_hybrid_store_finds_ours(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    theirs = langchain(index, client, counting_embedder)
    assert TEXTS[0] in [document.page_content for document in theirs.similarity_search("E4217", k=2)]


def test_we_find_what_langchain_s_hybrid_store_writes(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    theirs = langchain(index, client, counting_embedder)
    theirs.add_texts(["the E9000 valve leaks"], metadatas=[{"source": "valve.md"}])
    (hit,) = index.search("E9000", 5, lexical=ONLY)
    assert (hit.page_content, hit.source, hit.found_by) == ("the E9000 valve leaks", "valve.md", ("words",))
    again = MultimodalIndex(index.embedder, QdrantStore(client=client, collection="c"))
    assert again.search("E9000", 1, lexical=ONLY)[0].record == hit.record, "and nothing is missing that would be told"


def test_llama_index_s_hybrid_store_finds_ours(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    assert TEXTS[0] in asked(llama_index(LlamaIndexBm25.of(index), client), counting_embedder, "E4217")


def test_we_find_what_llama_index_s_hybrid_store_writes(
    index: MultimodalIndex, client: QdrantClient, counting_embedder: CountingEmbedder
) -> None:
    theirs = llama_index(LlamaIndexBm25.of(index), client)
    text = "the E9000 valve leaks"
    theirs.add([TextNode(text=text, metadata={"room": 7}, embedding=counting_embedder.vector(Content(text)).tolist())])
    (hit,) = index.search("E9000", 5, lexical=ONLY)
    assert (hit.page_content, hit.metadata) == (text, {"room": 7})
    assert hit.score == pytest.approx(index.search(text, 20)[-1].score, abs=2)
    assert text in asked(theirs, counting_embedder, "E9000")


def test_through_a_server_too(qdrant_server: QdrantServer, counting_embedder: CountingEmbedder) -> None:
    store = QdrantStore(url=qdrant_server.url, collection="c", lexical=Lexical("english"))
    index = MultimodalIndex(cast("Embedder", counting_embedder), store)
    index.add(["two dogs in a park", *TEXTS])
    words = LangChainBm25.of(index)
    assert (words.lexical, words.mean_length) == (Lexical("english"), store.kept_words().mean_length)  # type: ignore[union-attr]  # it has some
    assert index.search("dog", 1, lexical=True)[0].page_content == "two dogs in a park"
    index.close()


def test_an_index_over_langchain_s_hybrid_store(make_langchain: Callable[..., GeminiEmbeddings]) -> None:
    """`from_vectorstore` takes over a collection of langchain-qdrant, with the words of its sparse embeddings."""
    theirs = LangChainStore.construct_instance(
        embedding=make_langchain(output_dimensionality=64),
        sparse_embedding=LangChainBm25(Lexical("english"), mean_length=4),
        retrieval_mode=RetrievalMode.HYBRID,
        sparse_vector_params={"modifier": models.Modifier.IDF},
        client_options={"location": ":memory:"},
    )
    theirs.add_texts(["two dogs in a park", TEXTS[0]])
    retriever = GeminiMultimodalRetriever.from_vectorstore(theirs, k=1, lexical=ONLY)
    assert [document.page_content for document in retriever.invoke("dog")] == ["two dogs in a park"]
    retriever.index.add(["the E9000 valves leak"])
    assert theirs.similarity_search("E9000 valve", k=1)[0].page_content == "the E9000 valves leak"
    theirs.client.close()


async def test_langchain_s_sparse_embeddings() -> None:
    words = LangChainBm25(Lexical("english"), mean_length=3)
    one, two = words.embed_documents(["two dogs", "a cat"])
    found = words.embed_query("dog")
    assert {*found.indices} < {*one.indices}
    assert not {*found.indices} & {*two.indices}
    assert await words.aembed_query("dog") == found
    assert await words.aembed_documents(["two dogs", "a cat"]) == [one, two]


def test_llama_index_s_functions_fit_the_defaults() -> None:
    indices, values = sparse_doc_fn(["E4217 in the pump", ""])
    assert [len(one) for one in indices] == [len(one) for one in values] == [4, 0]
    (asked_for,), (weights,) = sparse_query_fn(["pump"])
    assert asked_for[0] in indices[0]
    assert weights == [1.0]


@pytest.mark.parametrize("bm25", [LangChainBm25, LlamaIndexBm25])
def test_bad_input(bm25: Any, counting_embedder: CountingEmbedder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mean_length=0"):
        bm25(mean_length=0)
    plain = MultimodalIndex(cast("Embedder", counting_embedder), EdgeStore(tmp_path))
    with pytest.raises(StoreError, match="has no words to search"):
        bm25.of(plain)
    plain.close()


def test_without_langchain_qdrant_the_pip_line_is_told() -> None:
    script = "import sys; sys.modules['langchain_qdrant'] = None; from langchain_gemini_embed import GeminiBm25"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter and code
    assert 'pip install langchain-qdrant "langchain-gemini-embed[edge]"' in done.stderr
