"""A long reply taken in while it comes, without a proxy: h11 reads its head, and a body whose length is told is handed
on as it stands. By httpx each byte is copied five times more, a third of what it takes to read a file of vectors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import h11
import httpx

from gemini_embed.transport.kept import MOST_HEADER_BYTES, NO_REPLY, RawHeaders

READ_AHEAD_BYTES = 2**20
"""What is received before anybody reads it; beyond that the sender waits."""


@dataclass(frozen=True)
class Incoming:
    """A reply whose body is still to come."""

    status_code: int
    headers: RawHeaders
    """Their names in lower case."""
    pieces: AsyncIterator[bytes]
    """The body as it comes, in pieces of any size."""


class Receiving(asyncio.Protocol):
    """One request and its reply; the connection is not used again. `timeout_s` holds for each wait."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        self._head: h11.Response | None = None
        self._left: int | None = None  # of a body whose length is told
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._is_over = False
        self._error: Exception | None = None
        self._news = asyncio.Event()

    async def answered(self, target: bytes, headers: RawHeaders) -> Incoming:
        """The reply to a GET, once its head is there."""
        try:
            request = self._http.send(h11.Request(method="GET", target=target, headers=list(headers)))
            self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as e:
            raise httpx.LocalProtocolError(str(e)) from e
        self._transport.write(request or b"")
        while self._head is None:
            await self._told()
        return Incoming(self._head.status_code, list(self._head.headers), self._body())

    async def _body(self) -> AsyncIterator[bytes]:
        while self._pieces or not self._is_over:
            if not self._pieces:
                await self._told()
                continue
            piece = self._pieces.popleft()
            self._size -= len(piece)
            if not self._pieces and not self._transport.is_closing():
                self._transport.resume_reading()
            yield piece

    async def _told(self) -> None:
        """Wait for something to happen."""
        if self._error is not None:
            raise self._error
        self._news.clear()
        async with asyncio.timeout(self._timeout_s):
            await self._news.wait()

    def abort(self) -> None:
        """Close it."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._left is None:
            self._http.receive_data(data)
            self._read()
        else:
            self._take(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._news.set()
        if self._is_over or self._error is not None:
            return
        if error is not None:
            self._error = httpx.ReadError(str(error))
        elif self._head is None:
            self._error = httpx.RemoteProtocolError(NO_REPLY)
        elif self._left is not None:
            self._error = httpx.RemoteProtocolError(f"the server closed the connection {self._left} bytes too early")
        else:
            self._http.receive_data(b"")  # the end of a body that has no length, or one that is cut short
            self._read()

    def _read(self) -> None:
        """What h11 makes of what has arrived: the head, and a body whose length is not told."""
        self._news.set()
        try:
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Response):
                    self._head, self._left = event, _length(event)
                    if self._left is not None:
                        self._take(self._http.trailing_data[0])
                        return
                elif isinstance(event, h11.Data):
                    self._take(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self._is_over = True
                    return
                elif not isinstance(event, h11.InformationalResponse):
                    self._error = httpx.RemoteProtocolError(f"{event!r} where a reply belongs")
                    return
        except h11.RemoteProtocolError as e:
            self._error = httpx.RemoteProtocolError(str(e))

    def _take(self, data: bytes) -> None:
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self._is_over = not self._left
        if data:
            self._pieces.append(data)
            self._size += len(data)
        if self._size > READ_AHEAD_BYTES:
            self._transport.pause_reading()
        self._news.set()


def _length(head: h11.Response) -> int | None:
    """Bytes of the body, where they are told and nothing else says where it ends; h11 has checked the number."""
    told = dict(head.headers)
    if head.status_code in (204, 304) or b"transfer-encoding" in told or b"content-length" not in told:
        return None
    return int(told[b"content-length"])
