"""What a query is for, told for each search: one index serves all tasks that share their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import ConfigurationError, EdgeStore, Embedder, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaRetriever

CODE = "task: code retrieval | query: waits"


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as made:
        made.add(["def wait(): pass", "Bread rises."])
        yield made


def sent(emulator: Emulator) -> str:
    return str(emulator.requests[-1].json)


async def test_the_query_is_told_the_task(index: MultimodalIndex, emulator: Emulator) -> None:
    """Every door; where none is told it is the embedder's."""
    index.search("waits", task="code_retrieval")
    assert CODE in sent(emulator)
    await index.asearch("waits twice", task="CODE_RETRIEVAL_QUERY")
    assert "task: code retrieval | query: waits twice" in sent(emulator)
    index.search_mean(["waits", "sleeps"], task="question_answering")
    assert "task: question answering | query: sleeps" in sent(emulator)
    index.search("rests")
    assert "task: search result | query: rests" in sent(emulator)


def test_hypothetical_answers_stay_documents(index: MultimodalIndex, emulator: Emulator) -> None:
    before = len(emulator.requests)
    index.search("waits", task="code_retrieval", hypothetical="def pause(): pass")
    told = str([one.json for one in emulator.requests][before:])
    assert CODE in told
    assert "title: none | text: def pause(): pass" in told


def test_retrievers_tell_it_too(index: MultimodalIndex, emulator: Emulator) -> None:
    retriever = GeminiMultimodalRetriever(index=index, task="code_retrieval")
    retriever.invoke("waits")
    assert CODE in sent(emulator)
    retriever.invoke("waits", task="fact_checking")
    assert "task: fact checking | query: waits" in sent(emulator)
    LlamaRetriever(index, task="code_retrieval").retrieve("waits")
    assert CODE in sent(emulator)


@pytest.mark.parametrize(
    ("own", "asked", "said"),
    [
        pytest.param(
            "search", "clustering", "only search, question_answering, fact_checking, code_retrieval", id="other"
        ),
        pytest.param("clustering", "search", "conditioned for task='clustering'", id="of-a-symmetric-index"),
        pytest.param("search", "raw", "conditioned for task='search'", id="raw"),
        pytest.param("search", "coding", "unknown task 'coding'", id="unknown"),
    ],
)
def test_other_tasks_are_refused(
    own: str, asked: str, said: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """Before anything is sent."""
    with MultimodalIndex(make_embedder(dimensions=128, task=own), EdgeStore(tmp_path / "store")) as index:
        index.add(["Bread rises."])
        before = len(emulator.requests)
        with pytest.raises(ConfigurationError, match=said):
            index.search("bread", task=asked)
        assert len(emulator.requests) == before
