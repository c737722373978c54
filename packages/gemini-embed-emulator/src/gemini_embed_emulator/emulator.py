"""The emulator: what a user starts and stops, and the life of a request from what came in to the bytes that go out."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from .api import PREFIX, BatchControl, Control, Layout, Reply, Service, error_payload, wants_indent
from .batches import JobScript
from .bill import Bill
from .chat import ChatScript
from .clock import Clock
from .errors import ApiError, NoSuchPageError
from .faults import Fault, FaultScript
from .http import (
    BadRequestError,
    Client,
    HttpRequest,
    ReceivedRequest,
    RequestLog,
    Server,
    Streamed,
    answer_to,
    json_response,
    raw_response,
    send_streamed,
)
from .settings import Settings, check_settings

_NAME = "gemini-embed-emulator"
_HEADERS = {"content-type": "application/json; charset=UTF-8", "server": f"{_NAME} (not the model)"}
_EXPOSED = ("status", "url", "control-url", "chunk-granularity", "size-received")
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": ", ".join(f"x-goog-upload-{name}" for name in _EXPOSED),
}

logger = logging.getLogger("gemini_embed_emulator")


@dataclass(kw_only=True, eq=False)
class Emulator(Settings):
    """A local server for the Gemini embedding endpoints, in a thread of its own. Its arguments are its attributes.

        with Emulator() as server:
            print(server.base_url)  # http://127.0.0.1:<a free port>

    `requests` holds what came in, `faults` what is to go wrong, `batches` what is to become of batch jobs, `chat` what
    generateContent says; `bill` is what was billed, and `clock` the service's time, which can be moved on.
    """

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port; once started this is the port taken."""

    def __post_init__(self) -> None:
        """Raises ValueError for a setting that is out of range."""
        check_settings(vars(self))
        self.requests = RequestLog()
        self.faults = FaultScript()
        self.batches = JobScript()
        self.chat = ChatScript()
        self.clock = Clock()
        self._bill = Bill()
        self._service = Service(self, self.clock, self.batches, self._bill, self.chat)
        self._control = Control(
            self,
            self.faults,
            self.requests,
            self._service,
            BatchControl(self.batches, self.clock, self._bill, self._service),
        )
        self._server = Server(_NAME, self._answer, _refused)

    @property
    def base_url(self) -> str:
        """The address without a path, such as http://127.0.0.1:40123."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def objects(self) -> Mapping[str, bytes]:
        """What Cloud Storage holds now, by gs:// address."""
        return self._service.objects.all()

    @property
    def bill(self) -> Bill:
        """What was billed so far, online and by batch."""
        self._service.settle()
        return self._bill

    def jobs(self) -> list[dict[str, Any]]:
        """The batch jobs that are not deleted, newest first: name, display name, model, state, items and tokens."""
        return self._service.told_jobs()

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
        if aside := self._aside(http):
            await client.send(answer_to(http, aside))
            return http.keep_alive
        request = ReceivedRequest.of(http, self.requests.next_number())
        with self.requests.answering(request, self.max_log_bytes):
            fault = self.faults.next(request)
            await client.wait(self.latency_s + self._jitter_s(request) + fault.latency_s)
            if fault.drop == "before":
                return False
            response = await self._response(http, request, fault)
            if fault.drop == "after":
                return False
            if isinstance(response, Streamed):
                halves = fault.drop == "mid_body"
                await send_streamed(client, response, self._headers(), close=not http.keep_alive, break_off=halves)
            else:
                response = answer_to(http, response)
                await client.send(response[: len(response) // 2] if fault.drop == "mid_body" else response)
        return http.keep_alive and fault.drop is None

    def _jitter_s(self, request: ReceivedRequest) -> float:
        """The same for the same seed and number of a request, whatever came before."""
        chance = random.Random(f"{self.seed} {request.number}")  # noqa: S311 - jitter, not secrets
        return chance.uniform(0, self.latency_jitter_s)

    def _aside(self, http: HttpRequest) -> bytes | None:
        """The answer to what is no request to the service: a browser's question whether it may ask, and control."""
        headers, close = self._headers(), not http.keep_alive
        if self.cors and http.method == "OPTIONS" and "origin" in http.headers:
            wanted = http.headers.get("access-control-request-headers", "*")
            allowed = {"methods": "GET, POST, PUT, PATCH, DELETE", "headers": wanted, "private-network": "true"}
            headers |= {f"access-control-allow-{name}": value for name, value in allowed.items()}
            return raw_response(204, b"", headers, close=close)
        if not http.path.startswith(PREFIX):
            return None
        request = ReceivedRequest.of(http, 0)
        try:
            status, payload = 200, self._control.answer(request).payload
        except Exception as error:
            status, payload = self._refusal(error, request)
        return json_response(status, payload, headers, indent=True, close=close)

    async def _response(self, http: HttpRequest, request: ReceivedRequest, fault: Fault) -> bytes | Streamed:
        close, headers = not http.keep_alive, self._headers()
        if fault.raw:
            headers = {name: value for name, value in headers.items() if name != "content-type"}
            return raw_response(fault.raw.status, fault.raw.body, {**headers, **fault.raw.headers}, close=close)
        layout = Layout(indent=wants_indent(request.query))
        try:
            layout = Layout.of(request.query)
            if self._service.takes_long(request):  # off the loop, so that other requests are answered meanwhile
                reply = await asyncio.to_thread(self._reply, request, fault)
            else:
                reply = self._reply(request, fault)
        except NoSuchPageError as error:
            html = {"content-type": "text/html; charset=UTF-8"}
            return raw_response(404, error.page(), headers | html, close=close)
        except Exception as error:
            status, payload = self._refusal(error, request)
            return json_response(status, payload, headers, indent=layout.indent, callback=layout.callback, close=close)
        headers |= reply.headers
        if reply.streamed:
            return reply.streamed
        if reply.payload is None:
            return raw_response(reply.status, reply.body or b"", headers, close=close)
        # Off the loop, so that other requests are read meanwhile.
        return await asyncio.to_thread(
            json_response,
            200,
            layout.shown(reply.payload),
            headers,
            indent=layout.indent,
            callback=layout.callback,
            gzipped=self.compress and http.takes_gzip,
            close=close,
        )

    def _headers(self) -> dict[str, str]:
        """What every answer says, and where it is so set what lets a browser's page read it."""
        return {**_HEADERS, **(_CORS if self.cors else {})}

    @staticmethod
    def _refusal(error: Exception, request: ReceivedRequest) -> tuple[int, Any]:
        """Status and JSON of an error; one that is not the service's is the emulator's own, and logged."""
        if not isinstance(error, ApiError):
            logger.error("The emulator failed on %s %s", request.method, request.path, exc_info=error)
            error = ApiError(500, "The emulator itself failed; its log says how.")
        return error.code, error_payload(error, request)

    def _reply(self, request: ReceivedRequest, fault: Fault) -> Reply:
        """The good answer, billed, with what the fault changes in it. Raises the fault's error, or the service's."""
        if fault.error and not fault.done:
            raise fault.error
        reply = self._service.answer(request)
        self.requests.bill(reply.items, reply.tokens)
        if fault.error:
            raise fault.error
        if fault.edit and reply.payload is not None:
            try:
                fault.edit(reply.payload)
            except LookupError as error:
                logger.exception("A scripted fault does not fit the reply to %s", request.path)
                raise ApiError(500, "The scripted fault does not fit: this reply has no such vector.") from error
        return reply


def _refused(error: BadRequestError) -> bytes:
    refusal = ApiError(400, f"Bad request: {error}.")
    return json_response(refusal.code, refusal.body(), _HEADERS, indent=True, close=True)
