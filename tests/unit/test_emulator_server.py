"""The emulator as a server: connections, faults, quotas, what it remembers, how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gemini_embed_emulator import Emulator, Fault, Quota, RequestLog
from gemini_embed_emulator.http import Client

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
TEXT = {"content": {"parts": [{"text": "x"}]}}
PAIR = {"requests": [{"model": "models/gemini-embedding-2", **TEXT}] * 2}


def post(server: Emulator, path: str = ONE, payload: Any = TEXT) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=KEY, verify=NO_TLS)


def talk(server: Emulator, *sent: bytes) -> bytes:
    """Bytes to the server on one connection, and all that it answers until it closes."""
    where = urlsplit(server.base_url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        for piece in sent:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def http_bytes(body: bytes, *headers: str) -> bytes:
    lines = [f"POST {ONE} HTTP/1.1", "host: localhost", "x-goog-api-key: k", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_it_says_what_it_is(emulator: Emulator) -> None:
    assert post(emulator).headers["server"] == "gemini-embed-emulator (not the model)"


def test_its_health_is_no_part_of_the_service(emulator: Emulator) -> None:
    """Whoever asks whether an emulator is there is in no log, and takes no fault away."""
    emulator.faults.push(Fault.status(503))
    asked = httpx.get(f"{emulator.base_url}/__emulator__/health", verify=NO_TLS)
    assert (asked.status_code, asked.json()["status"]) == (200, "ok")
    assert asked.headers["server"].startswith("gemini-embed-emulator")
    assert len(emulator.requests) == 0
    assert post(emulator).status_code == 503


def test_one_connection_serves_many_requests(emulator: Emulator) -> None:
    body = json.dumps(TEXT).encode()
    request = http_bytes(body, f"content-length: {len(body)}")
    assert talk(emulator, request, request).count(b"HTTP/1.1 200 OK") == 2


def test_gzip_is_sent_only_where_it_is_accepted(emulator: Emulator) -> None:
    for accepted, expected in (("gzip", "gzip"), ("identity", None)):
        reply = httpx.post(
            emulator.base_url + ONE, json=TEXT, headers={**KEY, "accept-encoding": accepted}, verify=NO_TLS
        )
        assert reply.headers.get("content-encoding") == expected
        assert len(reply.json()["embedding"]["values"]) == 3072
    emulator.compress = False
    assert "content-encoding" not in post(emulator).headers


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(gzip.compress(json.dumps(TEXT).encode()), ["content-encoding: gzip"], b"200", id="gzipped"),
        pytest.param(b"{not json", [], b"400", id="no JSON"),
        pytest.param(b"[" * 100_000, [], b"400", id="too deep"),
        pytest.param(b"not gzip", ["content-encoding: gzip"], b"400", id="no gzip"),
    ],
)
def test_bodies_are_decoded(emulator: Emulator, body: bytes, headers: list[str], status: bytes) -> None:
    assert talk(emulator, http_bytes(body, f"content-length: {len(body)}", *headers))[9:12] == status


def test_chunked_bodies_and_100_continue_are_understood(emulator: Emulator) -> None:
    body = json.dumps(TEXT).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:5], body[5:], b""))
    assert b" 200 OK" in talk(emulator, http_bytes(chunks, "transfer-encoding: chunked"))
    expecting = http_bytes(body, f"content-length: {len(body)}", "expect: 100-continue")
    assert talk(emulator, expecting).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", http_bytes(b"", "content-length: many"), b"POST / HTTP"])
def test_what_is_not_http_is_refused_and_the_server_lives_on(emulator: Emulator, sent: bytes) -> None:
    assert talk(emulator, sent).startswith(b"HTTP/1.1 400 ")
    assert post(emulator).status_code == 200


def test_many_requests_are_answered_at_once() -> None:
    async def all_at_once(base_url: str) -> list[int]:
        async with httpx.AsyncClient(
            verify=NO_TLS, base_url=base_url, headers=KEY, limits=httpx.Limits(max_connections=50)
        ) as client:
            replies = await asyncio.gather(*(client.post(ONE, json=TEXT) for _ in range(50)))
        return [reply.status_code for reply in replies]

    with Emulator(latency_s=0.3) as server:
        assert asyncio.run(all_at_once(server.base_url)) == [200] * 50
        assert server.requests.max_in_flight > 25
        assert server.requests.in_flight == 0


def test_requests_are_remembered_as_they_came(emulator: Emulator) -> None:
    httpx.post(
        emulator.base_url + BATCH + "?prettyPrint=false", json=PAIR, headers={**KEY, "X-Test": "1"}, verify=NO_TLS
    )
    (request,) = emulator.requests
    assert (request.number, request.method, request.path, request.action) == (1, "POST", BATCH, "batchEmbedContents")
    assert (request.query, request.json, request.headers["x-test"]) == ({"prettyPrint": "false"}, PAIR, "1")
    assert json.loads(request.body) == PAIR
    assert (emulator.requests.items_billed, emulator.requests.tokens_billed) == (2, 2)
    emulator.requests.clear()
    assert (len(emulator.requests), emulator.requests.items_billed) == (0, 0)
    post(emulator)
    assert emulator.requests[0].number == 2


def test_a_client_that_goes_away_is_noticed_and_not_billed() -> None:
    with Emulator(latency_s=30) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(server.base_url + ONE, json=TEXT, headers=KEY, verify=NO_TLS, timeout=0.2)
        gone = threading.Event()
        while not server.requests.abandoned:
            gone.wait(0.01)
        assert (server.requests.in_flight, server.requests.items_billed) == (0, 0)


def test_a_quota_answers_429_until_it_is_lifted() -> None:
    with Emulator(quota=Quota(requests_per_minute=4)) as server:
        assert [post(server, BATCH, PAIR).status_code for _ in range(2)] == [200, 200]
        refused = post(server, BATCH, PAIR).json()["error"]
        assert (refused["code"], refused["details"][1]["violations"][0]["quotaValue"]) == (429, "4")
        server.quota = None
        assert [post(server, BATCH, PAIR).status_code for _ in range(5)] == [200] * 5


def test_it_starts_once_stops_and_starts_again() -> None:
    server = Emulator()
    server.stop()
    server.start()
    with pytest.raises(RuntimeError, match="running already"):
        server.start()
    assert post(server).status_code == 200
    server.stop()
    with pytest.raises(httpx.ConnectError):
        post(server)
    with server:
        assert post(server).status_code == 200


def test_stopping_does_not_wait_for_clients() -> None:
    server = Emulator(latency_s=60).start()

    def call() -> None:
        with pytest.raises(httpx.HTTPError):
            post(server)

    caller = threading.Thread(target=call)
    caller.start()
    waiting = threading.Event()
    while not server.requests.in_flight:
        waiting.wait(0.01)
    server.stop()
    caller.join(timeout=10)
    assert not caller.is_alive()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_and_ends_on_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-m", "gemini_embed_emulator", "--port", "0", "--api-key", "only"]
    with subprocess.Popen(  # noqa: S603 - this very package
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        url = line.split()[-1]
        assert line.startswith("gemini-embed-emulator (not the model) listens on http://127.0.0.1:")
        assert httpx.post(url + ONE, json=TEXT, headers=KEY, verify=NO_TLS).status_code == 400
        assert httpx.post(url + ONE, json=TEXT, headers={"x-goog-api-key": "only"}, verify=NO_TLS).status_code == 200
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def has_ipv6() -> bool:
    """Whether ::1 is an address of this machine, beside 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return socket.has_dualstack_ipv6()
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 beside IPv4")
def test_it_listens_for_both_families_where_it_is_told_to() -> None:
    """A client's "localhost" is ::1 for some, 127.0.0.1 for others."""
    with Emulator(host="::") as server:
        assert server.base_url == f"http://[::]:{server.port}"
        for host in ("127.0.0.1", "[::1]"):
            reply = httpx.post(f"http://{host}:{server.port}{ONE}", json=TEXT, headers=KEY, verify=NO_TLS)
            assert reply.status_code == 200


def test_the_seed_tells_the_jitter_while_it_runs_too(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def wait(_: Client, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(Client, "wait", wait)
    emulator.latency_jitter_s = 100.0
    for emulator.seed in (1, 1, 2):
        emulator.requests = RequestLog()  # numbers from 1
        post(emulator)
        post(emulator)
    assert waits[:2] == waits[2:4] != waits[4:]
    assert waits[0] != waits[1]


def test_http_1_0_ends_with_the_connection(emulator: Emulator) -> None:
    """Unless it asks for more: such a client reads to the end."""
    where = urlsplit(emulator.base_url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(b"GET /__emulator__/health HTTP/1.0\r\n\r\n")
        assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200 ")


def test_a_stop_closes_what_is_just_being_accepted() -> None:
    """A socket left open is a ResourceWarning in whichever test the collector runs."""
    for _ in range(20):
        server = Emulator()
        with server:
            where = urlsplit(server.base_url)
            callers = [socket.create_connection((where.hostname, where.port)) for _ in range(3)]
        for caller in callers:
            caller.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(one.message) for one in caught if "unclosed" in str(one.message)] == []
