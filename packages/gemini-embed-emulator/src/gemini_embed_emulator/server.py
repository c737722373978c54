"""The server: a socket, a thread with a loop, and the life of a request from bytes to bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Self

from . import http11
from .encoding import encode
from .errors import ApiError, NoSuchPageError
from .faults import Fault, FaultScript
from .http11 import BadRequestError, HttpRequest
from .received import ReceivedRequest, RequestLog
from .service import Service, wants_indent
from .settings import Settings

SERVER_HEADER = "gemini-embed-emulator (not the model)"
_HEADERS = {"content-type": "application/json; charset=UTF-8", "server": SERVER_HEADER}
_START_TIMEOUT_S = 10.0
_WATCH_S = 0.02  # how soon a client that has gone is noticed

logger = logging.getLogger("gemini_embed_emulator")


@dataclass(kw_only=True, eq=False)
class Emulator(Settings):
    """A local server for the Gemini embedding endpoints, in a thread of its own. `Settings` lists its arguments.

    with Emulator() as server:
        print(server.base_url)  # http://127.0.0.1:<a free port>

    `requests` holds what came in, `faults` what is to go wrong.
    """

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port; once started this is the port taken."""

    def __post_init__(self) -> None:
        self.requests = RequestLog()
        self.faults = FaultScript()
        self._service = Service(self)
        self._random = random.Random(self.seed)  # noqa: S311 - jitter, not secrets
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """The address without a path, such as http://127.0.0.1:40123."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen, and answer from a thread in the background. Raises RuntimeError when it does so already."""
        if self._thread is not None:
            raise RuntimeError(f"This emulator is running already, on {self.base_url}.")
        listener = socket.create_server((self.host, self.port), backlog=512)
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        run = self._serve(listener, ready)
        self._thread = threading.Thread(target=asyncio.run, args=(run,), name="gemini-embed-emulator", daemon=True)
        self._thread.start()
        if not ready.wait(_START_TIMEOUT_S):
            raise RuntimeError(f"The emulator did not start within {_START_TIMEOUT_S:.0f} seconds.")
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; nothing happens when it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._converse(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(connected, sock=listener, limit=2**20)
        ready.set()
        await self._stopping.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection's requests until either side has had enough."""
        try:
            while await self._exchange(reader, writer):
                pass
        except BadRequestError as error:
            writer.write(_error_bytes(ApiError(400, f"Bad request: {error}."), close=True))
        except ConnectionError:
            logger.debug("A client went away.")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is to close."""
        http = await http11.read_request(reader, writer)
        if http is None:
            return False
        request = self._received(http)
        with self.requests.answering(request):
            fault = self.faults.next(request)
            jitter_s = self._random.uniform(0, self.latency_jitter_s)
            await _wait(self.latency_s + jitter_s + fault.latency_s, reader)
            if fault.drop == "before":
                return False
            response = await self._response(http, request, fault)
            writer.write(response[: len(response) // 2] if fault.drop == "mid_body" else response)
            await writer.drain()
        return http.keep_alive and fault.drop is None

    def _received(self, http: HttpRequest) -> ReceivedRequest:
        body = None
        with contextlib.suppress(ValueError):
            body = json.loads(http.body) if http.body else None
        number = self.requests.next_number()
        return ReceivedRequest(
            number, http.method, http.path, http.query, http.headers, http.body, body, time.monotonic()
        )

    async def _response(self, http: HttpRequest, request: ReceivedRequest, fault: Fault) -> bytes:
        close, indent = not http.keep_alive, wants_indent(request)
        if fault.raw:
            headers = {"server": SERVER_HEADER, **fault.raw.headers}
            return http11.response(fault.raw.status, fault.raw.body, headers, close=close)
        try:
            if fault.error:
                raise fault.error
            reply = self._service.answer(request)
            self.requests.bill(reply.items, reply.tokens)
            if fault.edit and reply.payload is not None:
                fault.edit(reply.payload)
        except ApiError as error:
            return _error_bytes(error, close=close, indent=indent)
        except NoSuchPageError as error:
            return http11.response(
                404, error.page(), {**_HEADERS, "content-type": "text/html; charset=UTF-8"}, close=close
            )
        except Exception:
            logger.exception("The emulator failed on %s %s", request.method, request.path)
            return _error_bytes(ApiError(500, "The emulator itself failed; its log says how."), close=close)
        if reply.payload is None:
            return http11.response(200, b"", {**_HEADERS, **reply.headers}, close=close)
        gzipped = self.compress and http.takes_gzip
        # Off the loop, so that other requests are read meanwhile.
        return await asyncio.to_thread(_json_bytes, reply.payload, indent=indent, gzipped=gzipped, close=close,
                                       headers=reply.headers)  # fmt: skip


async def _wait(seconds: float, reader: asyncio.StreamReader) -> None:
    """Sleep; ConnectionError as soon as the client is seen to have gone."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, _WATCH_S))
        if reader.at_eof():
            raise ConnectionAbortedError("the client went away before its answer")


def _json_bytes(
    payload: dict[str, Any],
    *,
    indent: bool,
    gzipped: bool,
    close: bool,
    status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    body, headers = encode(payload, pretty=indent), {**_HEADERS, **headers}
    if gzipped:
        body, headers = http11.compressed(body, headers)
    return http11.response(status, body, headers, close=close)


def _error_bytes(error: ApiError, *, close: bool, indent: bool = True) -> bytes:
    return _json_bytes(error.body(), indent=indent, gzipped=False, close=close, status=error.code)
