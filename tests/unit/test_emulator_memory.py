"""An emulator that runs for weeks, as in a container, holds so much and no more."""

from __future__ import annotations

import gzip
import ssl
import tracemalloc
from typing import Any

import httpx
import pytest
from fix_emulator_jobs import JobCalls, inline, line, result_of
from gemini_embed_emulator import Emulator
from gemini_embed_emulator.http import http11

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def post(server: Emulator, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
    url = path if path.startswith("http") else server.base_url + path
    return httpx.post(url, headers={**KEY, **(headers or {})}, verify=NO_TLS, **options)


def embed(server: Emulator, text: str = "x") -> httpx.Response:
    return post(server, ONE, json={"content": {"parts": [{"text": text}]}})


def upload(server: Emulator, data: bytes) -> httpx.Response:
    begun = post(server, "/upload/v1beta/files", {"x-goog-upload-command": "start"})
    told = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    return post(server, begun.headers["x-goog-upload-url"], told, content=data)


def test_the_oldest_requests_make_room_in_the_log() -> None:
    with Emulator(max_log_bytes=30_000) as server:
        for number in range(1, 11):
            embed(server, "x" * 1000 * number)
        assert [request.number for request in server.requests] == [9, 10]
        assert (server.requests.forgotten, server.requests.items_billed) == (8, 10)
        server.requests.clear()
        assert (len(server.requests), server.requests.forgotten) == (0, 0)


def test_a_request_that_fills_the_log_alone_is_kept() -> None:
    with Emulator(max_log_bytes=1) as server:
        embed(server, "first")
        embed(server, "second")
        assert [request.json["content"]["parts"][0]["text"] for request in server.requests] == ["second"]


@pytest.mark.parametrize(
    ("limits", "status", "words"),
    [
        pytest.param({"max_file_bytes": 10}, 400, "larger than 10 bytes", id="one"),
        pytest.param({"max_files_bytes": 15}, 429, "hold 15 bytes together", id="all"),
    ],
)
def test_uploads_have_a_limit(limits: dict[str, int], status: int, words: str) -> None:
    with Emulator(**limits) as server:  # type: ignore[arg-type] # mypy: one of its settings is not a number
        assert upload(server, b"x" * 10).status_code == 200
        refused = upload(server, b"x" * 11)
        assert (refused.status_code, words in refused.json()["error"]["message"]) == (status, True)


def test_files_whose_time_is_over_make_room() -> None:
    with Emulator(max_files_bytes=15, file_lifetime_s=0.0) as server:
        for _ in range(3):
            assert upload(server, b"x" * 10).status_code == 200


def test_a_file_may_live_for_ever() -> None:
    with Emulator(file_lifetime_s=1e300) as server:
        assert upload(server, b"x").json()["file"]["expirationTime"].startswith("9999-12-31")


def test_an_upload_that_starts_with_no_json_is_refused(emulator: Emulator) -> None:
    reply = post(emulator, "/upload/v1beta/files", {"x-goog-upload-command": "start"}, content=b"{")
    assert reply.status_code == 400


def test_a_small_body_does_not_become_a_large_one(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than a request may be is not unpacked to its end."""
    monkeypatch.setattr(http11, "_MAX_BODY_BYTES", 2**20)
    reply = post(emulator, ONE, {"content-encoding": "gzip"}, content=gzip.compress(bytes(2**20 + 1)))
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "Bad request: the body is too long.")


def test_inputs_of_jobs_have_a_limit_and_results_that_are_deleted_make_room(jobs: JobCalls) -> None:
    jobs.server.max_files_bytes = 1500
    texts = "x" * 600, "y" * 600
    first = jobs.create(inline(texts[0]))
    refused = jobs.create(inline(texts[1]))
    assert (refused.status_code, "inputs of jobs" in refused.json()["error"]["message"]) == (429, True)
    jobs.server.clock.advance(48 * 3600 + 1)  # results go, the job's record stays
    assert jobs.create(inline(texts[1])).status_code == 200
    assert "output" not in jobs.get(first.json()["name"])["metadata"]


def test_results_are_never_held_whole(jobs: JobCalls) -> None:
    """They are made as they are sent. (Of one text here: those of the latest texts are remembered, as online.)"""
    name = jobs.made([line("text", str(i), size=3072) for i in range(600)])
    size = 0
    tracemalloc.start()
    try:
        with jobs.http.stream("GET", f"/v1beta/{result_of(name)}:download?alt=media") as reply:
            for piece in reply.iter_raw():
                size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 20e6
    assert peak < size / 2, f"{peak / 1e6:.1f} of {size / 1e6:.1f} MB"
