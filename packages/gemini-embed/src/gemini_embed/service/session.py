"""One attempt of one request, and what all requests share: the client, the gate, the token."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx

from gemini_embed.errors import ConfigurationError, ConnectionFailedError, UnreadableReplyError
from gemini_embed.quota import Gate, Pace, RateLimits, pacific, shared_pace
from gemini_embed.secret import Secret, without_frames
from gemini_embed.service.auth import Auth
from gemini_embed.service.connection import Connection
from gemini_embed.service.naming import is_googles
from gemini_embed.service.refusals import api_error
from gemini_embed.transport import HttpOptions, inflate

SENT_AT_ONCE_BYTES = 2**20


@dataclass
class Learned:
    """What this address has told about itself: a smaller batch limit, and whether it knows compact JSON."""

    max_batch_items: int | None = None
    compact: bool = True


class Answer(NamedTuple):
    """A reply: its status, its headers, its body inflated."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpSession:
    """What requests share on the engine's loop."""

    def __init__(self, connection: Connection, options: HttpOptions, pace: Pace) -> None:
        options.require_all()
        self._base_url = connection.base_url
        self._context = options.context(connection.base_url)
        self._client: httpx.AsyncClient | None = None
        self.gate = Gate(options.concurrency, pace)
        self.learned = Learned()
        self._auth = Auth(connection)
        self._options = options

    async def rest(self) -> None:
        """Close all connections; the next request opens one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.rest()

    async def post(self, url: str, body: bytes, *, model: str, max_reply_bytes: int) -> bytes:
        """One attempt: the body of a 200 reply, inflated. A bearer token that was refused is renewed once.

        Raises:
            ApiError: any other status.
            ConnectionFailedError: refused, dropped or timed out.
            UnreadableReplyError: compressed data that is damaged, cut short or beyond `max_reply_bytes`.
        """
        return await self.ask("POST", url, body, model=model, max_reply_bytes=max_reply_bytes)

    async def ask(self, method: str, url: str, body: bytes = b"", *, model: str, max_reply_bytes: int = 2**24) -> bytes:
        """`post`, by any method: GET and DELETE have no body."""
        return (await self.call(method, url, body, model=model, max_reply_bytes=max_reply_bytes)).body

    async def call(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        model: str,
        headers: Mapping[str, str] | None = None,
        accepts: Collection[int] = (200,),
        max_reply_bytes: int = 2**24,
    ) -> Answer:
        """`ask` with headers of its own, for a reply that may have another status than 200. Raises as `post` does."""
        exchange = partial(self._exchange, method, url, body, headers or {}, model=model, max_bytes=max_reply_bytes)
        auth = await self._auth.headers()
        response, data = await exchange(auth)
        if response.status_code == 401 and await self._auth.renew(auth):
            response, data = await exchange(await self._auth.headers())
        if response.status_code in accepts:
            return Answer(response.status_code, response.headers, data)
        raise _refusal(response, data, model)

    async def stream(self, url: str, *, model: str, start: int = 0) -> AsyncGenerator[bytes, None]:
        """The body of a 200 reply to GET as it comes in, from byte `start` on; `timeout_s` holds for each wait.

        Raises:
            ApiError: any other status.
            ConnectionFailedError: refused, dropped or timed out; what came before it is whole.
        """
        client = self._opened()
        headers = self._headers(url, await self._auth.headers())
        headers["accept-encoding"] = "identity"  # so that bytes can be counted, and gone on from
        if start:
            headers["range"] = f"bytes={start}-"
        with self._errors(url, model):
            response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
            try:
                if response.status_code not in (200, 206):
                    raise _refusal(response, await _read_bounded(response, 2**20), model)
                unwanted = start if response.status_code == 200 else 0  # of a server that sends all of it again
                async for chunk in response.aiter_raw():
                    if wanted := chunk[unwanted:]:
                        yield wanted
                    unwanted -= min(unwanted, len(chunk))
            finally:
                await response.aclose()

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes,
        besides: Mapping[str, str],
        auth: Mapping[str, Secret],
        *,
        model: str,
        max_bytes: int,
    ) -> tuple[httpx.Response, bytes]:
        client = self._opened()
        with self._errors(url, model):
            async with asyncio.timeout(self._options.timeout_s):
                response = await client.send(self._request(client, method, url, body, besides, auth), stream=True)
                try:
                    raw = await _read_bounded(response, max_bytes)
                finally:
                    await response.aclose()
                    response.stream = httpx.ByteStream(b"")  # it holds the response, and so the body sent, in a circle
        return response, inflate(raw, response.headers.get("content-encoding", ""), max_bytes)

    def _opened(self) -> httpx.AsyncClient:
        self._client = self._client or self._options.client(self._base_url, self._context)
        return self._client

    @contextmanager
    def _errors(self, url: str, model: str) -> Iterator[None]:
        """Those of the HTTP library, as ours."""
        try:
            yield
        except TimeoutError as e:
            late = f"no answer within timeout_s={self._options.timeout_s:g}"
            raise ConnectionFailedError(late, model=model) from without_frames(e)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as e:
            raise ConfigurationError(f"the request cannot be sent: {e}") from without_frames(e)
        except httpx.TransportError as e:
            what = str(e) or type(e).__name__
            error = ConnectionFailedError(f"connection to {httpx.URL(url).host} failed: {what}", model=model)
            error.sent = not isinstance(e, httpx.ConnectError | httpx.ConnectTimeout)
            raise error from without_frames(e)

    def _headers(self, url: str, auth: Mapping[str, Secret]) -> httpx.Headers:
        """The token, and the caller's own headers, which a proxy's key may be among: to no host but `base_url`'s, or
        from one of Google's to another."""
        headers = httpx.Headers()
        own = self._options.headers if _are_of_one(urlsplit(url), urlsplit(self._base_url)) else {}
        for secrets in (auth, own):  # one of each name, in whatever case the caller wrote it
            headers.update({name: value.reveal() for name, value in secrets.items()})
        return headers

    def _request(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        body: bytes,
        besides: Mapping[str, str],
        auth: Mapping[str, Secret],
    ) -> httpx.Request:
        headers = httpx.Headers({"content-type": "application/json"} if body else {})
        headers.update(besides)
        headers.update(self._headers(url, auth))
        if self.learned.compact:
            url += "&prettyPrint=false" if "?" in url else "?prettyPrint=false"
        if len(body) <= SENT_AT_ONCE_BYTES:
            return client.build_request(method, url, content=body or None, headers=headers)
        headers["content-length"] = str(len(body))
        return client.build_request(method, url, content=_slices(body), headers=headers)


def _are_of_one(one: SplitResult, other: SplitResult) -> bool:
    """Whether two addresses are of one host, or both of Google."""
    return one.netloc == other.netloc or (is_googles(one) and is_googles(other))


def open_session(connection: Connection, options: HttpOptions, model: str, limits: RateLimits | None) -> HttpSession:
    """What requests share, at the pace that the project has for this model. An unpickled connection has no key yet."""
    connection = connection.with_key_from_environment()
    pacific()  # reads files: here no loop runs yet
    pace = shared_pace(connection.project_key, model)
    if limits:
        pace.tell(limits, time.monotonic())
    return HttpSession(connection, options, pace)


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    """A long body bit by bit: given all of it, the event loop would keep a copy of what the socket does not take."""
    for start in range(0, len(body), SENT_AT_ONCE_BYTES):
        yield body[start : start + SENT_AT_ONCE_BYTES]


async def _read_bounded(response: httpx.Response, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise UnreadableReplyError(f"a reply of more than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(response: httpx.Response, data: bytes, model: str) -> Exception:
    try:
        body: Any = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, list) and len(body) == 1:  # some Google front ends wrap an error in a list
        (body,) = body
    text = data[:200].decode(errors="replace")
    if response.is_redirect:
        text = (
            f"redirected to {httpx.URL(response.headers.get('location', '')).host or 'another address'}; not followed"
        )
    return api_error(
        response.status_code,
        body,
        model=model,
        retry_after=response.headers.get("retry-after"),
        text=text,
    )
