"""Keys and credentials: where they come from, how they are renewed, and that they are never seen."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.auth.credentials
import pytest
from fix_capture import Answer, CaptureServer, Received, embeddings_for
from gemini_embed import (
    AuthenticationError,
    ConfigurationError,
    Embedder,
    GeminiEmbedError,
    GeminiEmbedWarning,
    RetryPolicy,
)
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError

SECRET = "AIza-a-very-secret-key-0123456789"  # made up


class Renewing(Credentials):
    """Credentials that count how often they are renewed, and on which thread."""

    def __init__(self, *, wait_s: float = 0.0, fail: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth's
        self.renewals = 0
        self.threads: list[str] = []
        self._wait_s, self._fail = wait_s, fail

    def refresh(self, request: Any) -> None:
        time.sleep(self._wait_s)
        self.threads.append(threading.current_thread().name)
        if self._fail:
            raise RefreshError("the token endpoint said no")  # type: ignore[no-untyped-call]  # google-auth's
        self.renewals += 1
        self.token = f"token-{self.renewals}"


def embedder_with(credentials: Any, server: CaptureServer, **options: Any) -> Embedder:
    return Embedder(project="p", credentials=credentials, base_url=server.base_url, verify=False, **options)


def test_given_credentials_are_renewed_off_the_loop_and_once(capture: CaptureServer) -> None:
    credentials = Renewing(wait_s=0.2)
    with embedder_with(credentials, capture) as embedder:
        embedder.embed_documents([str(i) for i in range(10)])
    assert credentials.renewals == 1
    assert credentials.threads != ["gemini-embed"]
    assert {r.headers["authorization"] for r in capture.requests} == {"Bearer token-1"}


class Scoped(Renewing, google.auth.credentials.Scoped):
    """Credentials of a service account: of no use until they have a scope."""

    scope: list[str] | None = None

    @property
    def requires_scopes(self) -> bool:
        return self.scope is None

    def with_scopes(self, scopes: Any, default_scopes: Any = None) -> Credentials:
        scoped = Scoped()
        scoped.scope = scopes
        return scoped

    def refresh(self, request: Any) -> None:
        self.token = f"token for {self.scope}"


def test_a_service_account_gets_the_scope(capture: CaptureServer) -> None:
    with embedder_with(Scoped(), capture) as embedder:
        embedder.embed_query("a")
    assert capture.requests[0].headers["authorization"].endswith("/auth/cloud-platform']")


def test_a_refused_token_is_renewed_and_the_call_repeated(make_server: Callable[..., CaptureServer]) -> None:
    def respond(request: Received) -> Answer:
        if request.headers["authorization"] == "Bearer stale":
            return Answer({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "expired"}}, 401)
        return embeddings_for(request)

    server, credentials = make_server(respond), Renewing()
    credentials.token = "stale"  # made up
    with embedder_with(credentials, server) as embedder:
        assert len(embedder.embed_documents([str(i) for i in range(8)])) == 8
    assert credentials.renewals == 1


def test_a_token_that_stays_refused(make_server: Callable[..., CaptureServer]) -> None:
    server = make_server(lambda request: Answer({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401))
    with embedder_with(Renewing(), server) as embedder, pytest.raises(AuthenticationError, match="Vertex AI User"):
        embedder.embed_query("x")
    assert len(server.requests) == 2


def test_credentials_that_cannot_be_renewed(capture: CaptureServer) -> None:
    embedder = embedder_with(Renewing(fail=True), capture)
    with embedder, pytest.raises(AuthenticationError, match="the token endpoint said no"):
        embedder.embed_query("x")
    assert not capture.requests


def service_account(folder: Path, token_uri: str) -> Path:
    """A service account's file with a key made for this test."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    info = {
        "type": "service_account",
        "project_id": "from-file",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "a@b.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path = folder / "account.json"
    path.write_text(json.dumps(info))
    return path


def test_application_default_credentials(
    make_server: Callable[..., CaptureServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def respond(request: Received) -> Answer:
        if request.path == "/token":
            return Answer({"access_token": "from-adc", "expires_in": 3600, "token_type": "Bearer"})
        return embeddings_for(request)

    server = make_server(respond)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(tmp_path, server.base_url + "/token")))
    with Embedder(project="p", base_url=server.base_url, verify=False) as embedder:
        embedder.embed_documents(["a", "b"])
    calls = [r for r in server.requests if r.path != "/token"]
    assert [r.headers["authorization"] for r in calls] == ["Bearer from-adc"] * 2
    assert len(server.requests) == 3, "one look-up for all"


def test_no_default_credentials(capture: CaptureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    embedder = Embedder(project="p", base_url=capture.base_url, verify=False)
    with embedder, pytest.raises(ConfigurationError, match=r"absent\.json was not found\): run gcloud"):
        embedder.embed_query("x")


@pytest.mark.parametrize("name", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_the_key_from_the_environment(name: str, capture: CaptureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "from-env")
    with Embedder(base_url=capture.base_url, verify=False) as embedder:
        embedder.embed_query("x")
    assert capture.requests[0].headers["x-goog-api-key"] == "from-env"


def test_an_argument_beats_the_environment(capture: CaptureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "from-env")
    with Embedder(api_key="argument", base_url=capture.base_url, verify=False) as embedder:
        embedder.embed_query("x")
    assert capture.requests[0].headers["x-goog-api-key"] == "argument"


def test_a_secret_str(capture: CaptureServer) -> None:
    from pydantic import SecretStr

    with Embedder(api_key=SecretStr("hidden"), base_url=capture.base_url, verify=False) as embedder:
        embedder.embed_query("x")
    assert capture.requests[0].headers["x-goog-api-key"] == "hidden"


def _langchain() -> object:
    from langchain_gemini_embed import GeminiEmbeddings

    return GeminiEmbeddings()


def _llama_index() -> object:
    from llama_index.embeddings.gemini_embed import GeminiEmbedding

    return GeminiEmbedding()


@pytest.mark.parametrize("make", [_langchain, _llama_index])
def test_of_two_keys_one_warning(make: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "gemini")
    monkeypatch.setenv("GOOGLE_API_KEY", "google")
    with pytest.warns(GeminiEmbedWarning, match="both set and differ") as said:
        make()
    assert len(said) == 1
    assert said[0].filename == __file__


FAILURES = [
    pytest.param(Answer({"error": {"code": 400, "message": "API key not valid.", "status": "X"}}, 400), id="400"),
    pytest.param(Answer({"error": {"code": 429, "message": "slow", "status": "X"}}, 429), id="429"),
    pytest.param(Answer(b"<html>", 200), id="unreadable"),
    pytest.param(Answer(b"x" * 99, sent_bytes=5), id="broken-off"),
    pytest.param(Answer(b"", wait_s=5), id="too-slow"),
]


@pytest.mark.parametrize("answer", FAILURES)
@pytest.mark.parametrize("door", ["sync", "async"])
def test_the_key_is_never_seen(
    answer: Answer, door: str, make_server: Callable[..., CaptureServer], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in an error, nor in the locals of its frames, which error reporters show; nor in logs, reprs, pickles."""
    server = make_server(lambda request: answer)
    retry = RetryPolicy(max_attempts=2, first_wait_s=0)
    embedder = Embedder(api_key=SECRET, base_url=server.base_url, verify=False, retry=retry, timeout_s=0.3)
    call: Callable[[str], object] = embedder.embed_query
    if door == "async":
        call = lambda text: asyncio.run(embedder.aembed_query(text))  # noqa: E731 - the other door, in one line
    caplog.set_level(logging.DEBUG)
    with embedder, pytest.raises(GeminiEmbedError) as caught:
        call("x")
    assert server.requests[0].headers["x-goog-api-key"] == SECRET
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    texts = ["".join(report.format()), caplog.text, repr(embedder), repr(vars(embedder)), repr(caught.value)]
    assert not [text for text in texts if SECRET in text]
    assert SECRET.encode() not in pickle.dumps(embedder) + pickle.dumps(caught.value)
