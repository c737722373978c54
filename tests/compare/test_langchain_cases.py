"""Cases that go wrong in langchain-google-genai 4.4.2 or langchain-google-vertexai 3.2.5, and here do not.

Each test is named after what was seen on the wire there, in the same case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConnectionFailedError, QuotaError, ReplyError, RetryPolicy
from gemini_embed_emulator import Emulator, Fault
from langchain_gemini_embed import GeminiEmbeddings

Make = Callable[..., GeminiEmbeddings]


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    """Every content that was sent to the Developer API, oldest first."""
    return [one for request in emulator.requests for one in request.json["requests"]]


@pytest.fixture
def on_vertex(make_langchain: Make, fake_credentials: Any) -> Make:
    """Makes embeddings on the emulated Vertex AI, where it serves the model."""

    def make(model: str, **options: Any) -> GeminiEmbeddings:
        location = "global" if model == "gemini-embedding-2" else "us-central1"
        where = {"vertexai": True, "project": "p", "location": location, "credentials": fake_credentials}
        return make_langchain(model=model, **where, **options)

    return make


@pytest.mark.parametrize("n", [1, 2, 3, 101])
def test_02_and_21_several_documents_on_vertex(on_vertex: Make, emulator: Emulator, n: int) -> None:
    """There: an error, or one vector for all. Here: one call per content, one vector each, in order."""
    texts = [f"text number {i}" for i in range(n)]
    vectors = on_vertex("gemini-embedding-2").embed_documents(texts)

    assert len({tuple(vector) for vector in vectors}) == n
    assert {request.action for request in emulator.requests} == {"embedContent"}
    assert vectors[-1] == on_vertex("gemini-embedding-2").embed_documents(texts[-1:])[0]


def test_21_batches_of_001_on_vertex(on_vertex: Make, emulator: Emulator) -> None:
    """There: 300 instances in one :predict, whose limit is 250."""
    assert len(on_vertex("gemini-embedding-001").embed_documents([f"d{i}" for i in range(300)])) == 300
    assert sorted(len(request.json["instances"]) for request in emulator.requests) == [50, 250]


def test_21_batches_of_001_where_vertex_takes_one(on_vertex: Make, emulator: Emulator) -> None:
    """Where the limit is still 1, the refusal teaches it."""
    emulator.vertex_001_batch_limit = 1
    assert len(on_vertex("gemini-embedding-001").embed_documents(["a", "b", "c"])) == 3
    assert len(emulator.requests[-1].json["instances"]) == 1


def test_03_titles_of_several_documents(make_langchain: Make, emulator: Emulator) -> None:
    """There: titles of 2 or more documents never reach the wire."""
    texts, titles = ["alpha text", "beta text"], ["Alpha", "Beta"]
    make_langchain(model="gemini-embedding-001").embed_documents(texts, titles=titles)
    assert [one["title"] for one in sent(emulator)] == titles

    emulator.requests.clear()
    make_langchain(model="gemini-embedding-2").embed_documents(texts, titles=titles)
    assert [one["content"]["parts"][0]["text"] for one in sent(emulator)] == [
        "title: Alpha | text: alpha text",
        "title: Beta | text: beta text",
    ]


def test_04_tasks_of_gemini_embedding_2(make_langchain: Make, emulator: Emulator) -> None:
    """There: `taskType`, which the model ignores, and bare text: query and document come out identical."""
    model = make_langchain(model="gemini-embedding-2")
    assert model.embed_query("what is a cat") != model.embed_documents(["what is a cat"])[0]

    tasks = ["CLUSTERING", "CODE_RETRIEVAL_QUERY", "FACT_VERIFICATION"]
    vectors = [model.embed_query("x", task_type=task) for task in tasks]
    assert len({tuple(vector) for vector in vectors}) == 3
    assert not any("taskType" in one for one in sent(emulator))


def test_06_a_429_in_the_fourth_of_five_batches(make_langchain: Make, emulator: Emulator) -> None:
    """There: 300 finished vectors are lost. Here: the batch is sent again."""
    emulator.faults.push(None, None, None, Fault.rate_limited(retry_delay_s=0.01, limit=100_000))
    vectors = make_langchain(model="gemini-embedding-001").embed_documents([f"t{i}" for i in range(500)])
    assert len(vectors) == 500
    assert len(emulator.requests) == 6


def test_06_what_was_finished_is_on_the_error(make_langchain: Make, emulator: Emulator) -> None:
    """And where no retry is wanted, the vectors that were paid for are on the exception."""
    emulator.faults.push(None, None, None, Fault.rate_limited(retry_delay_s=60))
    model = make_langchain(model="gemini-embedding-001", concurrency=1, retry=RetryPolicy(max_attempts=1))
    with pytest.raises(QuotaError) as caught:
        model.embed_documents([f"t{i}" for i in range(500)])
    assert caught.value.retry_after_s == 60
    assert caught.value.completed is not None
    assert list(caught.value.completed.positions) == list(range(300))


def test_06_request_options(make_langchain: Make, emulator: Emulator) -> None:
    """There: `request_options={"timeout": ...}` is never read."""
    emulator.latency_s = 5
    model = make_langchain(request_options={"timeout": 0.1}, retry=RetryPolicy(max_attempts=1))
    with pytest.raises(ConnectionFailedError):
        model.embed_query("x")


@pytest.mark.parametrize("dimensions", [768, 1536, 3072])
def test_07_shortened_vectors_of_001(make_langchain: Make, dimensions: int) -> None:
    """There: as the service sends them, not unit length below 3072."""
    model = make_langchain(model="gemini-embedding-001", output_dimensionality=dimensions)
    for vector in (model.embed_query("x"), model.embed_documents(["x"])[0]):
        assert len(vector) == dimensions
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_10_batches_of_words_and_of_characters(make_langchain: Make, emulator: Emulator) -> None:
    """There: 9 requests for 100 texts of 400 words, on an API that takes them in one."""
    model = make_langchain(model="gemini-embedding-001", output_dimensionality=768)
    model.embed_documents([" ".join(["lorem"] * 400)] * 100)
    assert len(emulator.requests) == 1


@pytest.mark.filterwarnings("ignore:.*tokens:gemini_embed.GeminiEmbedWarning")
def test_10_long_texts_without_spaces_on_vertex(on_vertex: Make, emulator: Emulator) -> None:
    """There: texts of 8,000 characters without spaces count as one word each; Vertex takes 20,000 tokens a call."""
    vectors = on_vertex("gemini-embedding-001", output_dimensionality=768).embed_documents(["漢字" * 4000] * 10)
    assert len(vectors) == 10
    assert max(len(request.json["instances"]) for request in emulator.requests) <= 3


def test_10_async_is_concurrent_and_bounded(make_langchain: Make, emulator: Emulator) -> None:
    """There: one request in flight."""
    emulator.latency_s = 0.2
    model = make_langchain(model="gemini-embedding-001", output_dimensionality=768)
    assert len(asyncio.run(model.aembed_documents([f"t{i}" for i in range(3000)]))) == 3000
    assert 1 < emulator.requests.max_in_flight <= 16


def test_10_a_short_answer(make_langchain: Make, emulator: Emulator) -> None:
    """There: 2 vectors for 3 texts are returned, silently."""
    emulator.faults.rule = lambda request: Fault.short_rows()
    with pytest.raises(ReplyError, match="2"):
        make_langchain().embed_documents(["a", "b", "c"])


@pytest.mark.parametrize("name", ["{}", "models/{}", "publishers/google/models/{}"])
def test_13_names_of_001_on_vertex(on_vertex: Make, emulator: Emulator, name: str) -> None:
    """There: a qualified name goes to :embedContent, which refuses it."""
    on_vertex(name.format("gemini-embedding-001")).embed_query("x")
    assert [request.path.rpartition("/")[2] for request in emulator.requests] == ["gemini-embedding-001:predict"]


def test_24_a_429_on_vertex(on_vertex: Make, emulator: Emulator) -> None:
    """There: raised after 1 request, whatever `max_retries` says."""
    emulator.faults.push(Fault.vertex_exhausted())
    assert len(on_vertex("gemini-embedding-001").embed_query("x")) == 3072
    assert len(emulator.requests) == 2
