"""Long replies read while they come, over raw sockets: whole, however their end is told; and how they break off."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest
from gemini_embed.transport import HttpOptions, Sender
from gemini_embed.transport.incoming import READ_AHEAD_BYTES

BODY = bytes(range(256)) * 20_000
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"


def chunks(body: bytes) -> bytes:
    """The body in chunks."""
    some = [body[start : start + 100_000] for start in range(0, len(body), 100_000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in some)


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """`serving(reply, ends=True)` is the address of a server that gives this to the first request, and hangs up."""
    opened: list[socket.socket] = []

    def start(reply: bytes, *, ends: bool = True) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                opened.append(connection)
                while b"\r\n\r\n" not in connection.recv(65536):
                    pass
                connection.sendall(reply)
                if ends:
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for one in opened:
        one.close()


def read(url: str, timeout_s: float = 20.0) -> tuple[int, bytes, Exception | None]:
    """Status, body, and what ended it too early."""
    got = bytearray()

    async def reading() -> int:
        sender = Sender(HttpOptions(timeout_s=timeout_s), url, ssl.create_default_context())
        try:
            async with sender.streamed(f"{url}/file?alt=media", {}) as incoming:
                async for piece in incoming.pieces:
                    got.extend(piece)
                return incoming.status_code
        finally:
            await sender.aclose()

    try:
        return asyncio.run(reading()), bytes(got), None
    except (httpx.TransportError, TimeoutError) as e:
        return 0, bytes(got), e


@pytest.mark.parametrize(
    ("reply", "status", "body"),
    [
        pytest.param(LENGTH + BODY, 200, BODY, id="length"),
        pytest.param(HINTS + LENGTH + BODY, 200, BODY, id="after-hints"),
        pytest.param(CHUNKED + chunks(BODY) + b"0\r\n\r\n", 200, BODY, id="chunked"),
        pytest.param(TO_THE_END + BODY, 200, BODY, id="to-the-end"),
        pytest.param(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", 416, b"", id="empty"),
        pytest.param(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}more", 404, b"{}", id="more-than-told"),
    ],
)
def test_whole_replies(serving: Callable[..., str], reply: bytes, status: int, body: bytes) -> None:
    """They are longer than what is read ahead, and none waits for more than its own end."""
    assert len(BODY) > 4 * READ_AHEAD_BYTES
    assert read(serving(reply, ends=reply.startswith(TO_THE_END))) == (status, body, None)


@pytest.mark.parametrize(
    ("reply", "body", "error"),
    [
        pytest.param(LENGTH + BODY[:-9], BODY[:-9], "9 bytes too early", id="length"),
        pytest.param(CHUNKED + chunks(BODY), BODY, "incomplete chunked read", id="chunked"),
        pytest.param(b"", b"", "without sending a response", id="nothing"),
        pytest.param(b"220 mail.example ESMTP\r\n\r\n", b"", "illegal status line", id="no-http"),
    ],
)
def test_replies_that_break_off(serving: Callable[..., str], reply: bytes, body: bytes, error: str) -> None:
    """What came before that is handed on, so that a download can go on from there."""
    _, got, why = read(serving(reply))
    assert got == body
    assert isinstance(why, httpx.RemoteProtocolError)
    assert error in str(why)


@pytest.mark.parametrize(("reply", "body"), [(b"", b""), (LENGTH + BODY[:9], BODY[:9])], ids=["all", "the-rest"])
def test_a_server_that_says_nothing_more(serving: Callable[..., str], reply: bytes, body: bytes) -> None:
    """Each wait has its time."""
    _, got, why = read(serving(reply, ends=False), timeout_s=0.1)
    assert (got, type(why)) == (body, TimeoutError)
