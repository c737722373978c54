"""A recording stub of generateContent for both frameworks: it keeps what chat models are sent, and answers as scripted.

def test(generate_content):
    generate_content.replies += [call("search_sources", query="pump"), "It is in the cellar [1]."]
    model = ChatGoogleGenerativeAI(model="gemini-3-flash", api_key="k", base_url=generate_content.base_url)
    ...
    assert generate_content.turns[-1] == [("user", ["text"]), ...]
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import pytest

Reply: TypeAlias = "str | dict[str, Any] | list[dict[str, Any]]"
"""A text, a function call, or several parts: parallel calls."""


def call(name: str, **args: Any) -> dict[str, Any]:
    """A part in which a model calls a function."""
    return {"functionCall": {"name": name, "args": args}}


class GenerateContent:
    """What came in, and what is to be answered, in order."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        """The JSON of each request."""
        self.base_url = ""

    def take(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """The parts of the next reply."""
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, str):
            return [{"text": reply}]
        return reply if isinstance(reply, list) else [reply]

    @property
    def turns(self) -> list[list[tuple[str, list[str]]]]:
        """The turns of each request: who speaks, and what its parts are, such as "functionCall search_sources", "text",
        "video/mp4"."""
        return [
            [(turn["role"], [_kind(part) for part in turn["parts"]]) for turn in request["contents"]]
            for request in self.requests
        ]

    def media(self, number: int = -1) -> list[tuple[str, bytes]]:
        """(MIME type, bytes) of what a model reads in a request as media, in order."""
        return [
            (_mime_type(blob), base64.urlsafe_b64decode(blob["data"].replace("+", "-").replace("/", "_")))
            for turn in self.requests[number]["contents"]
            for part in turn["parts"]
            for one in (part, *part.get("functionResponse", {}).get("parts", []))
            if (blob := one.get("inlineData") or one.get("inline_data"))
        ]

    def words(self, number: int = -1) -> str:
        """Everything that a model reads in a request as text, results of functions too."""
        turns = self.requests[number]["contents"]
        said = [
            part.get("text") or json.dumps(part.get("functionResponse")) for turn in turns for part in turn["parts"]
        ]
        return "\n".join(said)


def _kind(part: dict[str, Any]) -> str:
    for name in ("functionCall", "functionResponse"):
        if name in part:
            return f"{name} {part[name]['name']}"
    return _mime_type(part["inlineData"]) if "inlineData" in part else "text"


def _mime_type(blob: dict[str, Any]) -> str:
    return str(blob.get("mimeType") or blob["mime_type"])  # the API reads both spellings


def _answer(parts: list[dict[str, Any]]) -> bytes:
    content = {"role": "model", "parts": parts}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    return json.dumps({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "stub"}).encode()


def _handler(stub: GenerateContent) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_stream = ":streamGenerateContent" in self.path
            body = _answer(stub.take(request))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
            sent = b"data: " + body + b"\r\n\r\n" if is_stream else body
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            pass

    return Handler


@pytest.fixture
def generate_content() -> Iterator[GenerateContent]:
    """The stub, listening on loopback."""
    stub = GenerateContent()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub)) as server:
        stub.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stub
        server.shutdown()
        thread.join()
