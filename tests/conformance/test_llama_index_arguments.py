"""The official GoogleGenAIEmbedding's arguments: accepted, or refused by name with the reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ConfigurationError, RetryPolicy
from gemini_embed_emulator import Emulator, Fault
from google.genai import types
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from pydantic import SecretStr

Make = Callable[..., GeminiEmbedding]

# Of GoogleGenAIEmbedding.__init__ in llama-index-embeddings-google-genai 0.6.0, in order.
OFFICIAL = [
    "model_name",
    "api_key",
    "embedding_config",
    "vertexai_config",
    "http_options",
    "debug_config",
    "embed_batch_size",
    "callback_manager",
    "retries",
    "timeout",
    "retry_min_seconds",
    "retry_max_seconds",
    "retry_exponential_base",
]


def test_the_same_arguments_in_the_same_places() -> None:
    taken = inspect.signature(GeminiEmbedding.__init__).parameters
    assert list(taken)[1 : len(OFFICIAL) + 1] == OFFICIAL


@pytest.mark.parametrize(
    ("arguments", "attributes"),
    [
        pytest.param({"embedding_config": {"task_type": "CLUSTERING"}}, {"task": "clustering"}, id="task_type"),
        pytest.param({"embedding_config": {"taskType": "RETRIEVAL_QUERY"}}, {"task": "search"}, id="camel-case"),
        pytest.param(
            {"embedding_config": types.EmbedContentConfig(output_dimensionality=768, task_type="CLUSTERING")},
            {"dimensions": 768, "task": "clustering"},
            id="config-object",
        ),
        pytest.param({"embedding_config": {"auto_truncate": False}}, {"overflow": "error"}, id="no-auto_truncate"),
        pytest.param({"embedding_config": {"auto_truncate": True}}, {"overflow": "warn"}, id="auto_truncate"),
        pytest.param({"embedding_config": {}}, {"task": "search"}, id="empty-config"),
        pytest.param(
            {"retries": 5, "retry_min_seconds": 2, "retry_max_seconds": 9, "retry_exponential_base": 2},
            {"retry": RetryPolicy(max_attempts=5, first_wait_s=2, max_wait_s=9)},
            id="retry",
        ),
        pytest.param({"retries": 0}, {"retry": RetryPolicy(max_attempts=1)}, id="no-retries-is-one-attempt"),
        pytest.param({"retry": RetryPolicy(max_attempts=4)}, {"retry": RetryPolicy(max_attempts=4)}, id="our-retry"),
        pytest.param(
            {"http_options": types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=3, max_delay=5))},
            {"retry": RetryPolicy(max_attempts=3, max_wait_s=5)},
            id="http_options-retry",
        ),
        pytest.param({"embed_batch_size": 7}, {"batch": 7}, id="embed_batch_size"),
        pytest.param({"vertexai_config": {"project": "p"}}, {"backend": "vertex", "batch": 1}, id="vertex"),
        pytest.param(
            {"vertexai_config": {"project": "p"}, "model_name": "text-embedding-005"},
            {"backend": "vertex", "batch": 250},
            id="vertex-predict",
        ),
        pytest.param({"debug_config": {"client_mode": None}}, {"task": "search"}, id="harmless-debug_config"),
    ],
)
def test_accepted(arguments: dict[str, Any], attributes: dict[str, Any]) -> None:
    if "vertexai_config" not in arguments:
        arguments = {"api_key": SecretStr("k"), **arguments}
    model = GeminiEmbedding(**arguments)
    seen = {name: getattr(model.embedder, name, None) for name in attributes} | {"batch": model.embed_batch_size}
    assert {name: seen[name] for name in attributes} == attributes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({"embedding_config": {"title": "A"}}, "embedding_config.*title: a title belongs", id="title"),
        pytest.param({"embedding_config": {"mime_type": "a/b"}}, "embedding_config.*mime_type", id="mime_type"),
        pytest.param({"embedding_config": {"tusk_type": "X"}}, "tusk_type: there is no such", id="misspelt-config"),
        pytest.param({"embedding_config": {"task_type": "X"}}, "unknown task 'X'", id="unknown-task"),
        pytest.param({"http_options": {"extra_body": {"a": 1}}}, "http_options.*extra_body: requests", id="body"),
        pytest.param({"vertexai_config": {"region": "x"}}, "vertexai_config.*region", id="vertex-key"),
        pytest.param({"vertexai_config": "p"}, "vertexai_config= is a dict", id="vertex-not-a-dict"),
        pytest.param(
            {"vertexai_config": {"project": "p"}, "api_key": "k"}, "api_key= and project= exclude", id="vertex-and-key"
        ),
        pytest.param({"debug_config": {"client_mode": "replay"}}, "debug_config=.*replay", id="replays"),
        pytest.param({"retry_exponential_base": 3}, "retry_exponential_base=3.*double", id="base"),
        pytest.param({"retries": 3, "retry": RetryPolicy()}, "disagree about retry", id="two-retries"),
        pytest.param(
            {"dimensions": 768, "embedding_config": {"output_dimensionality": 3072}},
            "embedding_config and the arguments disagree about dimensions: 3072 and 768",
            id="two-sizes",
        ),
        pytest.param(
            {"timeout": 3, "http_options": {"timeout": 4000}}, "disagree about timeout_s: 4", id="two-timeouts"
        ),
        pytest.param({"max_cost": 1}, "takes no max_cost: did you mean max_cost_usd=", id="misspelt"),
        pytest.param({"on_error": "skip"}, "takes no on_error: the arguments are allow_private_urls,", id="unknown"),
    ],
)
def test_refused(arguments: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    with pytest.raises(ConfigurationError, match=said):
        GeminiEmbedding(**arguments)


def test_a_repr_shows_what_was_given_and_no_more() -> None:
    said = repr(GeminiEmbedding(api_key="k", dimensions=768, cache="vectors.db"))
    assert said == (
        "GeminiEmbedding(model_name='gemini-embedding-2', embed_batch_size=100, task='search', dimensions=768, "
        "overflow='warn', condition_media='query', cache='vectors.db')"
    )


def test_http_options_are_used(emulator: Emulator) -> None:
    model = GeminiEmbedding(
        api_key="k", http_options={"base_url": emulator.base_url, "api_version": "v1", "headers": {"x-team": "search"}}
    )
    model.get_text_embedding("cat")
    assert emulator.requests[0].path == "/v1/models/gemini-embedding-2:batchEmbedContents"
    assert emulator.requests[0].headers["x-team"] == "search"


def test_a_timeout_is_a_timeout(make_llama_index: Make, emulator: Emulator) -> None:
    emulator.faults.push(Fault.latency(30))
    make_llama_index(timeout=0.2).get_text_embedding("cat")
    assert len(emulator.requests) == 2
