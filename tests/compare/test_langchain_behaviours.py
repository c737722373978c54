"""What langchain-google-genai's own integration tests hold of its class holds of ours, on both backends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ApiError, AuthenticationError, GeminiEmbedError, NotFoundError
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings

Make = Callable[..., GeminiEmbeddings]
TASKS = [
    "TASK_TYPE_UNSPECIFIED", "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
    "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY",
]  # fmt: skip


@pytest.fixture(params=["developer", "vertex"])
def make(request: pytest.FixtureRequest, make_langchain: Make, fake_credentials: Any) -> Make:
    """Makes the class on one backend."""
    if request.param == "developer":
        return make_langchain
    return lambda **given: make_langchain(vertexai=True, project="p", credentials=fake_credentials, **given)


@pytest.mark.parametrize(("model", "size"), [("gemini-embedding-001", 3072), ("models/gemini-embedding-2", 3072)])
def test_types_and_lengths_through_both_doors(model: str, size: int, make: Make) -> None:
    embeddings = make(model=model)
    query = embeddings.embed_query("foo bar")
    documents = embeddings.embed_documents(["foo bar", "meow", "woof"])
    assert isinstance(query, list)
    assert isinstance(documents, list)
    assert all(type(number) is float for vector in (query, *documents) for number in vector[:3])
    assert [len(vector) for vector in (query, *documents)] == [size] * 4
    assert asyncio.run(embeddings.aembed_query("foo bar")) == query
    assert asyncio.run(embeddings.aembed_documents(["foo bar", "meow", "woof"])) == documents
    assert embeddings.embed_documents([]) == []


@pytest.mark.parametrize("size", [128, 768, 1536])
def test_sizes_of_the_object_and_of_the_call(size: int, make: Make) -> None:
    told, asked = make(output_dimensionality=size), make()
    assert len(told.embed_query("x")) == len(asked.embed_query("x", output_dimensionality=size)) == size
    assert len(told.embed_query("x", output_dimensionality=64)) == 64
    (vector,) = asked.embed_documents(["x"], output_dimensionality=size)
    assert vector == told.embed_documents(["x"])[0]


@pytest.mark.parametrize("task_type", TASKS)
def test_every_task_of_the_api_per_call(task_type: str, make: Make) -> None:
    embeddings = make(model="gemini-embedding-001", output_dimensionality=64)
    assert len(embeddings.embed_query("x", task_type=task_type)) == 64
    (vector,) = embeddings.embed_documents(["x"], task_type=task_type)
    assert len(vector) == 64


def test_tasks_and_titles_change_the_vector(make: Make) -> None:
    embeddings = make(output_dimensionality=64)
    plain, similar = embeddings.embed_query("x"), embeddings.embed_query("x", task_type="SEMANTIC_SIMILARITY")
    untitled, titled = (embeddings.embed_documents(["x"], titles=titles)[0] for titles in (None, ["A title"]))
    assert len({tuple(vector) for vector in (plain, similar, untitled, titled)}) == 4


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_any_batch_size_gives_the_same(batch_size: int, make: Make) -> None:
    embeddings = make(output_dimensionality=64)
    texts = [f"text {i}" for i in range(5)]
    assert embeddings.embed_documents(texts, batch_size=batch_size) == embeddings.embed_documents(texts)


def test_errors(make_langchain: Make, emulator: Emulator) -> None:
    with pytest.raises(NotFoundError, match="404 NOT_FOUND"):
        make_langchain(model="no-such-model", dimensions=8).embed_query("x")
    with pytest.raises(AuthenticationError, match="API key not valid"):
        make_langchain(google_api_key="invalid").embed_documents(["x"])
    assert issubclass(NotFoundError, ApiError)
    assert issubclass(ApiError, GeminiEmbedError)
