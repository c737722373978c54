"""What llama-index-embeddings-google-genai's own tests hold of its class holds of ours, on both backends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import AuthenticationError, NotFoundError
from gemini_embed_emulator import Emulator, Fault
from google.genai import types
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding

Make = Callable[..., GeminiEmbedding]


@pytest.fixture(params=["developer", "vertex"])
def make(request: pytest.FixtureRequest, make_llama_index: Make, fake_credentials: Any) -> Make:
    """Makes the class on one backend."""
    if request.param == "developer":
        return make_llama_index
    config = {"project": "p", "location": "global", "credentials": fake_credentials}
    return lambda *names, **given: make_llama_index(*names, vertexai_config=config, **given)


def test_it_is_an_embedding() -> None:
    assert issubclass(GeminiEmbedding, BaseEmbedding)


@pytest.mark.parametrize("model_name", ["gemini-embedding-001", "models/gemini-embedding-2"])
def test_types_and_lengths_through_both_doors(model_name: str, make: Make) -> None:
    model = make(model_name)
    query, text = model.get_query_embedding("foo"), model.get_text_embedding("foo")
    texts = model.get_text_embedding_batch(["foo", "bar"])
    assert {(type(vector), type(vector[0])) for vector in (query, text, *texts)} == {(list, float)}
    assert [len(vector) for vector in (query, text, *texts)] == [3072] * 4
    assert texts[0] == text != query
    assert asyncio.run(model.aget_query_embedding("foo")) == query
    assert asyncio.run(model.aget_text_embedding("foo")) == text
    assert asyncio.run(model.aget_text_embedding_batch(["foo", "bar"])) == texts
    assert model.get_text_embedding_batch([]) == []


@pytest.mark.parametrize("size", [64, 768, 1536])
def test_sizes(size: int, make: Make) -> None:
    config = types.EmbedContentConfig(output_dimensionality=size)
    assert len(make(embedding_config=config).get_text_embedding("foo")) == size
    assert len(make(embedding_config={"output_dimensionality": size}).get_query_embedding("foo")) == size


@pytest.mark.parametrize("task_type", ["RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING"])
def test_task_types(task_type: str, make: Make) -> None:
    config = {"task_type": task_type, "output_dimensionality": 64}
    assert len(make("gemini-embedding-001", embedding_config=config).get_text_embedding("foo")) == 64


def test_nodes_are_given_their_vectors(make: Make) -> None:
    nodes = [TextNode(text="foo"), TextNode(text="bar")]
    model = make(dimensions=64)
    assert [node.embedding for node in model(nodes)] == model.get_text_embedding_batch(["foo", "bar"])


SIDES: list[Any] = [
    pytest.param(lambda m: m.get_query_embedding("foo"), "RETRIEVAL_QUERY", id="query"),
    pytest.param(lambda m: asyncio.run(m.aget_query_embedding("foo")), "RETRIEVAL_QUERY", id="aquery"),
    pytest.param(lambda m: m.get_text_embedding("foo"), "RETRIEVAL_DOCUMENT", id="text"),
    pytest.param(lambda m: asyncio.run(m.aget_text_embedding("foo")), "RETRIEVAL_DOCUMENT", id="atext"),
    pytest.param(lambda m: m.get_text_embedding_batch(["foo"]), "RETRIEVAL_DOCUMENT", id="texts"),
    pytest.param(lambda m: asyncio.run(m.aget_text_embedding_batch(["foo"])), "RETRIEVAL_DOCUMENT", id="atexts"),
]


@pytest.mark.parametrize(("call", "task_type"), SIDES)
def test_the_method_says_the_side(call: Any, task_type: str, make_llama_index: Make, emulator: Emulator) -> None:
    call(make_llama_index("gemini-embedding-001"))
    (request,) = emulator.requests
    assert request.json["requests"][0]["taskType"] == task_type


@pytest.mark.parametrize(("call", "_"), SIDES)
@pytest.mark.parametrize(
    "fault",
    [Fault.rate_limited(retry_delay_s=0.01), Fault.status(503), Fault.drop_before()],
    ids=["429", "503", "dropped"],
)
def test_what_passes_is_tried_again(
    call: Any, _: str, fault: Fault, make_llama_index: Make, emulator: Emulator
) -> None:
    emulator.faults.push(fault)
    assert call(make_llama_index(dimensions=8, retries=2, retry_min_seconds=0.01, retry_max_seconds=0.02))
    assert len(emulator.requests) == 2


@pytest.mark.parametrize(("call", "_"), SIDES)
def test_errors(call: Any, _: str, make_llama_index: Make, emulator: Emulator) -> None:
    with pytest.raises(NotFoundError, match="404 NOT_FOUND"):
        call(make_llama_index("no-such-model", dimensions=8, facts={"max_batch_items": 1}))
    with pytest.raises(AuthenticationError, match="API key not valid"):
        call(make_llama_index(api_key="invalid"))
    assert len(emulator.requests) == 2  # neither was tried again
