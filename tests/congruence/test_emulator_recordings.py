"""The emulator gives each recorded request the recorded answer, but for the vectors' values and what `live.outlines`
allows."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from fix_recordings import body_of
from gemini_embed_emulator import Emulator, Fault
from live.outlines import like, outline

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
EMBEDDING_METHODS = ("embedContent", "batchEmbedContents", "predict", "countTokens")
FOLDER = Path(os.environ.get("GEMINI_EMBED_RECORDINGS") or "no-recordings")
CASSETTES = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.glob("*/*")
    if any(f":{method}" in path.read_text() for method in EMBEDDING_METHODS)
)
NONE = pytest.param("", marks=pytest.mark.skip("GEMINI_EMBED_RECORDINGS names no folder of recordings"))


@pytest.fixture
def archive() -> Iterator[Emulator]:
    """An emulator of the days of the recordings, when the models since shut down were served."""
    with Emulator(retired="serve") as server:
        yield server


@pytest.mark.parametrize("cassette", CASSETTES or [NONE])
def test_each_recorded_request_gets_the_recorded_answer(cassette: str, archive: Emulator, recordings: Path) -> None:
    """Same status, keys, counts, sizes, norms and error texts."""
    found = [exchange for exchange in exchanges(recordings / cassette) if is_about_embeddings(exchange)]
    for exchange in found:
        reply = replay(exchange, archive)
        assert reply.status_code == exchange["status"], reply.text
        assert outline(like(reply.json(), exchange["reply"])) == outline(exchange["reply"])


def test_the_recordings_are_not_skipped_by_mistake(recordings: Path) -> None:
    """38 exchanges about embeddings are known; a reader that loses some must not pass."""
    found = [e for path in CASSETTES for e in exchanges(recordings / path) if is_about_embeddings(e)]
    assert len(found) >= 38


def test_too_many_items_are_refused_in_the_quoted_words(emulator: Emulator, recordings: Path) -> None:
    """101 items, one more than the service takes."""
    item = {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "x"}]}}
    reply = post(emulator, "/v1beta/models/gemini-embedding-001:batchEmbedContents", {"requests": [item] * 101})
    assert reply.json() == quoted(recordings, "400_batch_over_100.json")


def test_a_scripted_quota_has_the_quoted_body(emulator: Emulator, recordings: Path) -> None:
    """The default of Fault.rate_limited is the 429 that was quoted, to the letter."""
    emulator.faults.push(Fault.rate_limited())
    reply = post(emulator, "/v1beta/models/gemini-embedding-2:embedContent", {"content": {"parts": [{"text": "x"}]}})
    assert reply.status_code == 429
    assert reply.json() == quoted(recordings, "429_gemini-embedding-2_free_tier_per_minute.json")


def test_the_models_are_listed_as_quoted(archive: Emulator, recordings: Path) -> None:
    """The three embedding entries of a live ListModels."""
    listed = httpx.get(f"{archive.base_url}/v1beta/models", headers={"x-goog-api-key": "k"}, verify=NO_TLS).json()[
        "models"
    ]
    for entry in quoted(recordings, "models_list_embedding_entries_2026-06-26.json")["models"]:
        assert entry in listed


def quoted(recordings: Path, name: str) -> Any:
    return json.loads((recordings / "quoted_errors" / name).read_text())


def exchanges(path: Path) -> Iterator[dict[str, Any]]:
    """Every exchange of a recording as {path, key, request, status, reply}, whatever tool recorded it."""
    if path.suffix == ".json":
        for item in json.loads(path.read_text())["interactions"]:
            request, response = item["request"], item["response"]
            yield {
                "url": f"https://{request['serverAddress']}{request['url']}",
                "key": False,
                "request": request["bodySegments"][0],
                "status": response["statusCode"],
                "reply": response["bodySegments"][0],
            }
        return
    for item in yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["interactions"]:  # noqa: S506 - safe
        request, response = item["request"], item["response"]
        yield {
            "url": request["uri"],
            "key": "x-goog-api-key" in request["headers"],
            "request": body_of(request),
            "status": response["status"]["code"],
            "reply": body_of(response),
        }


def is_about_embeddings(exchange: dict[str, Any]) -> bool:
    return urlsplit(exchange["url"]).path.rpartition(":")[2] in EMBEDDING_METHODS


def replay(exchange: dict[str, Any], server: Emulator) -> httpx.Response:
    path = urlsplit(exchange["url"]).path
    by_key = exchange["key"] or "generativelanguage" in exchange["url"]
    return post(server, path, exchange["request"], {} if by_key else {"authorization": "Bearer t"})


def post(server: Emulator, path: str, payload: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=headers or {"x-goog-api-key": "k"}, verify=NO_TLS)
