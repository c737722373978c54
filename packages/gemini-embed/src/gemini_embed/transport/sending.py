"""Requests sent: on connections of our own where nothing stands between, else by httpx."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from types import FunctionType

import httpcore
import httpx

from gemini_embed.errors import UnreadableReplyError
from gemini_embed.transport.incoming import Incoming, Receiving
from gemini_embed.transport.kept import SENT_AT_ONCE_BYTES, Answer, KeptConnections, RawHeaders
from gemini_embed.transport.options import COMMON_HEADERS, HttpOptions

_ENTRANCES = (
    (httpx.AsyncClient, "send"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
)
"""Where recorders (VCR), test doubles (respx) and instrumentations (OpenTelemetry, Sentry) put themselves."""


class Sender:
    """Sends the requests to one address, on one loop, and keeps what it has opened until it is closed."""

    def __init__(self, options: HttpOptions, base_url: str, context: ssl.SSLContext) -> None:
        self._options, self._base_url, self._context = options, base_url, context
        self._client: httpx.AsyncClient | None = None
        self._base = httpx.URL(base_url)
        self._kept = _kept(options, self._base, context)
        self._last: tuple[list[object], RawHeaders] = [], []

    @property
    def client(self) -> httpx.AsyncClient:
        """httpx's client, for what is not one request and its whole reply."""
        self._client = self._client or self._options.client(self._base_url, self._context)
        return self._client

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> Answer:
        """One request and its reply; what all requests have in common is added to `headers`.

        Raises:
            httpx.TransportError: refused, dropped or timed out.
            UnreadableReplyError: a body of more than `max_bytes`.
        """
        parsed = _parsed(url)
        if self._kept is None or not self._goes_directly(parsed):
            return await self._sent_by_httpx(method, url, headers, body, max_bytes)
        named = [*self._named(method, parsed, headers, bool(body))]
        if body:
            named.append((b"Content-Length", str(len(body)).encode()))
        answer = await self._kept.send(method, parsed.raw_path, named, body, max_bytes)
        if answer.header("set-cookie"):
            await self._leave_to_httpx(httpx.Response(answer.status_code, headers=list(answer.headers)), parsed)
        return answer

    @asynccontextmanager
    async def streamed(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Incoming]:
        """The reply to a GET while it comes in. Raises httpx.TransportError as `send` does, each wait timed by itself;
        TimeoutError."""
        parsed = _parsed(url)
        kept = self._kept if self._goes_directly(parsed) else None
        if kept is None:
            request = self.client.build_request("GET", url, headers=headers)
            response = await self.client.send(request, stream=True)
            try:
                yield Incoming(response.status_code, _lower(response), response.aiter_raw())
            finally:
                await response.aclose()
            return
        receiving = await kept.opened(partial(Receiving, self._options.timeout_s))
        try:
            yield await receiving.answered(parsed.raw_path, self._named("GET", parsed, headers, False))
        finally:
            receiving.abort()

    def _goes_directly(self, url: httpx.URL) -> bool:
        return (url.scheme, url.netloc) == (self._base.scheme, self._base.netloc) and not _is_watched()

    async def _leave_to_httpx(self, response: httpx.Response, url: httpx.URL) -> None:
        """It knows which cookies go with the next requests."""
        response.request = httpx.Request("POST", url)
        self.client.cookies.extract_cookies(response)
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.aclose()

    def _named(self, method: str, url: httpx.URL, headers: Mapping[str, str], has_body: bool) -> RawHeaders:
        """All headers as httpx sends them, but for the length of a body; mostly they are those of the last request."""
        told: list[object] = [method, url.netloc, has_body, *headers.items()]
        if self._last[0] != told:
            merged = httpx.Headers(COMMON_HEADERS)
            merged.update(headers)
            request = httpx.Request(method, url, headers=merged, content=b"?" if has_body else None)
            raw = request.headers.raw
            self._last = told, [pair for pair in raw if pair[0] != b"Content-Length"] if has_body else raw
        return self._last[1]

    async def _sent_by_httpx(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int
    ) -> Answer:
        content: bytes | AsyncIterator[bytes] | None = body or None
        if len(body) > SENT_AT_ONCE_BYTES:
            headers, content = {**headers, "Content-Length": str(len(body))}, _slices(body)
        client = self.client
        response = await client.send(client.build_request(method, url, content=content, headers=headers), stream=True)
        try:
            return await whole_answer(Incoming(response.status_code, _lower(response), response.aiter_raw()), max_bytes)
        finally:
            await response.aclose()
            response.stream = httpx.ByteStream(b"")  # it holds the response, and so the body sent, in a circle

    async def aclose(self) -> None:
        """Close all connections."""
        if self._kept is not None:
            await self._kept.aclose()
        if self._client is not None:
            await self._client.aclose()


def _kept(options: HttpOptions, url: httpx.URL, context: ssl.SSLContext) -> KeptConnections | None:
    """None where httpx has more to do: a proxy, or a user and password in the address."""
    if url.scheme not in ("http", "https") or url.userinfo or not options.goes_directly(url):
        return None
    return KeptConnections(url, context, options.connect_timeout_s)


def _is_watched() -> bool:
    """Whether somebody has put a function of his own into httpx, who is not to be passed by."""
    return not all(_is_own(vars(owner)[name], owner.__module__) for owner, name in _ENTRANCES)


def _is_own(function: object, package: str) -> bool:
    """Whether it was defined there; wrappers copy the name of the module, and not what a function sees of it."""
    return type(function) is FunctionType and function.__globals__["__name__"].partition(".")[0] == package


@lru_cache(64)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    """A long body bit by bit."""
    for start in range(0, len(body), SENT_AT_ONCE_BYTES):
        yield body[start : start + SENT_AT_ONCE_BYTES]


async def whole_answer(incoming: Incoming, max_bytes: int) -> Answer:
    """A reply, read to its end.

    Raises:
        UnreadableReplyError: a body of more than `max_bytes`.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in incoming.pieces:
        size += len(chunk)
        if size > max_bytes:
            raise UnreadableReplyError(f"a reply of more than {max_bytes} bytes")
        chunks.append(chunk)
    return Answer(incoming.status_code, incoming.headers, b"".join(chunks))


def _lower(response: httpx.Response) -> RawHeaders:
    return [(name.lower(), value) for name, value in response.headers.raw]
