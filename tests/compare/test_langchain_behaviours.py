"""What langchain-google-genai's own integration tests hold of its class holds of ours, on both backends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ApiError, AuthenticationError, GeminiEmbedError, InputError, NotFoundError
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


def test_a_task_of_the_object_is_that_of_the_call(make: Make) -> None:
    asked = "How does a glacier move?"
    plain, told = make(dimensions=64), make(dimensions=64, task_type="clustering")
    assert told.embed_query(asked) == plain.embed_query(asked, task_type="clustering") != plain.embed_query(asked)


def test_a_title_for_each_text(make: Make) -> None:
    embeddings = make(model="gemini-embedding-001", output_dimensionality=64)
    titled = embeddings.embed_documents(["x", "y", "z"], titles=["A", None, "C"])
    assert titled[1] == embeddings.embed_documents(["y"])[0]
    assert titled[2] == asyncio.run(embeddings.aembed_documents(["z"], titles=["C"]))[0]
    with pytest.raises(InputError, match="1 titles for 2 texts"):
        embeddings.embed_documents(["x", "y"], titles=["A"])


def test_the_same_text_has_the_same_vector_and_a_similar_one_is_nearer(make: Make) -> None:
    embeddings = make()
    document, similar, other = embeddings.embed_documents(["Document A", "Similar Document A", "Quite Another Zebra"])
    assert embeddings.embed_documents(["Document A"]) == [document]
    assert math.dist(document, similar) < math.dist(document, other)


@pytest.mark.parametrize(
    ("call", "acall"),
    [
        (lambda e: e.embed_query("x"), lambda e: e.aembed_query("x")),
        (lambda e: e.embed_documents(["x"]), lambda e: e.aembed_documents(["x"])),
    ],
    ids=["query", "documents"],
)
def test_errors(call: Any, acall: Any, make_langchain: Make) -> None:
    unknown, invalid = make_langchain(model="no-such-model", dimensions=8), make_langchain(google_api_key="invalid")
    for embed in (call, lambda embeddings: asyncio.run(acall(embeddings))):
        with pytest.raises(NotFoundError, match="404 NOT_FOUND"):
            embed(unknown)
        with pytest.raises(AuthenticationError, match="API key not valid"):
            embed(invalid)
    assert issubclass(NotFoundError, ApiError)
    assert issubclass(ApiError, GeminiEmbedError)
