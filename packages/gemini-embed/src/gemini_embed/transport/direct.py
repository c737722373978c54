"""httpcore on asyncio's own transports, for connections without a proxy.

Its default goes through anyio, where every 64 KiB of a reply take a turn of the loop, a timer and two system calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from ssl import SSLContext
from typing import Any, cast

import httpcore
import httpx

from gemini_embed.transport.pool import SinglePools
from gemini_embed.transport.sockets import connected, renamed

READ_AHEAD_BYTES = 2**20
"""What is received before anybody reads it; beyond that the sender waits."""


class DirectTransport(httpx.AsyncHTTPTransport):
    """httpx's transport, with the pool's sockets made here."""

    def __init__(self, context: SSLContext) -> None:
        super().__init__(verify=context)
        one = partial(
            httpcore.AsyncConnectionPool, ssl_context=context, keepalive_expiry=5.0, network_backend=_Backend()
        )
        # httpx has no argument for what httpcore offers; the name of its pool has not changed since 0.18.
        self._pool = SinglePools(one)


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        with renamed(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport, inbox = await connected(_Inbox, host, port, local_address=local_address)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return _Stream(transport, inbox)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Inbox(asyncio.Protocol):
    """What was received and not read yet."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > READ_AHEAD_BYTES and not self._full:
            self._full = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self.error = error
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def take(self, max_bytes: int) -> bytes:
        """The next bytes, none at the end."""
        while not self.received and not self.ended:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if not self.received and self.error is not None:
            raise self.error
        taken = bytes(memoryview(self.received)[:max_bytes])
        del self.received[:max_bytes]
        if self._full and not self.received:
            self._full = False
            self.transport.resume_reading()
        return taken

    async def flushed(self) -> None:
        """Wait until more may be written."""
        await self._writable.wait()
        if self.ended:
            raise self.error or ConnectionResetError("the server closed the connection")


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, transport: asyncio.Transport, inbox: _Inbox) -> None:
        self._transport = transport
        self._inbox = inbox

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        with renamed(httpcore.ReadTimeout, httpcore.ReadError):
            if self._inbox.received:
                return await self._inbox.take(max_bytes)
            async with asyncio.timeout(timeout):
                return await self._inbox.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's interface
        with renamed(httpcore.WriteTimeout, httpcore.WriteError):
            if not self._inbox.ended:
                self._transport.write(buffer)
            async with asyncio.timeout(timeout):
                await self._inbox.flushed()

    async def aclose(self) -> None:
        self._transport.abort()  # nothing is left to send, and a peer that is gone would hold up a polite end
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        with renamed(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                secured = await loop.start_tls(
                    self._transport, self._inbox, ssl_context, server_hostname=server_hostname
                )
        assert secured is not None  # noqa: S101 - tells the type checker
        self._inbox.transport = secured
        return _Stream(secured, self._inbox)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # of an idle connection: the server has closed it
            return bool(self._inbox.received) or self._inbox.ended
        return self._transport.get_extra_info({"client_addr": "sockname", "server_addr": "peername"}.get(info, info))
