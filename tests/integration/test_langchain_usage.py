"""What calls used, as LangChain's callbacks and event streams hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from gemini_embed import MultimodalIndex, QuotaError, track_usage
from gemini_embed_emulator import Emulator, Fault
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import USAGE_EVENT, GeminiEmbeddings, GeminiMultimodalRetriever

Make = Callable[..., GeminiEmbeddings]


class Listener(BaseCallbackHandler):
    """Keeps usage events, and which runs were retrievers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, Any], UUID]] = []
        self.retrievers: list[UUID] = []

    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **_: Any) -> None:
        assert name == USAGE_EVENT == "gemini_embed_usage"
        self.heard.append((data, run_id))

    def on_retriever_start(self, *_: Any, run_id: UUID, **__: Any) -> None:
        self.retrievers.append(run_id)


class AsyncListener(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    async def on_custom_event(self, name: str, data: Any, **_: Any) -> None:
        self.heard.append(data)


def event(tokens: int, **other: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": tokens,
        "output_tokens": 0,
        "total_tokens": tokens,
        "input_token_details": {"text": tokens},
    }
    quiet = {"requests": 1, "retries": 0, "cached": 0, "truncated": 0, "waited_s": {}}
    return {"model": "gemini-embedding-2", "usage_metadata": usage, **quiet, **other}


DOORS = [
    pytest.param(lambda e: lambda _: e.embed_query("cat"), id="embed_query"),
    pytest.param(lambda e: lambda _: e.embed_documents(["cat"]), id="embed_documents"),
    pytest.param(lambda e: lambda _: e.embed(["cat"]), id="embed"),
]
ADOORS = [
    pytest.param(lambda e: e.aembed_query("cat"), id="aembed_query"),
    pytest.param(lambda e: e.aembed_documents(["cat"]), id="aembed_documents"),
    pytest.param(lambda e: e.aembed(["cat"]), id="aembed"),
]


@pytest.mark.parametrize("door", DOORS)
def test_a_chains_callbacks_hear_what_was_used(make_langchain: Make, door: Any) -> None:
    listener = Listener()
    with track_usage() as spent:
        RunnableLambda(door(make_langchain())).invoke("x", {"callbacks": [listener]})
    ((data, _),) = listener.heard
    assert data == event(spent.usage.prompt_tokens or 0)
    assert data["usage_metadata"]["input_tokens"] > 0


@pytest.mark.parametrize("door", ADOORS)
async def test_async_callbacks_hear_it_too(make_langchain: Make, door: Any) -> None:
    embeddings, listener = make_langchain(), AsyncListener()

    async def embed(_: str) -> Any:
        return await door(embeddings)

    await RunnableLambda(embed).ainvoke("x", {"callbacks": [listener]})
    assert [data["requests"] for data in listener.heard] == [1]


def test_the_retrievers_run_hears_it(langchain_index: MultimodalIndex) -> None:
    """Ours, at top level and in a chain."""
    retriever, listener = GeminiMultimodalRetriever(index=langchain_index), Listener()
    retriever.invoke("bread", {"callbacks": [listener]})
    asyncio.run(retriever.ainvoke("bread", {"callbacks": [listener]}))
    (RunnableLambda(str.lower) | retriever).invoke("BREAD", {"callbacks": [listener]})

    assert [run for _, run in listener.heard] == listener.retrievers
    assert len({str(data) for data, _ in listener.heard}) == 1


def test_other_vector_stores_are_heard_in_a_chain(make_langchain: Make) -> None:
    store = InMemoryVectorStore(make_langchain())
    store.add_texts(["bread", "ice"])
    listener = Listener()
    (RunnableLambda(str.lower) | store.as_retriever(search_kwargs={"k": 1})).invoke("BREAD", {"callbacks": [listener]})
    assert [data["requests"] for data, _ in listener.heard] == [1]


async def test_event_streams_carry_it(make_langchain: Make) -> None:
    chain = RunnableLambda(make_langchain().aembed_query)
    events: list[Any] = [found async for found in chain.astream_events("cat", version="v2")]
    (found,) = [found for found in events if found["event"] == "on_custom_event"]
    assert (found["name"], found["data"]["requests"]) == (USAGE_EVENT, 1)


def test_a_failed_call_tells_what_it_cost(make_langchain: Make, emulator: Emulator) -> None:
    emulator.faults.push(None, Fault.rate_limited("day"))
    embeddings, listener = make_langchain(concurrency=1, batch_size=1), Listener()
    with pytest.raises(QuotaError):
        RunnableLambda(embeddings.embed_documents).invoke(["cat", "dog"], {"callbacks": [listener]})
    assert [data["requests"] for data, _ in listener.heard] == [1]


def test_a_model_that_counts_no_tokens_says_so(make_langchain: Make) -> None:
    listener = Listener()
    embeddings = make_langchain(model="gemini-embedding-001")
    RunnableLambda(embeddings.embed_query).invoke("cat", {"callbacks": [listener]})
    assert listener.heard[0][0]["usage_metadata"] is None


def test_outside_a_run_nothing_is_dispatched(make_langchain: Make) -> None:
    """LangChain refuses custom events there."""
    assert make_langchain().embed_query("cat")


def test_track_usage_counts_everywhere(make_langchain: Make, langchain_index: MultimodalIndex) -> None:
    """Outside runs, across LangChain's threads, and each block its own."""
    embeddings = make_langchain()
    with track_usage() as everything:
        InMemoryVectorStore.from_documents([Document("bread")], embeddings)
        with track_usage() as chain:
            RunnableParallel(
                a=RunnableLambda(embeddings.embed_query), b=GeminiMultimodalRetriever(index=langchain_index)
            ).invoke("bread")
    embeddings.embed_query("after")
    assert (everything.usage.requests, chain.usage.requests) == (3, 2)
    assert everything.by_model == {"gemini-embedding-2": everything.usage}
