"""The emulator: what a user starts and stops, and the life of a request from what came in to the bytes that go out."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .api import Reply, Service, wants_indent
from .errors import ApiError, NoSuchPageError
from .faults import Fault, FaultScript
from .http import (
    BadRequestError,
    Client,
    HttpRequest,
    ReceivedRequest,
    RequestLog,
    Server,
    json_response,
    raw_response,
)
from .settings import Settings

_NAME = "gemini-embed-emulator"
_HEADERS = {"content-type": "application/json; charset=UTF-8", "server": f"{_NAME} (not the model)"}

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
        self._server = Server(_NAME, self._answer, _refused)
        self._random = random.Random(self.seed)  # noqa: S311 - jitter, not secrets

    @property
    def base_url(self) -> str:
        """The address without a path, such as http://127.0.0.1:40123."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen, and answer from a thread in the background. Raises RuntimeError when it does so already."""
        if self._server.is_running:
            raise RuntimeError(f"This emulator is running already, on {self.base_url}.")
        self.port = self._server.start(self.host, self.port)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; nothing happens when it is not running."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _answer(self, http: HttpRequest, client: Client) -> bool:
        """Answer one request; False when the connection is to close."""
        request = ReceivedRequest.of(http, self.requests.next_number())
        with self.requests.answering(request):
            fault = self.faults.next(request)
            jitter_s = self._random.uniform(0, self.latency_jitter_s)
            await client.wait(self.latency_s + jitter_s + fault.latency_s)
            if fault.drop == "before":
                return False
            response = await self._response(http, request, fault)
            await client.send(response[: len(response) // 2] if fault.drop == "mid_body" else response)
        return http.keep_alive and fault.drop is None

    async def _response(self, http: HttpRequest, request: ReceivedRequest, fault: Fault) -> bytes:
        close, indent = not http.keep_alive, wants_indent(request)
        if fault.raw:
            headers = {"server": _HEADERS["server"], **fault.raw.headers}
            return raw_response(fault.raw.status, fault.raw.body, headers, close=close)
        try:
            reply = self._reply(request, fault)
        except ApiError as error:
            return _error_bytes(error, close=close, indent=indent)
        except NoSuchPageError as error:
            return raw_response(
                404, error.page(), {**_HEADERS, "content-type": "text/html; charset=UTF-8"}, close=close
            )
        except Exception:
            logger.exception("The emulator failed on %s %s", request.method, request.path)
            return _error_bytes(ApiError(500, "The emulator itself failed; its log says how."), close=close)
        headers = {**_HEADERS, **reply.headers}
        if reply.payload is None:
            return raw_response(200, b"", headers, close=close)
        gzipped = self.compress and http.takes_gzip
        # Off the loop, so that other requests are read meanwhile.
        return await asyncio.to_thread(
            json_response, 200, reply.payload, headers, indent=indent, gzipped=gzipped, close=close
        )

    def _reply(self, request: ReceivedRequest, fault: Fault) -> Reply:
        """The good answer, billed, with what the fault changes in it. Raises the fault's error, or the service's."""
        if fault.error:
            raise fault.error
        reply = self._service.answer(request)
        self.requests.bill(reply.items, reply.tokens)
        if fault.edit and reply.payload is not None:
            fault.edit(reply.payload)
        return reply


def _error_bytes(error: ApiError, *, close: bool, indent: bool = True) -> bytes:
    return json_response(error.code, error.body(), _HEADERS, indent=indent, close=close)


def _refused(error: BadRequestError) -> bytes:
    return _error_bytes(ApiError(400, f"Bad request: {error}."), close=True)
