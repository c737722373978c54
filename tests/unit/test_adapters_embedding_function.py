"""The drop-in for Milvus's class: what its users call, and what it gets wrong done right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConfigurationError, GeminiEmbeddingFunction, InputError
from gemini_embed_emulator import Emulator


@pytest.fixture
def make_function(emulator: Emulator) -> Any:
    """Embedding functions on the emulator."""
    made: list[GeminiEmbeddingFunction] = []

    def make(model_name: str = "gemini-embedding-2", **options: Any) -> GeminiEmbeddingFunction:
        options = {"api_key": "k", "base_url": emulator.base_url, "verify": False, **options}
        made.append(GeminiEmbeddingFunction(model_name, **options))
        return made[-1]

    yield make
    for function in made:
        function.embedder.close()


Make = Callable[..., GeminiEmbeddingFunction]


@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_150_texts_are_150_vectors(model: str, make_function: Make) -> None:
    function = make_function(model)
    texts = [f"document {i}" for i in range(150)]
    vectors = function.encode_documents(texts)
    assert isinstance(vectors, list)
    assert {(type(v), v.dtype, v.shape) for v in vectors} == {(np.ndarray, np.dtype(np.float32), (3072,))}
    assert len(np.unique(vectors, axis=0)) == 150
    assert np.array_equal(vectors[149], function.encode_documents(texts[149:])[0])


@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_queries_differ_from_documents(model: str, make_function: Make) -> None:
    function = make_function(model)
    (query,), (document,) = function.encode_queries(["a cat"]), function.encode_documents(["a cat"])
    assert not np.array_equal(query, document)
    assert np.array_equal(function(["a cat"])[0], document)


def test_many_queries_keep_their_order(make_function: Make) -> None:
    function = make_function()
    texts = [f"query {i}" for i in range(120)]
    together = function.encode_queries(texts)
    assert np.array_equal(together[117], function.encode_queries([texts[117]])[0])


@pytest.mark.parametrize(
    ("model", "config", "dim"),
    [
        pytest.param("gemini-embedding-2", None, 3072, id="default"),
        pytest.param("gemini-embedding-001", {"output_dimensionality": 768}, 768, id="asked-for"),
        pytest.param("models/gemini-embedding-2", {"outputDimensionality": 256}, 256, id="camel-case"),
    ],
)
def test_dim(model: str, config: Any, dim: int, make_function: Make) -> None:
    function = make_function(model, config=config)
    assert function.dim == dim
    assert function.encode_queries(["x"])[0].shape == (dim,)


def test_the_sdks_config_is_understood(make_function: Make, emulator: Emulator) -> None:
    from google.genai import types

    config = types.EmbedContentConfig(output_dimensionality=64, task_type="CLUSTERING")
    make_function("gemini-embedding-001", config=config).encode_documents(["x"])
    (request,) = emulator.requests[0].json["requests"]
    assert (request["outputDimensionality"], request["taskType"]) == (64, "CLUSTERING")


def test_http_options(make_function: Make, emulator: Emulator) -> None:
    options = {"base_url": emulator.base_url, "headers": {"x-team": "blue"}, "timeout": 5000}
    GeminiEmbeddingFunction("gemini-embedding-2", "k", http_options=options).encode_queries(["x"])
    assert emulator.requests[0].headers["x-team"] == "blue"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"config": {"title": "T"}}, id="title"),
        pytest.param({"config": {"mime_type": "text/plain"}}, id="mime-type"),
        pytest.param({"config": {"unheard_of": 1}}, id="unknown"),
        pytest.param({"http_options": {"extra_body": {}}}, id="http-options"),
    ],
)
def test_what_cannot_be_honoured_raises(options: Any, make_function: Make) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be honoured"):
        make_function(**options)


@pytest.mark.parametrize("door", ["encode_documents", "encode_queries", "__call__"])
def test_one_str_is_not_a_list_of_letters(door: str, make_function: Make) -> None:
    with pytest.raises(InputError, match="not one str"):
        getattr(make_function(), door)("a cat")
