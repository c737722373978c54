"""The sockets: one attempt of one request, and the pool, gate and token that all requests share."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gemini_embed.auth import Auth
from gemini_embed.connection import Connection
from gemini_embed.errors import ConfigurationError, ConnectionFailedError, QuotaError
from gemini_embed.inflate import inflate
from gemini_embed.pacing import api_error, asked_to_wait_s, is_used_up
from gemini_embed.quota import Cost, Pace, Ticket, refusal_of
from gemini_embed.wire.replies import UnreadableReplyError

logger = logging.getLogger(__name__)

WORTH_SAYING_S = 1.0
"""A shorter wait for the quota is not logged."""
USER_AGENT = "gemini-embed/0.1.0"
CONNECT_TIMEOUT_S = 10.0
LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


@dataclass(frozen=True)
class HttpOptions:
    """How requests travel. `timeout_s` bounds one attempt as a whole, from connecting to the last byte."""

    timeout_s: float = 60.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    verify: bool | str | ssl.SSLContext = True
    concurrency: int = 8

    def __post_init__(self) -> None:
        """Raise ConfigurationError now for what would fail at the first call."""
        for name, value in self.headers.items():
            if not all(type(text) is str and _is_header_text(text) for text in (name, value)):
                raise ConfigurationError(
                    f"headers={{{name!r}: ...}}: names and values must be ASCII str without line breaks or outer spaces"
                )
        if not isinstance(self.verify, bool | str | ssl.SSLContext):
            raise ConfigurationError(f"verify={self.verify!r} must be a bool, a CA file or an ssl.SSLContext")
        if isinstance(self.verify, str) and not Path(self.verify).is_file():
            raise ConfigurationError(f"verify={self.verify!r}: there is no such file")
        if self.proxy is not None and not str(self.proxy).startswith(
            ("http://", "https://", "socks5://", "socks5h://")
        ):
            raise ConfigurationError("proxy= must be a URL such as http://host:port")

    def client(self) -> httpx.AsyncClient:
        """A client for the loop that is running. It follows no redirect: a key never travels to another host."""
        verify = ssl.create_default_context(cafile=self.verify) if isinstance(self.verify, str) else self.verify
        return httpx.AsyncClient(
            headers={"user-agent": USER_AGENT, "x-goog-api-client": USER_AGENT, "accept-encoding": "gzip"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=self.concurrency),
            timeout=httpx.Timeout(self.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.timeout_s)),
            proxy=self.proxy,
            # The environment's proxy is for other machines; httpx itself would ask it for this one, unless NO_PROXY.
            mounts=None if self.proxy else dict.fromkeys(LOOPBACK),
            verify=verify,
            follow_redirects=False,
        )


def _is_header_text(text: str) -> bool:
    """Looked at here, since the HTTP library's own error would show the value, which may be a secret."""
    return text.isascii() and text.isprintable() and text == text.strip()


class AbandonedError(Exception):
    """This call was not sent (again), because another one of the job has failed for good."""


class Gate:
    """How many requests are in flight, and when the next may start."""

    def __init__(self, concurrency: int, pace: Pace) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._turn = asyncio.Lock()  # first come, first served: a large call is not overtaken by small ones for ever
        self._pace = pace

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots, for a request that no quota counts."""
        async with self._slots:
            yield

    @asynccontextmanager
    async def paced_slot(self, items: int, tokens: int, stop: asyncio.Event) -> AsyncIterator[Ticket]:
        """Hold one of the slots once the quota has room for a call of so many contents and tokens, or `stop` is set.

        What the block raises tells the pace: a `QuotaError` that passes closes it for everyone who shares it.
        """
        async with self._slots:
            async with self._turn:
                ticket = await self._admitted(self._pace.cost(items, tokens), stop)
            try:
                yield ticket
            except QuotaError as e:
                if is_used_up(e):  # a pause would not bring it back: other calls are to fail too, and not to wait
                    self._pace.failed()
                else:
                    self._pace.refused(ticket, refusal_of(e, asked_to_wait_s(e)), time.monotonic())
                raise
            except BaseException:
                self._pace.failed()
                raise
            self._pace.answered(ticket, time.monotonic())

    def counted(self, ticket: Ticket, tokens: int) -> None:
        """The service told how many tokens a call had."""
        self._pace.counted(ticket, tokens, time.monotonic())

    async def _admitted(self, cost: Cost, stop: asyncio.Event) -> Ticket:
        said = False
        while isinstance(answer := self._pace.admit(cost, time.monotonic()), float):
            if answer >= WORTH_SAYING_S and not said:
                logger.info("waiting %.1f s for the quota", answer)
                said = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), answer)
                raise AbandonedError
        return answer


@dataclass
class Learned:
    """What this address has told about itself: a smaller batch limit, and whether it knows compact JSON."""

    max_batch_items: int | None = None
    compact: bool = True


class HttpSession:
    """What requests share on the engine's loop."""

    def __init__(self, connection: Connection, options: HttpOptions, pace: Pace) -> None:
        self.client = options.client()
        self.gate = Gate(options.concurrency, pace)
        self.learned = Learned()
        self._auth = Auth(connection)
        self._options = options

    async def aclose(self) -> None:
        """Close the pool."""
        await self.client.aclose()

    async def post(self, url: str, body: bytes, *, model: str, max_reply_bytes: int) -> bytes:
        """One attempt: the body of a 200 reply, inflated. A bearer token that was refused is renewed once.

        Raises:
            ApiError: any other status.
            ConnectionFailedError: refused, dropped or timed out.
            UnreadableReplyError: compressed data that is damaged, cut short or beyond `max_reply_bytes`.
        """
        headers = await self._auth.headers()
        response, data = await self._exchange(url, body, headers, model, max_reply_bytes)
        if response.status_code == 401 and await self._auth.renew(headers):
            response, data = await self._exchange(url, body, await self._auth.headers(), model, max_reply_bytes)
        if response.status_code == 200:
            return data
        raise _refusal(response, data, model)

    async def _exchange(
        self, url: str, body: bytes, auth: Mapping[str, str], model: str, max_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        request = self._request(url, body, auth)
        try:
            async with asyncio.timeout(self._options.timeout_s):
                response = await self.client.send(request, stream=True)
                try:
                    raw = await _read_bounded(response, max_bytes)
                finally:
                    await response.aclose()
        except TimeoutError as e:
            raise ConnectionFailedError(f"no answer within timeout_s={self._options.timeout_s:g}", model=model) from e
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as e:
            raise ConfigurationError(f"the request cannot be sent: {e}") from e
        except httpx.TransportError as e:
            what = str(e) or type(e).__name__
            raise ConnectionFailedError(f"connection to {httpx.URL(url).host} failed: {what}", model=model) from e
        return response, inflate(raw, response.headers.get("content-encoding", ""), max_bytes)

    def _request(self, url: str, body: bytes, auth: Mapping[str, str]) -> httpx.Request:
        headers = httpx.Headers({"content-type": "application/json", **auth})
        headers.update(self._options.headers)  # one of each name, in whatever case the caller wrote it
        params = {"prettyPrint": "false"} if self.learned.compact else None
        return self.client.build_request("POST", url, content=body, headers=headers, params=params)


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
