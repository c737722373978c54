"""The whole job of one client: passages into a store, then questions: whole.py CLIENT URL COUNT DIMENSIONS

Questions are passages word for word, so that the first hit is known. What is imported and set up does not count.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.jobs.process import cpu_s, peak_rss_mib, rss_mib
from benchmarks.jobs.texts import texts

MODEL = "gemini-embedding-001"
QUESTIONS, HITS = 100, 10
Add = Callable[[list[str]], object]
Ask = Callable[[str], str]
"""The text of the best hit."""


def ours(url: str, size: int, folder: Path) -> tuple[Add, Ask]:
    """`MultimodalIndex` over an `EdgeStore`, as it comes."""
    from gemini_embed import EdgeStore, Embedder, MultimodalIndex

    index = MultimodalIndex(Embedder(MODEL, dimensions=size, api_key="k", base_url=url), EdgeStore(folder / "index"))
    return index.add, lambda question: index.search(question, HITS)[0].record.page_content


def langchain_chroma(url: str, size: int, folder: Path) -> tuple[Add, Ask]:
    """langchain-google-genai and Chroma in a folder, which takes 5,461 passages at most in a call."""
    from chromadb import Settings
    from langchain_chroma import Chroma

    quiet = Settings(anonymized_telemetry=False)
    store = Chroma("passages", _official(url, size), persist_directory=str(folder), client_settings=quiet)
    return (
        lambda passages: [store.add_texts(passages[start : start + 5_000]) for start in range(0, len(passages), 5_000)],
        lambda question: store.similarity_search(question, HITS)[0].page_content,
    )


def langchain_memory(url: str, size: int, _: Path) -> tuple[Add, Ask]:
    """langchain-google-genai and LangChain's store in memory."""
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(_official(url, size))
    return store.add_texts, lambda question: store.similarity_search(question, HITS)[0].page_content


def _official(url: str, size: int) -> Any:
    from langchain_google_genai import GoogleGenerativeAIEmbeddings

    return GoogleGenerativeAIEmbeddings(model=MODEL, api_key="k", base_url=url, output_dimensionality=size)


def llama_index(url: str, size: int, _: Path) -> tuple[Add, Ask]:
    """llama-index-embeddings-google-genai, 100 texts a request, and LlamaIndex's default store."""
    from google.genai import types
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

    embedding = GoogleGenAIEmbedding(
        model_name=MODEL,
        api_key="k",
        embed_batch_size=100,
        http_options=types.HttpOptions(base_url=url),
        embedding_config=types.EmbedContentConfig(output_dimensionality=size),
    )
    index = VectorStoreIndex([], embed_model=embedding)
    return (
        lambda passages: index.insert_nodes([TextNode(text=passage) for passage in passages]),
        lambda question: (
            index.as_retriever(similarity_top_k=HITS).retrieve(question)[0].text
        ),  # it knows what is there now
    )


CLIENTS = {client.__name__: client for client in (ours, langchain_chroma, langchain_memory, llama_index)}


def main(client: str, url: str, count: int, size: int) -> dict[str, Any]:
    """Seconds, CPU seconds and memory of both halves."""
    passages = list(texts(0, count))
    questions = passages[:: count // QUESTIONS]
    with TemporaryDirectory() as folder:
        add, ask = CLIENTS[client](url, size, Path(folder))
        add(["warm"])
        ask("warm")
        before_mib, started, used = rss_mib(), time.perf_counter(), cpu_s()
        add(passages)
        add_s, add_cpu_s = time.perf_counter() - started, cpu_s() - used
        started, used = time.perf_counter(), cpu_s()
        found = [ask(question) for question in questions]
        ask_s, ask_cpu_s = time.perf_counter() - started, cpu_s() - used
    return {
        "client": client,
        "count": count,
        "dim": size,
        "add_s": add_s,
        "add_cpu_s": add_cpu_s,
        "ask_ms": 1000 * ask_s / len(questions),
        "ask_cpu_ms": 1000 * ask_cpu_s / len(questions),
        "grown_mib": peak_rss_mib() - before_mib,
        "right": sum(text == question for text, question in zip(found, questions, strict=True)),
    }


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))))
