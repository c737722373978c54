"""Arguments of `GeminiEmbeddings`: every official one is honoured or refused by name, and none passes silently."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import ConfigurationError, GeminiEmbedWarning, RetryPolicy, VectorCache
from gemini_embed.secret import Secret
from langchain_gemini_embed import GeminiEmbeddings
from langchain_gemini_embed.options import SYNONYMS, Options
from pydantic import ValidationError

KEY = "key-of-the-unit-tests"


def test_the_typed_arguments_are_the_fields_and_their_synonyms() -> None:
    assert set(Options.__annotations__) == {*GeminiEmbeddings.model_fields, *SYNONYMS, "client", "transport"}


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        pytest.param({"api_key": KEY}, "google_api_key", KEY, id="api_key"),
        pytest.param({"google_api_key": KEY}, "google_api_key", KEY, id="google_api_key"),
        pytest.param({"task": "clustering"}, "task_type", "clustering", id="task"),
        pytest.param({"task_type": "CLUSTERING"}, "task_type", "CLUSTERING", id="task_type"),
        pytest.param({"dimensions": 768}, "output_dimensionality", 768, id="dimensions"),
        pytest.param({"headers": {"a": "b"}}, "additional_headers", {"a": "b"}, id="headers"),
        pytest.param({"client": None}, "model", "gemini-embedding-2", id="the official default of client"),
        pytest.param({"transport": "rest"}, "model", "gemini-embedding-2", id="the transport that there is"),
    ],
)
def test_both_names_are_understood(given: Any, field: str, expected: Any) -> None:
    value = getattr(GeminiEmbeddings(**({"api_key": KEY} | given if "google_api_key" not in given else given)), field)
    assert (value.get_secret_value() if field == "google_api_key" else value) == expected


@pytest.mark.parametrize(
    "cache", ["vectors.db", Path("vectors.db"), VectorCache("vectors.db")], ids=["str", "path", "object"]
)
def test_the_core_gets_cache_budget_and_root_and_dumps_hold_paths(cache: Any, tmp_path: Path) -> None:
    model = GeminiEmbeddings(api_key=KEY, cache=cache, max_cost_usd=2, root=tmp_path)

    for one in (model, model.model_copy(), GeminiEmbeddings(api_key=KEY, **model.model_dump(exclude_unset=True))):
        embedder = one.embedder
        assert embedder.cache is not None
        assert embedder.cache.path == Path("vectors.db").absolute()
        assert (embedder.budget.max_usd, embedder.root) == (2, str(tmp_path))
    dumped = str(cache.path) if isinstance(cache, VectorCache) else "vectors.db"
    assert model.model_dump(include={"cache", "root"}) == {"cache": dumped, "root": str(tmp_path)}


CONTEXT = ssl.create_default_context()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"client_args": {"timeout": 3, "proxy": "http://p:1"}},
            {"timeout_s": 3, "proxy": "http://p:1"},
            id="client_args",
        ),
        pytest.param({"client_args": {"verify": CONTEXT}}, {"verify": CONTEXT}, id="verify"),
        pytest.param({"client_args": {"headers": {"x-a": "1"}}}, {"headers": {"x-a": "1"}}, id="headers of the client"),
        pytest.param({"additional_headers": {"x-a": "1"}}, {"headers": {"x-a": "1"}}, id="additional_headers"),
        pytest.param({"request_options": {"timeout": 10}}, {"timeout_s": 10}, id="request_options"),
        pytest.param({"timeout_s": 7}, {"timeout_s": 7}, id="timeout_s"),
        pytest.param({"timeout_s": 7, "request_options": {"timeout": 7}}, {"timeout_s": 7}, id="the same twice"),
    ],
)
def test_connection_arguments_reach_the_core(given: Any, expected: dict[str, Any]) -> None:
    http = GeminiEmbeddings(api_key=KEY, **given).embedder._http
    seen = {name: getattr(http, name) for name in expected}
    if "headers" in seen:
        seen["headers"] = {name: value.reveal() for name, value in seen["headers"].items()}
    assert {name: value.reveal() if isinstance(value, Secret) else value for name, value in seen.items()} == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"client": object()}, "client= cannot be honoured", id="client"),
        pytest.param({"transport": "grpc"}, "transport= cannot be honoured", id="transport of older releases"),
        pytest.param({"client_options": {}}, "client_options= cannot be honoured", id="client_options"),
        pytest.param({"max_retries": 3}, "retry=gemini_embed.RetryPolicy", id="max_retries"),
        pytest.param({"taks_type": "x"}, "did you mean task_type=", id="misspelt"),
        pytest.param({"zzz": 1}, "the arguments are additional_headers, ", id="unknown"),
        pytest.param({"task": "search", "task_type": "search"}, "are the same argument", id="two names"),
        pytest.param({"client_args": {"cert": "c.pem"}}, "cert", id="client_args"),
        pytest.param({"client_args": {"transport": 1}}, "transport", id="client_args transport"),
        pytest.param({"request_options": {"retry": 1}}, "retry=gemini_embed.RetryPolicy", id="request_options"),
        pytest.param({"timeout_s": 7, "request_options": {"timeout": 8}}, "timeout_s", id="two timeouts"),
        pytest.param({"vertexai": False, "project": "p"}, "project= belongs to Vertex AI", id="a project for nothing"),
        pytest.param({"task": "poetry"}, "unknown task 'poetry'", id="task"),
        pytest.param({"output_dimensionality": 5000}, "dimensions=5000", id="dimensions"),
        pytest.param({"facts": {"wings": 2}}, "wings", id="facts"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(given: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GeminiEmbeddings(api_key=KEY, **given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "given", [{"model": None}, {"concurrency": "many"}, {"overflow": "explode"}, {"google_api_key": [KEY]}], ids=repr
)
def test_a_wrong_type_is_a_validation_error_without_the_key(given: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        GeminiEmbeddings(**{"google_api_key": KEY, **given})
    assert next(iter(given)) in str(caught.value)
    assert KEY not in str(caught.value)


def test_fields_are_fixed_and_copies_are_checked() -> None:
    model = GeminiEmbeddings(api_key=KEY)
    with pytest.raises(ConfigurationError, match=r"task_type is fixed: model_copy\(update={'task_type': ...}\) gives"):
        model.task_type = "clustering"  # type: ignore[misc]  # type checkers see it too
    with pytest.raises(ConfigurationError, match="unknown task"):
        model.model_copy(update={"task": "poetry"})


def test_a_subclasss_own_fields_are_free() -> None:
    class Counting(GeminiEmbeddings):
        calls: int = 0

        def embed_query(self, text: str, **options: Any) -> list[float]:
            self.calls += 1
            return [0.0]

    given: dict[str, Any] = {"api_key": KEY}
    model = Counting(**given)
    model.embed_query("x")
    assert model.calls == 1
    with pytest.raises(ConfigurationError, match="model is fixed"):
        model.model = "gemini-embedding-001"  # type: ignore[misc]  # type checkers see it too
    assert Counting(**given, calls=3).calls == 3
    assert {model: "a key of a dict, as ever"}[model]


def test_there_is_no_client_and_it_is_said_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no google-genai client here: \.embedder sends the requests"):
        _ = GeminiEmbeddings(api_key=KEY).client


@pytest.mark.parametrize("name", ["google_api_key", "api_key"])
def test_a_key_beside_a_project_is_not_used(name: str) -> None:
    """As in the official class, which goes with the project."""
    given: dict[str, Any] = {name: KEY}
    with pytest.warns(GeminiEmbedWarning, match="google_api_key= is not used: project= means Vertex AI") as said:
        model = GeminiEmbeddings(vertexai=True, project="p", **given)
    assert (model.embedder.backend, model.embedder._connection.key) == ("vertex", None)
    assert [warning.filename for warning in said] == [__file__]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("model_name", "model"),
        ("embedding_model", "model"),
        ("dimension", "dimensions"),
        ("output_dim", "output_dimensionality"),
        ("api_base", "base_url"),
        ("google_api_base", "base_url"),
        ("endpoint", "base_url"),
        ("request_timeout", "timeout_s"),
        ("timeout", "timeout_s"),
        ("chunk_size", "batch_size"),
        ("region", "location"),
        ("gemini_api_key", "api_key"),
        ("default_headers", "additional_headers"),
        ("max_concurrency", "concurrency"),
    ],
)
def test_a_name_from_elsewhere_is_answered_with_ours(name: str, ours: str) -> None:
    given: dict[str, Any] = {name: "x"}
    with pytest.raises(ConfigurationError, match=f"unknown argument {name}=: did you mean {ours}="):
        GeminiEmbeddings(api_key=KEY, **given)


def test_the_key_of_the_environment_does_not_stand_in_the_way_of_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    embedder = GeminiEmbeddings(project="p", retry=RetryPolicy(max_attempts=1)).embedder
    assert embedder.backend == "vertex"
