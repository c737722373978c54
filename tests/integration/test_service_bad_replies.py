"""Replies that cannot be right, byte by byte from a raw socket: the typed error, in bounded time and memory."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest
from gemini_embed import ApiError, ConnectionFailedError, Embedder, GeminiEmbedError, ReplyError, RetryPolicy

ONCE = RetryPolicy(max_attempts=1)

Chunks = Callable[[], Iterable[bytes]]


class RawServer:
    """Reads a request, then sends what it is given, chunk by chunk, until it ends or the client has gone."""

    def __init__(self, chunks: Chunks, chunk_wait_s: float) -> None:
        self._chunks, self._wait_s = chunks, chunk_wait_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.gone = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self.gone.set()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            _read_request(connection)
            for chunk in self._chunks():
                connection.sendall(chunk)
                if self._wait_s and self.gone.wait(self._wait_s):
                    return
            connection.shutdown(socket.SHUT_WR)


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while found and len(body) < int(found[1]):
        body += connection.recv(65536)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """`serve(chunks, chunk_wait_s=0)` is the address of a server that sends them."""
    servers: list[RawServer] = []

    def start(chunks: Chunks, chunk_wait_s: float = 0.0) -> str:
        servers.append(RawServer(chunks, chunk_wait_s))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def reply(body: bytes, *headers: str, length: int | None = None, status: str = "200 OK") -> Chunks:
    """A whole reply."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body) if length is None else length}", *headers, "", ""]
    return lambda: ["\r\n".join(lines).encode() + body]


def rows(*values: str) -> Chunks:
    """A reply with these as the `values` of its embeddings."""
    return reply(('{"embeddings": [' + ", ".join(f'{{"values": {v}}}' for v in values) + "]}").encode())


def endless(head: str, chunk: bytes) -> Chunks:
    """A head, and one chunk for ever."""

    def chunks() -> Iterator[bytes]:
        yield f"HTTP/1.1 200 OK\r\n{head}".encode()
        while True:
            yield chunk

    return chunks


CHUNKED = "transfer-encoding: chunked\r\n\r\n"
GOOD = json.dumps({"embeddings": [{"values": [0.6, 0.8]}] * 2}).encode()
BOMB = gzip.compress(b'{"embeddings": [' + b" " * 2**27)
OK = "[0.6, 0.8]"

WRONG = [
    pytest.param(rows("[NaN, 1]", OK), ReplyError, "unreadable reply", id="NaN"),
    pytest.param(rows("[Infinity, 1]", OK), ReplyError, "unreadable reply", id="infinity"),
    pytest.param(rows("[-Infinity, 1]", OK), ReplyError, "unreadable reply", id="minus-infinity"),
    pytest.param(rows("[1e999, 1]", OK), ReplyError, "unreadable reply", id="beyond-a-double"),
    pytest.param(rows("[1e300, 1]", OK), ReplyError, "input 0 that is not finite", id="beyond-a-float32"),
    pytest.param(rows(OK, "[-0, -0.0]"), ReplyError, "input 1 that is .* all zeros", id="minus-zeros"),
    pytest.param(rows(OK, "[1e-400, 0]"), ReplyError, "input 1 that is .* all zeros", id="vanishing"),
    pytest.param(rows("[18446744073709551616, 1]", OK), ReplyError, "unreadable reply", id="beyond-64-bits"),
    pytest.param(rows("[1" + "0" * 5000 + ", 1]", OK), ReplyError, "unreadable reply", id="5000-digits"),
    pytest.param(rows(OK), ReplyError, "returned 1 vectors for 2 inputs", id="a-row-too-few"),
    pytest.param(rows(OK, OK, OK), ReplyError, "returned 3 vectors for 2 inputs", id="a-row-too-many"),
    pytest.param(rows(), ReplyError, "returned 0 vectors for 2 inputs", id="no-row"),
    pytest.param(rows(OK, "[1]"), ReplyError, "a vector of 1 values for input 1; 2 were", id="short"),
    pytest.param(rows(OK, "[1, 2, 3]"), ReplyError, "a vector of 3 values for input 1; 2 were", id="long"),
    pytest.param(rows(OK, "[]"), ReplyError, "a vector of 0 values for input 1; 2 were", id="empty-row"),
    pytest.param(rows("[[1], [2]]", OK), ReplyError, "unreadable reply", id="ragged"),
    pytest.param(rows("[1, [2]]", OK), ReplyError, "unreadable reply", id="ragged-in-part"),
    pytest.param(rows("[[1, 2]]", OK), ReplyError, "unreadable reply", id="nested"),
    pytest.param(rows('["1", "2"]', OK), ReplyError, "unreadable reply", id="strings"),
    pytest.param(rows("[true, 1]", OK), ReplyError, "unreadable reply", id="booleans"),
    pytest.param(rows("[null, 1]", OK), ReplyError, "unreadable reply", id="nulls"),
    pytest.param(rows("[{}, 1]", OK), ReplyError, "unreadable reply", id="objects"),
    pytest.param(rows("null", OK), ReplyError, "unreadable reply", id="null-for-values"),
    pytest.param(rows('"AACAPw=="', OK), ReplyError, "unreadable reply", id="text-for-values"),
    pytest.param(rows('{"0": 1}', OK), ReplyError, "unreadable reply", id="object-for-values"),
    pytest.param(reply(b'{"embeddings": [{}, {}]}'), ReplyError, "an embedding without values", id="no-values"),
    pytest.param(reply(b'{"embeddings": [5, 6]}'), ReplyError, "unreadable reply", id="numbers-for-rows"),
    pytest.param(reply(b'{"embeddings": ["values", "values"]}'), ReplyError, "unreadable", id="strings-for-rows"),
    pytest.param(reply(b'{"embeddings": {"values": [1, 2]}}'), ReplyError, "unreadable reply", id="object-for-rows"),
    pytest.param(reply(b"[]"), ReplyError, "unreadable reply", id="a-list"),
    pytest.param(reply(b"{}"), ReplyError, "unreadable reply", id="an-empty-object"),
    pytest.param(reply(GOOD[:-1] + b', "usageMetadata": {"promptTokenCount": -3}}'), ReplyError, "no count",
                 id="a-negative-count"),
    pytest.param(reply(b""), ReplyError, "unreadable reply", id="empty"),
    pytest.param(reply(b"<html><h1>Sign in</h1>"), ReplyError, "it begins '<html><h1>Sign in", id="html"),
    pytest.param(reply(b'{"error": {"code": 500, "message": "oh"}}'), ReplyError, '"oh"', id="error-as-200"),
    pytest.param(reply(GOOD + b"x"), ReplyError, "unreadable reply", id="more-behind-it"),
    pytest.param(reply(GOOD[:-9]), ReplyError, "unreadable reply", id="cut-short"),
    pytest.param(reply(GOOD[:-2] + b', "x": "\xc3'), ReplyError, "unreadable reply", id="half-utf8-at-the-end"),
    pytest.param(reply(GOOD[:-1] + b', "x": "\xc3"}'), ReplyError, "unreadable reply", id="half-utf8"),
    pytest.param(reply(GOOD.decode().encode("utf-16")), ReplyError, "unreadable reply", id="utf16"),
    pytest.param(reply(b'{"embeddings": ' + b"[" * 100_000), ReplyError, "unreadable reply", id="nested-and-open"),
    pytest.param(reply(b"[" * 100_000 + b"]" * 100_000), ReplyError, "unreadable reply", id="nested-deep"),
    pytest.param(reply(gzip.compress(GOOD)[:-9], "content-encoding: gzip"), ReplyError, "cut short", id="gzip-cut"),
    pytest.param(reply(GOOD, "content-encoding: gzip"), ReplyError, "damaged gzip", id="gzip-that-is-none"),
    pytest.param(reply(BOMB, "content-encoding: gzip"), ReplyError, "a reply of more than", id="gzip-bomb"),
    pytest.param(reply(GOOD, length=len(GOOD) - 9), ReplyError, "unreadable reply", id="length-too-small"),
    pytest.param(reply(GOOD, length=len(GOOD) + 9), ConnectionFailedError, "connection to", id="length-too-large"),
    pytest.param(reply(GOOD, "content-length: 3"), ConnectionFailedError, "connection to", id="two-lengths"),
    pytest.param(reply(b"", status="204 No Content"), ApiError, "204 from", id="no-content"),
    pytest.param(reply(b"", status="99 What"), ConnectionFailedError, "connection to", id="status-99"),
    pytest.param(lambda: [b"SSH-2.0-OpenSSH_9.9\r\n"], ConnectionFailedError, "connection to", id="not-http"),
    pytest.param(lambda: [b""], ConnectionFailedError, "connection to", id="closed-at-once"),
    pytest.param(lambda: [b"HTTP/1.1 200 OK\r\nx"], ConnectionFailedError, "connection to", id="half-a-header"),
    pytest.param(lambda: [b"HTTP/1.1 200 OK\r\n" + CHUNKED.encode() + b"xyz\r\n"], ConnectionFailedError,
                 "connection to", id="chunks-of-no-size"),
    pytest.param(endless("x-long: ", b"a" * 65536), ConnectionFailedError, "connection to", id="endless-header"),
    pytest.param(endless("", b"x: y\r\n" * 9999), ConnectionFailedError, "connection to", id="endless-headers"),
    pytest.param(endless(CHUNKED, b"8000\r\n" + b" " * 0x8000 + b"\r\n"), ReplyError, "a reply of more than",
                 id="endless-body"),
    pytest.param(endless("\r\n", b" " * 65536), ReplyError, "a reply of more than", id="until-it-closes"),
    pytest.param(endless("content-length: 999999999999\r\n\r\n", b" " * 65536), ReplyError, "a reply of more than",
                 id="a-terabyte"),
]  # fmt: skip


@pytest.mark.timeout(50)  # an endless reply ends long before timeout_s
@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("chunks", "kind", "message"), WRONG)
def test_a_bad_reply(
    chunks: Chunks,
    kind: type[GeminiEmbedError],
    message: str,
    serve: Callable[..., str],
) -> None:
    error, peak = failure_of(serve(chunks), timeout_s=60)
    assert isinstance(error, kind)
    assert re.search(message, str(error))
    assert len(str(error)) < 1000
    assert peak < 64 * 2**20


SLOW = [
    pytest.param(lambda: iter(lambda: b"", b"never"), id="silence"),
    pytest.param(lambda: iter(lambda: b"H", b""), id="a-header-byte-by-byte"),
    pytest.param(endless("", b"x: y\r\n"), id="header-lines-one-by-one"),
    pytest.param(endless(CHUNKED, b"1\r\n \r\n"), id="a-body-byte-by-byte"),
    pytest.param(endless("content-length: 99999\r\n\r\n", b" "), id="a-long-body-byte-by-byte"),
]


@pytest.mark.parametrize("chunks", SLOW)
def test_a_reply_that_drips(chunks: Chunks, serve: Callable[..., str]) -> None:
    """Every byte comes in time, and the whole never: timeout_s bounds the attempt, not the pause."""
    error, _ = failure_of(serve(chunks, chunk_wait_s=0.05), timeout_s=0.6)
    assert isinstance(error, ConnectionFailedError)
    assert "timeout_s=0.6" in str(error)


def failure_of(url: str, timeout_s: float) -> tuple[GeminiEmbedError | None, int]:
    """What embedding two texts raises, in one attempt, and the bytes it took at most."""
    embedder = Embedder(api_key="k", base_url=url, verify=False, retry=ONCE, timeout_s=timeout_s, dimensions=2)
    error: GeminiEmbedError | None = None
    tracemalloc.start()
    try:
        with embedder:
            assert embedder.embed_documents(["a", "b"]).values.shape == (2, 2)
    except GeminiEmbedError as e:
        error = e
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return error, peak
