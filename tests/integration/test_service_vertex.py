"""Vertex AI: one content a call where it must be, learned limits, locations, and usage added up."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer, embeddings_for
from gemini_embed import ApiError, ConfigurationError, Embedder, GeminiEmbedWarning
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def vertex(make_embedder: MakeEmbedder, fake_credentials: Any) -> MakeEmbedder:
    """Makes embedders on Vertex."""

    def make(model: str = "gemini-embedding-2", **options: Any) -> Embedder:
        return make_embedder(model, **{"vertexai": True, "project": "p", "credentials": fake_credentials, **options})

    return make


def sizes(emulator: Emulator) -> list[int]:
    return [len(r.json["instances"]) for r in emulator.requests]


@pytest.mark.parametrize("method", ["embed_documents", "embed"])
def test_embed_content_is_fanned_out_in_order(method: str, vertex: MakeEmbedder, emulator: Emulator) -> None:
    emulator.latency_jitter_s = 0.05
    embedder = vertex(dimensions=64)
    texts = [f"text {i}" for i in range(30)]
    result = getattr(embedder, method)(texts)
    assert len(emulator.requests) == 30
    assert all(r.path.endswith("/locations/global/publishers/google/models/gemini-embedding-2:embedContent")
               for r in emulator.requests)  # fmt: skip
    emulator.latency_jitter_s = 0.0
    assert np.array_equal(result.values, np.array([getattr(embedder, method)([t]).vector for t in texts]))


@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_usage_is_added_up(model: str, vertex: MakeEmbedder, emulator: Emulator) -> None:
    embedder = vertex(model, task="raw", batch_size=2)
    result = embedder.embed_documents(["one", "two words", "three words now"])
    assert result.usage.prompt_tokens == emulator.requests.tokens_billed > 0
    assert result.usage.by_modality == {"TEXT": result.usage.prompt_tokens}
    assert result.usage.requests == len(emulator.requests)


def test_truncated_is_counted(vertex: MakeEmbedder, emulator: Emulator) -> None:
    result = vertex("text-embedding-005", overflow="truncate").embed_documents(["short", "word " * 3000])
    assert result.usage.truncated == 1


def test_001_takes_250_a_call_where_it_does(vertex: MakeEmbedder, emulator: Emulator) -> None:
    vertex("gemini-embedding-001", dimensions=8).embed_documents([str(i) for i in range(260)])
    assert sorted(sizes(emulator)) == [10, 250]


def test_001_falls_back_to_one_a_call_and_remembers(vertex: MakeEmbedder, emulator: Emulator) -> None:
    emulator.vertex_001_batch_limit = 1
    embedder = vertex("gemini-embedding-001", dimensions=8)
    texts = [f"text {i}" for i in range(20)]
    result = embedder.embed_documents(texts)
    assert sizes(emulator) == [20] + [1] * 20
    assert len(np.unique(result.values, axis=0)) == 20

    emulator.requests.clear()
    again = embedder.embed_documents(texts)
    assert sizes(emulator) == [1] * 20, "the limit is remembered"
    assert np.array_equal(result.values, again.values)


def test_many_batches_learn_the_limit_together(vertex: MakeEmbedder, emulator: Emulator) -> None:
    emulator.vertex_001_batch_limit = 1
    result = vertex("gemini-embedding-001", dimensions=8).embed_documents([f"{i}" for i in range(60)], batch_size=10)
    assert len(np.unique(result.values, axis=0)) == 60
    assert emulator.requests.items_billed == 60, "nothing is paid for twice"


def test_20_000_tokens_a_call(vertex: MakeEmbedder, emulator: Emulator) -> None:
    texts = [f"{i} " + "word " * 1500 for i in range(40)]  # about 1,875 likely tokens each
    vertex("text-embedding-005", dimensions=8).embed_documents(texts)
    assert max(sizes(emulator)) <= 10
    assert sum(sizes(emulator)) == 40, "planned, not refused and split"


def test_a_call_that_is_too_long_after_all_is_split(vertex: MakeEmbedder, emulator: Emulator) -> None:
    """The likely count may be too low; the refusal halves the call."""
    texts = [f"{i} " * 1900 for i in range(10, 30)]  # half as many characters a token as is likely
    result = vertex("text-embedding-005", dimensions=8).embed_documents(texts)
    assert result.values.shape == (20, 8)
    assert emulator.requests.items_billed == 20
    assert len(emulator.requests) > 2


@pytest.mark.parametrize("location", ["global", "us", "eu"])
def test_where_embedding_2_is_served(location: str, vertex: MakeEmbedder, emulator: Emulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vertex(location=location).embed_query("x")
    assert f"/locations/{location}/" in emulator.requests[0].path


def test_elsewhere_one_warning_and_a_hint(vertex: MakeEmbedder, emulator: Emulator) -> None:
    with pytest.warns(GeminiEmbedWarning, match="known to be served at eu, global, us; location='us-central1'") as seen:
        embedder = vertex(location="us-central1")
    with pytest.raises(ApiError) as caught:
        embedder.embed_query("x")
    assert len(seen) == 1
    assert "known to be served at eu, global, us, not at 'us-central1'" in caught.value.hint
    assert caught.value.hint in str(caught.value)


def test_older_models_are_served_in_regions(vertex: MakeEmbedder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(vertex("gemini-embedding-001", location="us-central1").embed_query("x")) == 1


def test_a_model_that_is_not_known_there(vertex: MakeEmbedder, emulator: Emulator) -> None:
    embedder = vertex("gemini-embedding-exp-03-07", location="us-central1")
    with pytest.raises(ApiError) as caught:
        embedder.embed_documents(["a", "b"])
    assert "nothing is known here of gemini-embedding-exp-03-07 on the vertex backend" in caught.value.hint
    assert "facts={...}" in caught.value.hint


def test_retries_on_vertex(vertex: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.push(Fault.status(429), Fault.status(503), Fault.drop_mid_body())
    assert len(vertex().embed_documents(["a", "b"])) == 2


def test_express_mode(capture: CaptureServer) -> None:
    with Embedder(vertexai=True, api_key="k", base_url=capture.base_url, verify=False) as embedder:
        embedder.embed_query("x")
    (request,) = capture.requests
    assert request.path == "/v1beta1/publishers/google/models/gemini-embedding-2:embedContent"
    assert request.headers["x-goog-api-key"] == "k"
    assert "authorization" not in request.headers


def test_project_and_location_from_the_environment(
    capture: CaptureServer, fake_credentials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-env")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "eu")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    with Embedder(credentials=fake_credentials, base_url=capture.base_url, verify=False) as embedder:
        embedder.embed_query("x")
    assert "/projects/from-env/locations/eu/" in capture.requests[0].path


CONTRADICTIONS = [
    pytest.param({"vertexai": True}, "needs a project", id="no-project"),
    pytest.param({"vertexai": True, "api_key": "k", "project": "p"}, "exclude each other", id="key-and-project"),
    pytest.param({"vertexai": True, "api_key": "k", "location": "us"}, "express mode has none", id="key-and-location"),
    pytest.param({"vertexai": False, "project": "p"}, "project= belongs to Vertex AI", id="project-on-developer"),
    pytest.param({"api_key": "k", "location": "us"}, "location= belongs to Vertex AI", id="location-on-developer"),
    pytest.param({"project": "p", "credentials": "text"}, "Credentials object, not str", id="credentials-of-text"),
    pytest.param({"api_key": "k\n"}, "spaces, a line break", id="key-with-a-line-break"),
    pytest.param({"api_key": "k\nk"}, "spaces, a line break", id="key-of-two-lines"),
    pytest.param({"api_key": 5}, "must be a str or a SecretStr", id="key-of-another-type"),
    pytest.param({"api_key": "k", "base_url": "localhost:80"}, "must begin with http", id="base-url"),
    pytest.param({"api_key": "k", "verify": "/no/such/file.pem"}, "there is no such file", id="verify"),
    pytest.param({"api_key": "k", "verify": 5}, "verify=5 must be a bool, a CA file", id="verify-of-another-type"),
    pytest.param({"api_key": "k", "retry": 5}, "retry=5 must be a RetryPolicy", id="retry-of-another-type"),
    *(
        pytest.param({"api_key": "k", "retry": no}, "must be a RetryPolicy", id=f"retry-{no!r}")
        for no in (0, False, "")
    ),
    pytest.param({"api_key": "k", "retry": {"tries": 3}}, "or a mapping of its fields", id="retry-of-no-such-field"),
    pytest.param({"api_key": "k", "proxy": "localhost:3128"}, "must be a URL", id="proxy"),
    pytest.param({"api_key": "k", "headers": {"a": 1}}, "must be ASCII str", id="headers"),
    pytest.param({"api_key": "k", "headers": {"a": "b\nc"}}, "without line breaks", id="header-line-break"),
    pytest.param({"api_key": "k", "concurrency": 0}, "concurrency=0 must be a positive whole number", id="concurrency"),
    pytest.param({"api_key": "k", "concurrency": 2.5}, "concurrency=2.5 must be", id="half-a-request"),
    pytest.param({"api_key": "k", "batch_size": -1}, "batch_size=-1 must be", id="batch-size"),
    pytest.param({"api_key": "k", "timeout_s": 0}, "timeout_s=0 must be a positive number", id="timeout"),
    pytest.param({"api_key": "k", "timeout_s": None}, "timeout_s=None must be", id="no-timeout"),
    pytest.param({"api_key": "k", "dimensions": 0}, "dimensions=0 must be", id="dimensions"),
    pytest.param({"api_key": "k", "dimensions": 3073}, "has at most 3072", id="too-many-dimensions"),
    pytest.param({"api_key": "k", "task": "searching"}, "unknown task 'searching': use one of search,", id="task"),
    pytest.param({"api_key": "k", "overflow": "cut"}, "overflow='cut' must be one of 'warn'", id="overflow"),
    pytest.param({"api_key": "k", "condition_media": "x"}, "must be one of 'query'", id="condition-media"),
    pytest.param({"api_key": "k", "model": ""}, "model='' must be a model's name", id="no-model"),
    pytest.param({"api_key": "k", "model": None}, "model=None must be a model's name", id="model-none"),
    pytest.param({"api_key": "k", "facts": {"max_tokenz": 1}}, "facts= names max_tokenz", id="facts"),
]


@pytest.mark.parametrize(("options", "message"), CONTRADICTIONS)
def test_what_cannot_be_honoured_raises_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Embedder(**options)


def test_a_key_of_the_environment_with_a_line_break_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "secret\n")
    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY holds") as refused:
        Embedder()
    assert "secret" not in str(refused.value)


def test_extra_headers_and_versions(make_server: Callable[..., CaptureServer], fake_credentials: Any) -> None:
    server = make_server(lambda request: embeddings_for(request) if request.method == "POST" else Answer())
    options: dict[str, Any] = {"base_url": server.base_url, "verify": False, "api_version": "v1"}
    with Embedder(project="p", credentials=fake_credentials, headers={"X-Goog-Request-Reason": "t"}, **options) as one:
        one.embed_query("x")
    assert server.requests[0].path.startswith("/v1/projects/p/")
    assert server.requests[0].headers["x-goog-request-reason"] == "t"
    assert server.requests[0].headers["authorization"] == "Bearer token-for-tests"
