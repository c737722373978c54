"""The official GoogleGenAIEmbedding's arguments: accepted, or refused by name with the reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ConfigurationError, GeminiEmbedWarning, RetryPolicy
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
            {"retries": 5, "retry_min_seconds": 2, "retry_max_seconds": 9, "retry_exponential_base": 3},
            {"retry": RetryPolicy(max_attempts=5, first_wait_s=2, max_wait_s=9, wait_factor=3)},
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
        pytest.param({"retry_exponential_base": 0.5}, "wait_factor=0.5 must be from 1", id="base"),
        pytest.param({"model": "a", "model_name": "b"}, "are the same argument", id="two-models"),
        pytest.param({"task": "search", "task_type": "CLUSTERING"}, "are the same argument", id="two-tasks"),
        pytest.param({"client_options": {}}, "client_options= cannot be honoured: pass base_url=", id="client_options"),
        pytest.param({"client": 1}, "client= cannot be honoured: requests are made here", id="client"),
        pytest.param({"title": "A"}, r"title= cannot be honoured: .*Content\(text, title=title\)", id="title"),
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


# In public code and in the official signatures, and what each is called here.
CALLED_OTHERWISE = [
    ("max_retries", "retries"),
    ("output_dimensionality", "dimensions"),
    ("output_dim", "dimensions"),
    ("api_base", "base_url"),
    ("api_endpoint", "base_url"),
    ("request_timeout", "timeout"),
    ("config", "embedding_config"),
    ("google_api_key", "api_key"),
    ("batch_size", "embed_batch_size"),
    ("embedding_model", "model_name"),
    ("vertex_config", "vertexai_config"),
    ("embedding_configs", "embedding_config"),
    ("max_batch_size", "embed_batch_size"),
]


@pytest.mark.parametrize(("name", "ours"), CALLED_OTHERWISE)
def test_a_name_from_elsewhere_is_answered_with_ours(name: str, ours: str) -> None:
    given: dict[str, Any] = {name: "x"}
    with pytest.raises(ConfigurationError, match=f"GeminiEmbedding takes no {name}: did you mean {ours}="):
        GeminiEmbedding(api_key="k", **given)


def test_model_is_model_name_with_one_warning() -> None:
    """The official class forgets `model=` and uses its default."""
    given: dict[str, Any] = {"model": "gemini-embedding-001"}
    with pytest.warns(GeminiEmbedWarning, match="model= is taken as model_name='gemini-embedding-001'") as said:
        model = GeminiEmbedding(api_key="k", **given)
    assert model.model_name == model.embedder.model == "gemini-embedding-001"
    assert [warning.filename for warning in said] == [__file__]


@pytest.mark.parametrize(
    ("given", "config"),
    [
        pytest.param({}, None, id="defaults"),
        pytest.param({"task_type": "CLUSTERING"}, {"task_type": "CLUSTERING"}, id="task_type"),
        pytest.param({"task": "raw", "dimensions": 8}, {"task_type": "TASK_TYPE_UNSPECIFIED",
                                                        "output_dimensionality": 8}, id="our-names"),
        pytest.param({"embedding_config": {"output_dimensionality": 8}}, {"output_dimensionality": 8}, id="given"),
    ],
)  # fmt: skip
def test_the_config_can_be_read_and_given_again(given: dict[str, Any], config: Any) -> None:
    model = GeminiEmbedding(api_key="k", **given)
    assert model.embedding_config == config
    again = GeminiEmbedding(api_key="k", embedding_config=config)
    assert again.embedder.fingerprint == model.embedder.fingerprint


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
    make_llama_index(timeout=0.5).get_text_embedding("cat")
    assert len(emulator.requests) > 1  # a busy machine may be late twice
