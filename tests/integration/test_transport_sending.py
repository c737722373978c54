"""Requests that go straight to the socket: the bytes are httpx's, and whoever stands in httpx is not passed by.

One request after the other over raw sockets, so that bytes and connections can be told apart.
"""

from __future__ import annotations

import functools
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpcore
import httpx
import pytest
from gemini_embed import ApiError, ConnectionFailedError, Embedder, RetryPolicy
from gemini_embed.transport import HttpOptions, Sender

ONCE = RetryPolicy(max_attempts=1)
ROW = b'{"embeddings": [{"values": [' + b"0.5, " * 3071 + b"0.5]}]}"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(ROW), ROW)


class Recording:
    """A server on raw sockets: `requests` holds (number of the connection, bytes of a request)."""

    def __init__(self, replies: Sequence[bytes], *, reads_bodies: bool = True) -> None:
        self._replies = iter(replies)
        self._reads_bodies = reads_bodies
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests: list[tuple[int, bytes]] = []
        self._all: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more, and hang up."""
        for one in (self._listener, *self._all):
            one.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._all.append(connection)
                threading.Thread(target=self._answer, args=(connection, len(self._all)), daemon=True).start()

    def _answer(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError, StopIteration):
            while request := self._read(connection):
                self.requests.append((number, request))
                connection.sendall(next(self._replies))

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        while self._reads_bodies and found and len(body) < int(found[1]):
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


@pytest.fixture
def recording() -> Iterator[Callable[..., Recording]]:
    """`recording(replies, reads_bodies=True)` is a running server that gives one after the other."""
    made: list[Recording] = []

    def start(replies: Sequence[bytes], **how: Any) -> Recording:
        made.append(Recording(replies, **how))
        return made[-1]

    yield start
    for server in made:
        server.close()


def to(server: Recording, **options: Any) -> Embedder:
    return Embedder(
        "gemini-embedding-001", api_key="k", base_url=f"http://127.0.0.1:{server.port}", retry=ONCE, **options
    )


def stand_in(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, calls: list[str]) -> None:
    """Put a function there that goes on to the one before it, as recorders and instrumentations do."""
    before = getattr(owner, name)

    @functools.wraps(before)
    async def asked(*args: Any, **named: Any) -> Any:
        calls.append(name)
        return await before(*args, **named)

    monkeypatch.setattr(owner, name, asked)


ENTRANCES = [
    pytest.param(httpx.AsyncClient, "send", id="client"),
    pytest.param(httpx.AsyncHTTPTransport, "handle_async_request", id="transport"),
    pytest.param(httpcore.AsyncConnectionPool, "handle_async_request", id="pool"),
]


@pytest.mark.parametrize(("owner", "name"), ENTRANCES)
def test_who_stands_in_httpx_is_not_passed_by(
    owner: type, name: str, monkeypatch: pytest.MonkeyPatch, recording: Callable[..., Recording]
) -> None:
    """From the request on before which he came, to the one before which he went."""
    calls: list[str] = []
    with to(recording([OK] * 3)) as embedder:
        embedder.embed_query("a")
        with monkeypatch.context() as patched:
            stand_in(patched, owner, name, calls)
            embedder.embed_query("b")
        asked = len(calls)
        embedder.embed_query("c")

    assert len(calls) == asked >= 1


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"headers": {"X-Of-Mine": "1", "User-Agent": "mine", "ACCEPT": "a"}}, id="headers-of-the-caller"),
        pytest.param({"overflow": "truncate"}, id="long"),
    ],
)
def test_the_bytes_are_those_of_httpx(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, recording: Callable[..., Recording]
) -> None:
    text = "word " * 500_000 if "overflow" in options else "word"
    server = recording([OK] * 2)
    with to(server, **options) as embedder:
        embedder.embed_query(text)
        stand_in(monkeypatch, httpx.AsyncClient, "send", [])
        embedder.embed_query(text)

    (_, direct), (_, by_httpx) = server.requests
    assert direct == by_httpx


def test_one_connection_serves_one_request_after_the_other(recording: Callable[..., Recording]) -> None:
    server = recording([OK] * 3)
    with to(server) as embedder:
        for text in "abc":
            embedder.embed_query(text)

    assert [number for number, _ in server.requests] == [1, 1, 1]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), id="the-server-says-so"),
        pytest.param(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", id="a-second-reply-that-nobody-asked-for"),
        pytest.param(OK.replace(b"HTTP/1.1", b"HTTP/1.0"), id="an-old-server"),
    ],
)
def test_a_connection_that_is_not_used_again(reply: bytes, recording: Callable[..., Recording]) -> None:
    server = recording([reply, OK])
    with to(server) as embedder:
        embedder.embed_query("a")
        assert embedder.embed_query("b").values.shape == (1, 3072)

    assert [number for number, _ in server.requests] == [1, 2]


def test_replies_that_only_announce_one(recording: Callable[..., Recording]) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    with to(recording([early + OK])) as embedder:
        assert embedder.embed_query("a").values.shape == (1, 3072)


def test_a_switch_to_another_protocol(recording: Callable[..., Recording]) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello"
    with to(recording([switch])) as embedder, pytest.raises(ConnectionFailedError):
        embedder.embed_query("a")


def test_a_long_request_that_is_refused_before_it_is_read(recording: Callable[..., Recording]) -> None:
    """The refusal is what the caller gets, and the next request has a connection of its own."""
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"
    server = recording([refusal, OK], reads_bodies=False)
    with to(server, overflow="truncate", facts={"max_text_bytes": 10**8}) as embedder:
        with pytest.raises(ApiError, match="413"):
            embedder.embed_query("word " * 5_000_000)
        embedder.embed_query("b")

    assert [number for number, _ in server.requests] == [1, 2]


def test_cookies_go_back(recording: Callable[..., Recording]) -> None:
    """As a gateway needs them that sends a client to one and the same machine."""
    told = OK.replace(b"\r\n\r\n", b"\r\nset-cookie: at=m7; path=/\r\n\r\n")
    server = recording([told, OK, OK])
    with to(server) as embedder:
        for text in "abc":
            embedder.embed_query(text)

    assert [b"\r\nCookie: at=m7\r\n" in request for _, request in server.requests] == [False, True, True]


async def test_a_request_to_another_host_is_not_sent_to_this_one(recording: Callable[..., Recording]) -> None:
    here, there = recording([OK]), recording([OK])
    options = HttpOptions()
    sender = Sender(options, f"http://127.0.0.1:{here.port}", options.context("http://"))
    for server in (here, there):
        await sender.send("GET", f"http://127.0.0.1:{server.port}/a", {}, b"", 2**20)
    await sender.aclose()

    assert [len(server.requests) for server in (here, there)] == [1, 1]
