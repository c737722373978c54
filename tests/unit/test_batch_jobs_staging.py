"""Where batch jobs of Vertex AI keep their files, and what is refused before any request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import ConfigurationError, Embedder
from gemini_embed.batch_jobs.staging import Staging
from gemini_embed.service import Connection
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]


def connection(base_url: str = "https://aiplatform.googleapis.com") -> Connection:
    return Connection(backend="vertex", base_url=base_url, api_version="v1beta1", project="p", location="global")


@pytest.mark.parametrize(
    ("place", "base_url", "environ", "folder", "address"),
    [
        pytest.param("gs://b/p", "", {}, "gs://b/p", "https://storage.googleapis.com", id="google"),
        pytest.param("gs://b", "https://proxy.corp/vertex", {}, "gs://b", "https://storage.googleapis.com", id="proxy"),
        pytest.param("gs://b/p", "http://127.0.0.1:1", {}, "gs://b/p", "http://127.0.0.1:1", id="emulator"),
        pytest.param(
            "https://storage-x.p.googleapis.com/b/p", "", {}, "gs://b/p", "https://storage-x.p.googleapis.com",
            id="private-endpoint",
        ),
        pytest.param(
            "gs://b/p", "http://127.0.0.1:1", {"STORAGE_EMULATOR_HOST": "127.0.0.1:2"}, "gs://b/p",
            "http://127.0.0.1:2", id="environment",
        ),
        pytest.param(
            "http://127.0.0.1:3/b", "http://127.0.0.1:1", {"STORAGE_EMULATOR_HOST": "x"}, "gs://b",
            "http://127.0.0.1:3", id="told-beats-environment",
        ),
    ],
)  # fmt: skip
def test_addresses(place: str, base_url: str, environ: dict[str, str], folder: str, address: str) -> None:
    reached = connection(base_url) if base_url else connection()
    assert Staging.of(place, reached, environ) == Staging(folder, address)


def test_a_token_that_goes_by_https_does_not_go_by_http_as_well() -> None:
    with pytest.raises(ConfigurationError, match="both or neither must be https"):
        Staging.of("gs://b/p", connection(), {"STORAGE_EMULATOR_HOST": "127.0.0.1:2"})


@pytest.mark.parametrize("place", ["b/p", "gs://", "gs://B", "gs://b ucket", "s3://b/p", "https://host", 7])
def test_what_is_no_place_is_refused(place: Any, make_embedder: MakeEmbedder, fake_credentials: Any) -> None:
    with pytest.raises(ConfigurationError, match="gs://bucket/prefix"):
        make_embedder(vertexai=True, project="p", credentials=fake_credentials, staging=place)


@pytest.mark.filterwarnings("ignore:gemini-embedding-2 is known to be served at")
@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        pytest.param("gemini-embedding-2", {"staging": None}, "staging='gs://bucket/prefix'", id="no-staging"),
        pytest.param("gemini-embedding-2", {"location": "us-central1"}, "run in eu, global, us", id="2-in-a-region"),
        pytest.param(
            "gemini-embedding-001", {}, "'global': batch jobs of gemini-embedding-001 run in europe-west1", id="001"
        ),
        pytest.param("text-embedding-005", {}, "text-embedding-005 has no batch jobs", id="legacy-model"),
        pytest.param("gemini-embedding-2", {"express": True}, "need a project", id="express"),
    ],
)
def test_what_vertex_has_not_is_told_before_any_request(
    model: str,
    options: dict[str, Any],
    says: str,
    make_embedder: MakeEmbedder,
    fake_credentials: Any,
    emulator: Emulator,
    tmp_path: Path,
) -> None:
    access = (
        {"project": "p", "credentials": fake_credentials} if not options.pop("express", False) else {"api_key": "k"}
    )
    told = {"staging": "gs://bucket/prefix", "cache": tmp_path / "c.db", **access, **options}
    embedder = make_embedder(model, vertexai=True, **told)
    for call in (lambda: embedder.batches.submit(["a"]), embedder.batches.list, lambda: embedder.batches.get("run")):
        with pytest.raises(ConfigurationError, match=says):
            call()
    assert len(emulator.requests) == 0


def test_locations_may_be_told(make_embedder: MakeEmbedder, fake_credentials: Any, tmp_path: Path) -> None:
    access = {"vertexai": True, "project": "p", "credentials": fake_credentials, "cache": tmp_path / "c.db"}
    facts = {"batch_locations": ["asia-east1"]}
    embedder = make_embedder(
        "gemini-embedding-001", location="asia-east1", staging="gs://bucket", facts=facts, **access
    )
    assert embedder.batches.list() == []
