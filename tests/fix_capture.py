"""A tiny HTTP server that keeps what it receives and answers what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass(frozen=True)
class Received:
    """One request as it came; names of headers in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float
    """time.monotonic() of its arrival, in seconds."""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes back. A `body` that is not bytes is sent as JSON; after `sent_bytes` the connection breaks off."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    sent_bytes: int | None = None


Respond = Callable[[Received], Answer]


class CaptureServer(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1; `requests` holds what came in, oldest first."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, respond: Respond, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self.requests: list[Received] = []
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base_url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        """Listen no more; answers that wait are cut short."""
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests: nothing is printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one piece: in two, the second waits 40 ms for an acknowledgement
    disable_nagle_algorithm = True
    server: CaptureServer

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        url = urlsplit(self.path)
        headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}
        body = self.rfile.read(length)
        received = Received(self.command, url.path, dict(parse_qsl(url.query)), headers, body, time.monotonic())
        self.server.requests.append(received)
        self._send(self.server.respond(received))

    do_GET = do_POST  # noqa: N815  # the name that http.server looks for

    def _send(self, answer: Answer) -> None:
        if self.server.closing.wait(answer.wait_s):
            return
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"content-type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: answer.sent_bytes])
        self.close_connection = answer.sent_bytes is not None

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""


def embeddings_for(request: Received) -> Answer:
    """A good answer to any embedding request: one row per input, as long as asked for, usage where it is told."""
    body, method = request.json, request.path.rpartition(":")[2]
    size = 3072 if "gemini" in request.path else 768
    if method == "predict":
        wanted = body.get("parameters", {}).get("outputDimensionality", size)
        statistics = {"token_count": 3, "truncated": False}
        row = {"embeddings": {"values": [0.5] * wanted, "statistics": statistics}}
        return Answer({"predictions": [row] * len(body["instances"])})
    if method == "embedContent":
        wanted = body.get("embedContentConfig", {}).get("outputDimensionality", size)
        return Answer({"embedding": {"values": [0.5] * wanted}, "usageMetadata": {"promptTokenCount": 3}})
    wanted = body["requests"][0].get("outputDimensionality", size)
    return Answer({"embeddings": [{"values": [0.5] * wanted}] * len(body["requests"])})


@pytest.fixture
def make_server() -> Iterator[Callable[..., CaptureServer]]:
    """`make_server(respond, port=0)` is a running server; the default answers every embedding request."""
    made: list[CaptureServer] = []

    def make(respond: Respond = embeddings_for, port: int = 0) -> CaptureServer:
        made.append(CaptureServer(respond, port))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def capture(make_server: Callable[..., CaptureServer]) -> CaptureServer:
    """A server that answers every embedding request with rows as long as asked for, or the model's own length."""
    return make_server()


@pytest.fixture
def fake_credentials() -> Any:
    """google-auth credentials with a token that does not expire."""
    from google.oauth2.credentials import Credentials

    return Credentials(token="token-for-tests")  # type: ignore[no-untyped-call]  # google-auth's
