"""What is tried again, after which wait, and for how long; and what a failure leaves behind."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer, Received, embeddings_for
from gemini_embed import (
    ApiError,
    AuthenticationError,
    ConnectionFailedError,
    Embedder,
    GeminiEmbedError,
    NotFoundError,
    QuotaError,
    ReplyError,
    RequestError,
    RetryPolicy,
)
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]

PASSING = [
    pytest.param(Fault.status(408), id="408"),
    pytest.param(Fault.status(429), id="429-without-RetryInfo"),
    pytest.param(Fault.status(500), id="500"),
    pytest.param(Fault.status(502), id="502"),
    pytest.param(Fault.status(503), id="503"),
    pytest.param(Fault.status(504), id="504"),
    pytest.param(Fault.html(502), id="a-proxys-page"),
    pytest.param(Fault.drop_before(), id="dropped-before-the-answer"),
    pytest.param(Fault.drop_mid_body(), id="dropped-in-mid-body"),
    pytest.param(Fault.html(200), id="html-instead-of-json"),
    pytest.param(Fault.garbage(), id="not-json"),
    pytest.param(Fault.truncated_gzip(), id="gzip-cut-short"),
    pytest.param(Fault.raw_body(b'{"embeddings": [{"values": [0.1, '), id="json-cut-short"),
    pytest.param(Fault.raw_body(b"{}"), id="json-of-another-shape"),
    pytest.param(Fault.not_a_number(), id="NaN-is-not-json"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(fault: Fault, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=16)
    emulator.faults.push(fault, fault)
    result = embedder.embed_query("x")
    assert len(emulator.requests) == 3
    assert np.array_equal(result.values, embedder.embed_query("x").values)


FINAL = [
    pytest.param(Fault.status(400), ApiError, 400, id="400"),
    pytest.param(Fault.bad_key(), AuthenticationError, 400, id="bad-key"),
    pytest.param(Fault.status(403), AuthenticationError, 403, id="403"),
    pytest.param(Fault.status(404), NotFoundError, 404, id="404"),
    pytest.param(Fault.rate_limited("day"), QuotaError, 429, id="a-days-quota"),
]


@pytest.mark.parametrize(("fault", "kind", "code"), FINAL)
def test_what_is_final_is_not(
    fault: Fault, kind: type[ApiError], code: int, make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    emulator.faults.push(fault, times=2)
    with pytest.raises(kind) as caught:
        make_embedder().embed_query("x")
    assert len(emulator.requests) == 1
    assert caught.value.code == code
    assert caught.value.model == "gemini-embedding-2"
    assert caught.value.status
    assert caught.value.message in str(caught.value)
    assert list(caught.value.positions) == [0]


@pytest.mark.parametrize("told", ["RetryInfo", "Retry-After", "message"])
def test_a_wait_the_service_asks_for_is_waited(
    told: str, make_server: Callable[..., CaptureServer], caplog: pytest.LogCaptureFixture
) -> None:
    error: dict[str, Any] = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down"}
    headers = {}
    if told == "RetryInfo":
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.4s"}]
    elif told == "Retry-After":
        headers, error["message"] = {"retry-after": "0.4"}, "slow down"
    else:
        error["message"] = "Please retry in 0.4s."

    def respond(request: Received) -> Answer:
        return Answer({"error": error}, 429, headers) if len(server.requests) == 1 else embeddings_for(request)

    server = make_server(respond)
    with (
        caplog.at_level(logging.WARNING, "gemini_embed"),
        Embedder(api_key="k", base_url=server.base_url, verify=False, retry=RetryPolicy(first_wait_s=0.0)) as embedder,
    ):
        embedder.embed_query("x")
    first, second = server.requests
    assert second.at - first.at >= 0.4
    assert [r.name.split(".")[0] for r in caplog.records] == ["gemini_embed"]
    assert "attempt 1 failed (429 RESOURCE_EXHAUSTED" in caplog.text
    assert "next try in 0.4 s" in caplog.text


def test_a_wait_the_service_asks_for_holds_everyone_back(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=1, concurrency=2)
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.5), None)
    embedder.embed_documents([str(i) for i in range(6)])
    refused = emulator.requests[0].time
    assert sum(r.time - refused < 0.45 for r in emulator.requests) <= 2  # the refused one and the one beside it


def test_a_final_failure_does_not_wait_for_the_others_pauses(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=1, concurrency=2, retry=RetryPolicy())
    emulator.faults.push(Fault.status(403).after(0.3), Fault.rate_limited(retry_delay_s=60))
    began = time.monotonic()
    with pytest.raises(ApiError) as caught:
        embedder.embed_documents([str(i) for i in range(6)])
    assert caught.value.code == 403
    assert time.monotonic() - began < 30  # a bound on hanging, far from the 60 s of the pause


def test_waits_are_logged(make_embedder: MakeEmbedder, emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    emulator.faults.push(Fault.status(503), Fault.drop_before())
    with caplog.at_level(logging.WARNING, "gemini_embed"):
        make_embedder().embed_query("x")
    first, second = (r.getMessage() for r in caplog.records)
    assert first.startswith("gemini-embedding-2: attempt 1 failed (503 UNAVAILABLE")
    assert second.startswith("gemini-embedding-2: attempt 2 failed (connection to 127.0.0.1 failed")


@pytest.mark.parametrize(
    ("code", "words"),
    [(429, "429 RESOURCE_EXHAUSTED"), (503, "503 UNAVAILABLE"), (403, "403 PERMISSION_DENIED"), (404, "404 NOT_FOUND")],
)
def test_a_message_begins_with_the_words_that_programs_look_for(
    code: int, words: str, make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    """As google-genai's messages do."""
    emulator.faults.push(Fault.status(code), times=2)
    with pytest.raises(ApiError) as failed:
        make_embedder(retry=RetryPolicy(max_attempts=1)).embed_documents(["a", "b"])
    assert str(failed.value).startswith(words)


def test_max_attempts(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(503)
    with pytest.raises(ApiError) as caught:
        make_embedder(retry=RetryPolicy(max_attempts=3, first_wait_s=0.001)).embed_query("x")
    assert caught.value.code == 503
    assert len(emulator.requests) == 3


def test_max_elapsed(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.rate_limited(retry_delay_s=37)
    began = time.monotonic()
    with pytest.raises(QuotaError) as caught:
        make_embedder(retry=RetryPolicy(max_elapsed_s=30)).embed_query("x")
    assert len(emulator.requests) == 1, "a wait that would end too late does not begin"
    assert time.monotonic() - began < 30
    assert caught.value.retry_after_s == pytest.approx(37, abs=0.5)


def test_timeout_bounds_one_attempt(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.push(Fault.latency(60))
    assert len(make_embedder(timeout_s=0.5).embed_query("x")) == 1
    assert len(emulator.requests) == 2


def test_timeout_bounds_a_dribbling_answer(make_server: Callable[..., CaptureServer]) -> None:
    """Each piece comes in time, the whole does not."""
    stop = threading.Event()

    def dribble() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while not stop.wait(0.05):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=dribble, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        embedder = Embedder(api_key="k", base_url=url, timeout_s=0.5, retry=RetryPolicy(max_attempts=1))
        with embedder, pytest.raises(ConnectionFailedError, match=r"no answer within timeout_s=0\.5"):
            embedder.embed_query("x")
        stop.set()
        thread.join(5)


def test_refused_until_the_server_starts(make_server: Callable[..., CaptureServer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    embedder = Embedder(
        api_key="k",
        base_url=f"http://127.0.0.1:{port}",
        verify=False,
        retry=RetryPolicy(first_wait_s=0.1, max_wait_s=0.1, max_attempts=200),
    )
    late = threading.Timer(0.4, make_server, kwargs={"port": port})
    late.start()
    with embedder:
        assert len(embedder.embed_query("x")) == 1
    late.join()


def test_a_redirect_is_not_followed(make_server: Callable[..., CaptureServer], capture: CaptureServer) -> None:
    """A key never travels to another host."""
    server = make_server(lambda request: Answer(b"", 307, {"location": capture.base_url + request.path}))
    embedder = Embedder(api_key="k", base_url=server.base_url, verify=False)
    with embedder, pytest.raises(ApiError, match=r"redirected to 127\.0\.0\.1; not followed"):
        embedder.embed_query("x")
    assert not capture.requests


def test_an_address_that_refuses_compact_json_is_asked_without(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.pretty_print = "refuse"
    embedder = make_embedder(dimensions=8)
    embedder.embed_query("x")
    embedder.embed_query("y")
    assert [r.query.get("prettyPrint") for r in emulator.requests] == ["false", None, None]


class TestCompleted:
    """Finished work is on the exception, whatever the failure."""

    def embed(self, embedder: Embedder) -> GeminiEmbedError:
        with pytest.raises(GeminiEmbedError) as caught:
            embedder.embed_documents([f"text {i}" for i in range(10)])
        return caught.value

    def test_holds_what_was_finished(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        embedder = make_embedder(dimensions=16, batch_size=2, concurrency=1)
        emulator.faults.push(None, None, Fault.status(403))
        error = self.embed(embedder)
        assert isinstance(error, RequestError)
        assert list(error.positions) == [4, 5]
        assert len(emulator.requests) == 3, "nothing was sent after the failure"
        assert error.completed is not None
        assert list(error.completed.positions) == [0, 1, 2, 3]
        assert np.array_equal(error.completed.values, embedder.embed_documents([f"text {i}" for i in range(4)]).values)

    def test_requests_in_flight_are_awaited(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        emulator.faults.push(Fault.latency(0.3), Fault.status(403).after(0.1), Fault.latency(0.3))
        error = self.embed(make_embedder(dimensions=16, batch_size=1, concurrency=3))
        assert error.completed is not None
        assert len(error.completed.positions) == 2
        assert len(emulator.requests) == 3

    def test_vectors_are_finished_too(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        """Unit length where the result would have it."""
        emulator.faults.push(None, Fault.status(403))
        error = self.embed(make_embedder("gemini-embedding-001", dimensions=768, batch_size=5, concurrency=1))
        assert error.completed is not None
        assert np.linalg.norm(error.completed.values, axis=1) == pytest.approx(np.ones(5), abs=1e-6)

    def test_nothing_finished(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        emulator.faults.push(Fault.status(403))
        assert self.embed(make_embedder()).completed is None

    @pytest.mark.parametrize(
        "fault", [Fault.short_rows(), Fault.zeros(0), Fault.missing_values(1)], ids=["short", "zeros", "missing"]
    )
    def test_after_a_reply_that_cannot_be_right(
        self, fault: Fault, make_embedder: MakeEmbedder, emulator: Emulator
    ) -> None:
        emulator.faults.push(None, fault)
        error = self.embed(make_embedder(dimensions=16, batch_size=5, concurrency=1))
        assert isinstance(error, ReplyError)
        assert error.completed is not None
        assert list(error.completed.positions) == [0, 1, 2, 3, 4]

    def test_an_error_survives_a_pickle(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        import pickle

        emulator.faults.push(Fault.rate_limited("day"))
        error = self.embed(make_embedder())
        twin = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
        assert isinstance(twin, QuotaError)
        assert (twin.code, twin.status, twin.hint, str(twin)) == (429, "RESOURCE_EXHAUSTED", error.hint, str(error))  # type: ignore[attr-defined]  # embed() promises less
