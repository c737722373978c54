"""One attempt of one request, and what all requests share: the client, the gate, the token."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from gemini_embed.errors import ConfigurationError, ConnectionFailedError, ReplyError
from gemini_embed.quota import Gate, Pace, RateLimits, pacific, shared_pace
from gemini_embed.secret import Secret, without_frames
from gemini_embed.service.auth import Auth
from gemini_embed.service.connection import Connection
from gemini_embed.service.naming import is_googles
from gemini_embed.service.refusals import api_error
from gemini_embed.transport import Answer, HttpOptions, Sender, inflate
from gemini_embed.transport.incoming import Incoming
from gemini_embed.transport.sending import whole_answer

_JSON = {"content-type": "application/json"}


@dataclass
class Learned:
    """What this address has told about itself: a smaller batch limit, and whether it knows compact JSON."""

    max_batch_items: int | None = None
    compact: bool = True


class HttpSession:
    """What requests share on the engine's loop."""

    def __init__(self, connection: Connection, options: HttpOptions, pace: Pace) -> None:
        options.require_all()
        self._base_url = connection.base_url
        self._context = options.context(connection.base_url)
        self._sender: Sender | None = None
        self.gate = Gate(options.concurrency, pace)
        self.learned = Learned()
        self._auth = Auth(connection)
        self._options = options

    async def rest(self) -> None:
        """Close all connections; the next request opens one."""
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.aclose()

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
        told = {**(_JSON if body else {}), **(headers or {})}
        exchange = partial(self._exchange, method, url, body, told, model=model, max_bytes=max_reply_bytes)
        auth = await self._auth.headers()
        answer = await exchange(auth)
        if answer.status_code == 401 and await self._auth.renew(auth):
            answer = await exchange(await self._auth.headers())
        if answer.status_code in accepts:
            return answer
        raise _refusal(answer, model)

    async def stream(self, url: str, *, model: str, start: int = 0) -> AsyncGenerator[bytes, None]:
        """The body of a 200 reply to GET as it comes in, from byte `start` on; `timeout_s` holds for each wait. A token
        that was refused is renewed once, as `post` does.

        Raises:
            ApiError: any other status.
            ConnectionFailedError: refused, dropped or timed out; what came before it is whole.
        """
        told = {"accept-encoding": "identity"}  # so that bytes can be counted, and gone on from
        if start:
            told["range"] = f"bytes={start}-"

        def sent(auth: Mapping[str, Secret]) -> AbstractAsyncContextManager[Incoming]:
            return self._opened().streamed(url, {**self._headers(url, {}, auth), **told})

        auth = await self._auth.headers()
        with self._errors(url, model):
            async with AsyncExitStack() as replies:
                reply = await replies.enter_async_context(sent(auth))
                if reply.status_code == 401 and await self._auth.renew(auth):
                    await replies.aclose()
                    reply = await replies.enter_async_context(sent(await self._auth.headers()))
                if reply.status_code not in (200, 206):
                    raise _refusal(await whole_answer(reply, 2**20), model)
                if (encoding := dict(reply.headers).get(b"content-encoding", b"identity")) not in (b"", b"identity"):
                    raise ReplyError(f"the body is encoded ({encoding.decode('latin-1')}), which was not asked for")
                unwanted = start if reply.status_code == 200 else 0  # of a server that sends all of it again
                async for chunk in reply.pieces:
                    if wanted := chunk[unwanted:]:
                        yield wanted
                    unwanted -= min(unwanted, len(chunk))

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes,
        told: Mapping[str, str],
        auth: Mapping[str, Secret],
        *,
        model: str,
        max_bytes: int,
    ) -> Answer:
        """A reply, its body inflated."""
        if self.learned.compact:
            url += "&prettyPrint=false" if "?" in url else "?prettyPrint=false"
        with self._errors(url, model):
            async with asyncio.timeout(self._options.timeout_s):  # the key is in no variable of this frame
                answer = await self._opened().send(method, url, self._headers(url, told, auth), body, max_bytes)
        return replace(answer, body=inflate(answer.body, answer.header("content-encoding"), max_bytes))

    def _opened(self) -> Sender:
        self._sender = self._sender or Sender(self._options, self._base_url, self._context)
        return self._sender

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

    def _headers(self, url: str, told: Mapping[str, str], auth: Mapping[str, Secret]) -> dict[str, str]:
        """What is told, the token, and the caller's own headers: one of each name, in whatever case it is written, the
        last. The caller's, which a proxy's key may be among, go to no host but `base_url`'s, or from one of Google's to
        another."""
        own = self._options.headers if _are_of_one(url, self._base_url) else {}
        named = {name.lower(): (name, value) for name, value in told.items()}
        for secrets in (auth, own):
            named |= {name.lower(): (name, value.reveal()) for name, value in secrets.items()}
        return dict(named.values())


def _are_of_one(one: str, other: str) -> bool:
    """Whether two addresses are of one host, or both of Google."""
    if one.startswith(f"{other}/"):  # nearly always
        return True
    here, there = urlsplit(one), urlsplit(other)
    return here.netloc == there.netloc or (is_googles(here) and is_googles(there))


def open_session(connection: Connection, options: HttpOptions, model: str, limits: RateLimits | None) -> HttpSession:
    """What requests share, at the pace that the project has for this model. An unpickled connection has no key yet."""
    connection = connection.with_key_from_environment()
    pacific()  # reads files: here no loop runs yet
    pace = shared_pace(connection.project_key, model)
    if limits:
        pace.tell(limits, time.monotonic())
    return HttpSession(connection, options, pace)


def _refusal(answer: Answer, model: str) -> Exception:
    try:
        body: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, list) and len(body) == 1:  # some Google front ends wrap an error in a list
        (body,) = body
    text = answer.body[:200].decode(errors="replace")
    if 300 <= answer.status_code < 400:
        text = f"redirected to {httpx.URL(answer.header('location')).host or 'another address'}; not followed"
    return api_error(
        answer.status_code,
        body,
        model=model,
        retry_after=answer.header("retry-after") or None,
        text=text,
    )
