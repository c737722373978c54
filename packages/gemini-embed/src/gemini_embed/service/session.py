"""The sockets: one attempt of one request, and the pool, gate and token that all requests share."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import getproxies

import httpx

from gemini_embed.auth import Auth
from gemini_embed.connection import Connection
from gemini_embed.errors import ConfigurationError, ConnectionFailedError, UnreadableReplyError
from gemini_embed.gate import Gate
from gemini_embed.quota import Pace, RateLimits, shared_pace
from gemini_embed.secret import Secret, without_frames, without_secret_headers, without_userinfo
from gemini_embed.service.refusals import api_error
from gemini_embed.transport.direct import DirectTransport
from gemini_embed.transport.inflate import inflate
from gemini_embed.transport.tls import context_for, trusting_nobody

USER_AGENT = "gemini-embed/0.1.0"
CONNECT_TIMEOUT_S = 10.0
SENT_AT_ONCE_BYTES = 2**20
LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


@dataclass(frozen=True)
class HttpOptions:
    """How requests travel. `timeout_s` bounds one attempt as a whole, from connecting to the last byte.

    Headers may hold keys, and a proxy's URL a password. A pickle leaves them behind: headers whose name says so (all
    others travel, since they may steer routing or billing), and the proxy's user and password. What was left is named
    in `left_behind`, and opening a session without it is an error, as is a key that cannot be found again.
    """

    timeout_s: float = 60.0
    headers: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    proxy: Secret | None = field(default=None, repr=False)
    verify: bool | str | ssl.SSLContext = True
    concurrency: int = 8
    left_behind: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ConfigurationError now for what would fail at the first call."""
        for name, value in self.headers.items():
            if not (_is_header_text(name) and _is_header_text(value.reveal())):
                raise ConfigurationError(
                    f"headers={{{name!r}: ...}}: names and values must be ASCII str without line breaks or outer spaces"
                )
        if not isinstance(self.verify, bool | str | ssl.SSLContext):
            raise ConfigurationError(f"verify={self.verify!r} must be a bool, a CA file or an ssl.SSLContext")
        if isinstance(self.verify, str) and not Path(self.verify).is_file():
            raise ConfigurationError(f"verify={self.verify!r}: there is no such file")
        if self.proxy and not str(self.proxy.reveal()).startswith(("http://", "https://", "socks5://", "socks5h://")):
            raise ConfigurationError("proxy= must be a URL such as http://host:port")

    def __getstate__(self) -> dict[str, Any]:
        kept = without_secret_headers(self.headers)
        proxy = without_userinfo(self.proxy.reveal()) if self.proxy else None
        left = [f"headers[{name!r}]" for name in self.headers if name not in kept]
        if self.proxy and proxy != self.proxy.reveal():
            left.append("the user and password of proxy=")
        plain = {name: value.reveal() for name, value in kept.items()}
        return {**self.__dict__, "headers": plain, "proxy": proxy, "left_behind": (*self.left_behind, *left)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        headers = {name: Secret(value) for name, value in state["headers"].items()}
        proxy = Secret(state["proxy"]) if state["proxy"] else None
        self.__dict__.update(state, headers=headers, proxy=proxy)

    def __deepcopy__(self, memo: Any) -> HttpOptions:
        return self  # frozen; and a copy within the process keeps the secrets, unlike a pickle

    def require_all(self) -> None:
        """Raise ConfigurationError if a pickle has left something behind."""
        if self.left_behind:
            raise ConfigurationError(
                f"{', '.join(self.left_behind)} may be secret and did not travel with the pickle: "
                "make the object where it is used (a proxy's URL can come from HTTPS_PROXY)"
            )

    def client(self, base_url: str) -> httpx.AsyncClient:
        """A client for this address. It follows no redirect: a key never travels to another host."""
        context = context_for(self.verify) if base_url.startswith("https://") else trusting_nobody()
        return httpx.AsyncClient(
            headers={"user-agent": USER_AGENT, "x-goog-api-client": USER_AGENT, "accept-encoding": "gzip"},
            timeout=httpx.Timeout(self.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.timeout_s)),
            proxy=self.proxy.reveal() if self.proxy else None,
            mounts=None if self.proxy else self._direct(context),
            verify=context,
            follow_redirects=False,
        )

    def _direct(self, context: ssl.SSLContext) -> dict[str, httpx.AsyncBaseTransport]:
        """Where no proxy of the environment is asked: this machine (httpx would ask it, unless NO_PROXY), and all
        others while the environment has none for them."""
        direct = DirectTransport(context)
        return dict.fromkeys(LOOPBACK if "all" in getproxies() else (*LOOPBACK, "all://"), direct)


def _is_header_text(text: object) -> bool:
    """Looked at here, since the HTTP library's own error would show the value, which may be a secret."""
    return type(text) is str and text.isascii() and text.isprintable() and text == text.strip()


@dataclass
class Learned:
    """What this address has told about itself: a smaller batch limit, and whether it knows compact JSON."""

    max_batch_items: int | None = None
    compact: bool = True


class HttpSession:
    """What requests share on the engine's loop."""

    def __init__(self, connection: Connection, options: HttpOptions, pace: Pace) -> None:
        options.require_all()
        self._client = options.client(connection.base_url)
        self.gate = Gate(options.concurrency, pace)
        self.learned = Learned()
        self._auth = Auth(connection)
        self._options = options

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

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
        self, url: str, body: bytes, auth: Mapping[str, Secret], model: str, max_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        try:
            async with asyncio.timeout(self._options.timeout_s):
                response = await self._client.send(self._request(url, body, auth), stream=True)
                try:
                    raw = await _read_bounded(response, max_bytes)
                finally:
                    await response.aclose()
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
        return response, inflate(raw, response.headers.get("content-encoding", ""), max_bytes)

    def _request(self, url: str, body: bytes, auth: Mapping[str, Secret]) -> httpx.Request:
        headers = httpx.Headers({"content-type": "application/json"})
        for secrets in (auth, self._options.headers):  # one of each name, in whatever case the caller wrote it
            headers.update({name: value.reveal() for name, value in secrets.items()})
        if self.learned.compact:
            url += "&prettyPrint=false" if "?" in url else "?prettyPrint=false"
        if len(body) <= SENT_AT_ONCE_BYTES:
            return self._client.build_request("POST", url, content=body, headers=headers)
        headers["content-length"] = str(len(body))
        return self._client.build_request("POST", url, content=_slices(body), headers=headers)


def open_session(connection: Connection, options: HttpOptions, model: str, limits: RateLimits | None) -> HttpSession:
    """What requests share, at the pace that the project has for this model."""
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
