"""HTTP/1.1 on asyncio streams, as much as API clients use: keep-alive, lengths, chunks, 100-continue, gzip."""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

_MAX_BODY_BYTES = 256 * 2**20
_MIN_GZIP_BYTES = 512


class BadRequestError(Exception):
    """Bytes that are not an HTTP request this server can read."""


@dataclass(frozen=True)
class HttpRequest:
    """A request off the wire; header names in lower case, the body decoded if it was gzipped."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def keep_alive(self) -> bool:
        """Whether the connection serves another request afterwards."""
        return self.headers.get("connection", "").lower() != "close"

    @property
    def takes_gzip(self) -> bool:
        """Whether the reply may be gzipped."""
        return "gzip" in self.headers.get("accept-encoding", "")


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """The next request; None when the client has closed the connection between two."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequestError("the connection closed within the headers") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("the headers are too long") from error
    request_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    try:
        method, target, version = request_line.split(" ")
    except ValueError as error:
        raise BadRequestError("no request line") from error
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")  # or a client that waits for the end waits for ever
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _read_body(reader, headers)
    path, _, query = target.partition("?")
    if not path.startswith("/"):  # a proxy's form, with scheme and host
        path = "/" + path.partition("://")[2].partition("/")[2]
    return HttpRequest(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, body)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await _read_chunks(reader)
        else:
            body = await reader.readexactly(_size(headers.get("content-length", "0"), 10))
        return _unzipped(body) if headers.get("content-encoding") == "gzip" else body
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, EOFError, OSError, zlib.error) as error:
        raise BadRequestError("the body cannot be read") from error


def _unzipped(body: bytes) -> bytes:
    unzipped = gzip.GzipFile(fileobj=io.BytesIO(body)).read(_MAX_BODY_BYTES + 1)
    if len(unzipped) > _MAX_BODY_BYTES:
        raise BadRequestError("the body is too long")
    return unzipped


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = bytearray()
    while True:
        size = _size((await reader.readuntil(b"\r\n")).split(b";")[0].strip().decode("latin-1"), 16)
        chunks += (await reader.readexactly(size + 2))[:-2]
        if size == 0:
            return bytes(chunks)
        if len(chunks) > _MAX_BODY_BYTES:
            raise BadRequestError("the body is too long")


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError as error:
        raise BadRequestError(f"{text!r} is not a length") from error
    if not 0 <= size <= _MAX_BODY_BYTES:
        raise BadRequestError(f"{size} bytes are too many")
    return size


def raw_response(status: int, body: bytes, headers: dict[str, str], *, close: bool = False) -> bytes:
    """A whole response with this body, as bytes."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    fields = {**headers, "content-length": str(len(body)), "connection": "close" if close else "keep-alive"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode("latin-1") + body


def answer_to(request: HttpRequest, response: bytes) -> bytes:
    """The response as this request gets it: to HEAD its head alone, or the body would be taken for the next."""
    return response[: response.index(b"\r\n\r\n") + 4] if request.method == "HEAD" else response


def compressed(body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body gzipped at the quickest level, where it is long enough to gain by it."""
    if len(body) < _MIN_GZIP_BYTES:
        return body, headers
    return gzip.compress(body, compresslevel=1, mtime=0), {
        **headers,
        "content-encoding": "gzip",
        "vary": "accept-encoding",
    }
