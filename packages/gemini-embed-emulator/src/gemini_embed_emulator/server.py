"""The server: sockets, a thread with a loop, and the life of a request from bytes to bytes."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
import time
from collections.abc import Collection
from types import TracebackType
from typing import Any, Literal, Self

from . import http11
from .encoding import encode
from .errors import ApiError
from .faults import Fault, FaultScript, RawReply
from .http11 import BadRequestError, HttpRequest
from .quota import Quota
from .received import ReceivedRequest, RequestLog
from .service import Service
from .settings import Settings

SERVER_HEADER = "gemini-embed-emulator (not the model)"
_START_TIMEOUT_S = 10.0


class Emulator:
    """A local server for the Gemini embedding endpoints, in a thread of its own.

        with Emulator() as server:
            print(server.base_url)    # http://127.0.0.1:<a free port>

    Args:
        host, port: Where to listen; port 0 (default) takes a free one.
        api_keys: The keys that are accepted; None (default) accepts any but `invalid_api_keys`.
        invalid_api_keys: Keys that are always refused; ("invalid",) by default.
        retired: "refuse" (default) answers 404 for models the Developer API has shut down, "serve" serves them.
        vertex_001_batch_limit: Instances that gemini-embedding-001 takes in one Vertex :predict, 250 (default) or 1;
            Google's pages disagree.
        vertex_001_embed_content: Whether text models answer :embedContent on Vertex (default: 400, as reported
            in spring 2026; newer reports differ).
        usage: Whether gemini-embedding-2 reports usageMetadata (it is optional on the wire).
        pretty_print: "refuse" answers 400 to the prettyPrint query parameter.
        max_payload_bytes, max_media_payload_bytes: Largest request without and with inline data.
        latency_s, latency_jitter_s: Seconds before every answer: the first, and up to the second more at random.
        quota: Limits that lead to 429; none by default.
        compress: Whether replies are gzipped for clients that accept it.
        seed: Of the randomness in the jitter.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Collection[str] | None = None,
        invalid_api_keys: Collection[str] = ("invalid",),
        retired: Literal["refuse", "serve"] = "refuse",
        vertex_001_batch_limit: Literal[1, 250] = 250,
        vertex_001_embed_content: bool = False,
        usage: bool = True,
        pretty_print: Literal["accept", "refuse"] = "accept",
        max_payload_bytes: int = 4 * 2**20,
        max_media_payload_bytes: int = 20 * 2**20,
        latency_s: float = 0.0,
        latency_jitter_s: float = 0.0,
        quota: Quota | None = None,
        compress: bool = True,
        seed: int = 0,
    ) -> None:
        self._address = (host, port)
        self._settings = Settings(
            api_keys,
            invalid_api_keys,
            retired,
            vertex_001_batch_limit,
            vertex_001_embed_content,
            usage,
            pretty_print,
            max_payload_bytes,
            max_media_payload_bytes,
            latency_s,
            latency_jitter_s,
            quota,
            compress,
            seed,
        )
        self.requests = RequestLog()
        self.faults = FaultScript()
        self._service = Service(self._settings)
        self._random = random.Random(seed)  # noqa: S311 - jitter, not secrets
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """The address without a path, such as http://127.0.0.1:40123; of the latest start."""
        host, port = self._address
        return f"http://{host}:{port}"

    def start(self) -> Self:
        """Listen, and answer from a thread in the background."""
        if self._thread is not None:
            raise RuntimeError("This emulator is running already.")
        listener = socket.create_server(self._address)
        self._address = (self._address[0], listener.getsockname()[1])
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="gemini-embed-emulator", daemon=True
        )
        self._thread.start()
        ready.wait(_START_TIMEOUT_S)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; nothing happens when it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a callback of the server runs in a task
            connections.add(task)
            try:
                await self._converse(reader, writer)
            except (ConnectionError, asyncio.CancelledError):
                return  # the client went away, or the emulator stops: nobody is left to tell
            finally:
                connections.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, sock=listener, limit=2**20)
        ready.set()
        await self._stopping.wait()
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                http = await http11.read_request(reader, writer)
            except BadRequestError as error:
                await self._write(writer, _error_bytes(ApiError(400, f"Bad request: {error}."), close=True))
                return
            if http is None:
                return
            request = self._received(http)
            self.requests.add(request)
            try:
                stays = await self._respond(http, request, writer)
            finally:
                self.requests.done()
            if not stays or not http.keep_alive:
                return

    def _received(self, http: HttpRequest) -> ReceivedRequest:
        try:
            body = json.loads(http.body) if http.body else None
        except ValueError:
            body = None
        return ReceivedRequest(
            self.requests.next_number(), http.method, http.path, http.query, http.headers, http.body, body, time.monotonic()
        )

    async def _respond(self, http: HttpRequest, request: ReceivedRequest, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is to close."""
        fault = self.faults.next(request)
        delay_s = self._settings.latency_s + fault.latency_s + self._random.uniform(0, self._settings.latency_jitter_s)
        if delay_s:
            await asyncio.sleep(delay_s)
        if fault.drop == "before":
            return False
        response = await self._response(http, request, fault)
        if fault.drop == "mid_body":
            await self._write(writer, response[: len(response) // 2])
            return False
        await self._write(writer, response)
        return True

    async def _response(self, http: HttpRequest, request: ReceivedRequest, fault: Fault) -> bytes:
        if fault.raw:
            return _raw_bytes(fault.raw)
        close = not http.keep_alive
        try:
            if fault.error:
                raise fault.error
            reply = self._service.answer(request)
        except ApiError as error:
            return _error_bytes(error, close=close, pretty=self._service.pretty(request))
        self.requests.items_billed += reply.items
        self.requests.tokens_billed += reply.tokens
        if fault.edit:
            fault.edit(reply.payload)
        gzipped = self._settings.compress and http.takes_gzip
        # Off the loop: formatting and gzip give way to the other requests there.
        return await asyncio.to_thread(_json_bytes, reply.payload, self._service.pretty(request), gzipped, close)

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()


def _json_bytes(payload: dict[str, Any], pretty: bool, gzipped: bool, close: bool, status: int = 200) -> bytes:
    body, headers = encode(payload, pretty=pretty), _headers()
    if gzipped:
        body, headers = http11.compressed(body, headers)
    return http11.response(status, body, headers, close=close)


def _error_bytes(error: ApiError, *, close: bool, pretty: bool = True) -> bytes:
    return _json_bytes(error.body(), pretty, gzipped=False, close=close, status=error.code)


def _raw_bytes(raw: RawReply) -> bytes:
    return http11.response(raw.status, raw.body, {"server": SERVER_HEADER, **raw.headers})


def _headers() -> dict[str, str]:
    return {"content-type": "application/json; charset=UTF-8", "server": SERVER_HEADER}
