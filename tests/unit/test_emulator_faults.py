"""Scripted faults from Python: what a client meets, in which order, and faults that cannot be."""

from __future__ import annotations

import base64
import json
import math
import ssl
import struct
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator, Fault

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
TEXT = {"content": {"parts": [{"text": "x"}]}}
PAIR = {"requests": [{"model": "models/gemini-embedding-2", **TEXT}] * 2}


def post(server: Emulator, path: str = ONE, payload: Any = TEXT) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=KEY, verify=NO_TLS)


def test_faults_come_in_order_and_none_is_an_ordinary_answer(emulator: Emulator) -> None:
    emulator.faults.push(Fault.status(503), None, times=2)
    assert [post(emulator).status_code for _ in range(5)] == [503, 200, 503, 200, 200]


def test_a_rule_decides_when_the_queue_is_empty(emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(500) if request.number % 2 == 0 else None
    emulator.faults.push(Fault.status(504))
    assert [post(emulator).status_code for _ in range(4)] == [504, 500, 200, 500]
    emulator.faults.clear()
    assert post(emulator).status_code == 200


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        pytest.param(Fault.status(401), 401, "UNAUTHENTICATED", id="401"),
        pytest.param(Fault.status(403), 403, "PERMISSION_DENIED", id="403"),
        pytest.param(Fault.status(408), 408, "DEADLINE_EXCEEDED", id="408"),
        pytest.param(Fault.status(500), 500, "INTERNAL", id="500"),
        pytest.param(Fault.status(503), 503, "UNAVAILABLE", id="503"),
        pytest.param(Fault.status(504), 504, "DEADLINE_EXCEEDED", id="504"),
        pytest.param(Fault.bad_key(), 400, "INVALID_ARGUMENT", id="bad key"),
        pytest.param(Fault.rate_limited("day"), 429, "RESOURCE_EXHAUSTED", id="a day's quota"),
        pytest.param(Fault.vertex_exhausted(), 429, "RESOURCE_EXHAUSTED", id="vertex"),
    ],
)
def test_an_error_has_its_google_status(emulator: Emulator, fault: Fault, code: int, status: str) -> None:
    emulator.faults.push(fault)
    error = post(emulator).json()["error"]
    assert (error["code"], error["status"]) == (code, status)
    assert emulator.requests.items_billed == 0


def test_a_retry_delay_can_be_added(emulator: Emulator) -> None:
    emulator.faults.push(Fault.status(503, "Busy.", retry_delay_s=1.5), Fault.rate_limited(retry_delay_s=0.25))
    delays = [post(emulator).json()["error"]["details"][-1]["retryDelay"] for _ in range(2)]
    assert delays == ["1.5s", "0.25s"]


def test_a_connection_can_break_before_and_within_the_answer(emulator: Emulator) -> None:
    emulator.faults.push(Fault.drop_before())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        post(emulator)
    assert emulator.requests.items_billed == 0
    emulator.faults.push(Fault.drop_mid_body())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        post(emulator)
    assert emulator.requests.items_billed == 1


def test_unreadable_replies(emulator: Emulator) -> None:
    emulator.faults.push(Fault.garbage(), Fault.html(), Fault.truncated_gzip(), Fault.raw_body(b"[]", status=201))
    with pytest.raises(json.JSONDecodeError):
        post(emulator).json()
    assert post(emulator).headers["content-type"].startswith("text/html")
    with pytest.raises((ValueError, httpx.DecodingError)):
        post(emulator).json()
    assert post(emulator).json() == []


@pytest.mark.parametrize(
    ("fault", "rows"),
    [
        pytest.param(Fault.short_rows(), [3072], id="one row too few"),
        pytest.param(Fault.extra_rows(2), [3072] * 4, id="two rows too many"),
        pytest.param(Fault.missing_values(1), [3072, None], id="a row without values"),
        pytest.param(Fault.wrong_size(5, position=1), [3072, 5], id="a row of another size"),
    ],
)
def test_rows_can_be_wrong(emulator: Emulator, fault: Fault, rows: list[int | None]) -> None:
    emulator.faults.push(fault)
    found = [row.get("values") for row in post(emulator, BATCH, PAIR).json()["embeddings"]]
    assert [values and len(values) for values in found] == rows


def test_values_can_be_wrong(emulator: Emulator) -> None:
    emulator.faults.push(Fault.not_a_number(), Fault.zeros())
    assert math.isnan(post(emulator).json()["embedding"]["values"][0])
    assert not any(post(emulator).json()["embedding"]["values"])


def test_an_edit_that_does_not_fit_is_reported_not_swallowed(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.push(Fault.missing_values(position=9))
    assert post(emulator).status_code == 500
    assert "IndexError" in caplog.text


@pytest.mark.parametrize("form", ["float", "base64"])
def test_wrong_values_keep_the_size_that_was_asked_for(emulator: Emulator, form: str) -> None:
    """So that a client meets what is wrong with the values, and not a wrong size before."""
    sent = {"model": "gemini-embedding-2", "input": "x", "dimensions": 5, "encoding_format": form}
    for fault, first in ((Fault.zeros(), 0.0), (Fault.not_a_number(), math.nan)):
        emulator.faults.push(fault)
        reply = httpx.post(
            f"{emulator.base_url}/v1beta/openai/embeddings",
            json=sent,
            headers={"authorization": "Bearer k"},
            verify=NO_TLS,
        )
        got = json.loads(reply.content)["data"][0]["embedding"]
        values = struct.unpack("<5f", base64.b64decode(got)) if form == "base64" else got
        assert (values[0], len(values)) == (pytest.approx(first, nan_ok=True), 5)
