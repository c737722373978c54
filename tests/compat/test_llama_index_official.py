"""With the compatible settings our requests and vectors are those of GoogleGenAIEmbedding 0.6.0.

Two things may differ, and `meant` takes them out: `prettyPrint`, which changes only the white space of the reply, and
the `role` that google-genai gives to a content; embeddings have no speakers.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import numpy as np
import pytest
from gemini_embed_emulator import Emulator
from google.genai import types
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

pytestmark = pytest.mark.compat

KEY = "key-for-compat-tests"
OLD, NEW = "gemini-embedding-001", "gemini-embedding-2"

THREE = ["yeast", "flour", "salt"]
MANY = [f"text {i}" for i in range(25)]

# The official class's sync call, and ours. (Its async client leaves sockets open, so ours is compared with the former.)
PAIRS = [
    pytest.param(lambda m: [m.get_query_embedding("yeast")], lambda m: [m.get_query_embedding("yeast")], id="query"),
    pytest.param(
        lambda m: [m.get_query_embedding("yeast")],
        lambda m: [asyncio.run(m.aget_query_embedding("yeast"))],
        id="aquery",
    ),
    pytest.param(lambda m: [m.get_text_embedding("yeast")], lambda m: [m.get_text_embedding("yeast")], id="text"),
    pytest.param(lambda m: m.get_text_embedding_batch(MANY), lambda m: m.get_text_embedding_batch(MANY), id="texts"),
    pytest.param(
        lambda m: m.get_text_embedding_batch(THREE),
        lambda m: asyncio.run(m.aget_text_embedding_batch(THREE)),
        id="atexts",
    ),
]


def meant(emulator: Emulator, *ignored: str) -> list[str]:
    """Path and body of every request as text, in a fixed order, without what does not count."""
    sent = [[request.path, _without(request.json, {"role", *ignored})] for request in emulator.requests]
    emulator.requests.clear()
    return sorted(json.dumps(one, sort_keys=True) for one in sent)


def _without(value: Any, ignored: set[str]) -> Any:
    """JSON without the fields of those names."""
    if isinstance(value, dict):
        return {name: _without(one, ignored) for name, one in value.items() if name not in ignored}
    return [_without(one, ignored) for one in value] if isinstance(value, list) else value


@pytest.fixture(params=["developer", "vertex"])
def where(request: pytest.FixtureRequest, emulator: Emulator, fake_credentials: Any) -> dict[str, Any]:
    """The arguments that say where to ask, the same for both classes."""
    http_options = {"base_url": emulator.base_url}
    if request.param == "developer":
        return {"api_key": KEY, "http_options": {**http_options, "api_version": "v1beta"}}
    vertex = {"project": "p", "location": "global", "credentials": fake_credentials}
    return {"vertexai_config": vertex, "http_options": {**http_options, "api_version": "v1beta1"}}


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_001_with_the_default_task(
    emulator: Emulator, official_llama_index: Any, where: Any, theirs: Any, ours: Any
) -> None:
    config = types.EmbedContentConfig(output_dimensionality=64)
    given = {"model_name": OLD, "embedding_config": config, "embed_batch_size": 10, **where}
    wanted = theirs(official_llama_index(**given))
    expected = meant(emulator)
    own = ours(GeminiEmbedding(**given, normalize=False))

    assert meant(emulator) == expected
    np.testing.assert_allclose(own, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_2_with_the_task_raw(emulator: Emulator, official_llama_index: Any, theirs: Any, ours: Any) -> None:
    """But for the `taskType` that gemini-embedding-2 ignores. On Vertex AI the official class fails."""
    config = types.EmbedContentConfig(output_dimensionality=64)
    given: dict[str, Any] = {
        "model_name": NEW,
        "api_key": KEY,
        "http_options": {"base_url": emulator.base_url, "api_version": "v1beta"},
        "embedding_config": config,
        "embed_batch_size": 10,
    }
    wanted = theirs(official_llama_index(**given))
    assert any("taskType" in str(request.json) for request in emulator.requests)
    expected = meant(emulator, "taskType")
    own = ours(GeminiEmbedding(**given, task="raw"))

    assert "taskType" not in str([request.json for request in emulator.requests])
    assert meant(emulator) == expected
    np.testing.assert_allclose(own, wanted, rtol=1e-6, atol=1e-7)


def test_the_arguments_are_in_the_same_places() -> None:
    official = [*inspect.signature(GoogleGenAIEmbedding.__init__).parameters][:-1]  # but **kwargs
    own = [*inspect.signature(GeminiEmbedding.__init__).parameters]
    assert own[: len(official)] == official


def test_the_two_are_told_apart_in_an_ingestion_cache() -> None:
    assert GeminiEmbedding.class_name() != GoogleGenAIEmbedding.class_name()
