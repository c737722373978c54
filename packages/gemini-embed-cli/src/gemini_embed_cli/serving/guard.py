"""Who may ask a server of ours: the Host and Origin of a request are looked at, and its token.

Without the look at Host any web page could point a name of its own at 127.0.0.1 and read what is served there (DNS
rebinding); without Origin it could send requests unseen.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from gemini_embed import ConfigurationError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
LEAST_TOKEN = 16
"""Characters of a token that somebody chose."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def new_token() -> str:
    """A token that nobody guesses: 192 bits."""
    return secrets.token_urlsafe(24)


class Guard:
    """ASGI middleware: passes on what comes from a page of this server, or from a program that knows the token.

    A request must name a host that is ours (else 421), and where a browser says which page sent it, that page must be
    of this very server (403). With a token it must bring it (401): as `Authorization: Bearer`, or in a cookie, which
    `/?token=...` sets. What is refused is answered in a sentence, before anything of it is read.

    Args:
        app: what is guarded.
        bound: the host that the server listens on. Where others than this machine reach it, a token is needed.
        token: what requests must bring; None on the loopback: every program of this machine may ask.
        names: further host names that lead here, such as that of a proxy.
        cookie: the cookie's name; None: no cookies and no `?token=`, for programs alone.

    Raises:
        ConfigurationError: no token, or one that is soon guessed, where other machines reach the server.
    """

    def __init__(
        self,
        app: App,
        *,
        bound: str = "127.0.0.1",
        token: str | None = None,
        names: Iterable[str] = (),
        cookie: str | None = None,
    ) -> None:
        if token is None and not is_loopback(bound):
            raise ConfigurationError(f"other machines reach {bound}: set a token, or listen on 127.0.0.1")
        if token is not None and len(token) < LEAST_TOKEN:
            raise ConfigurationError(f"the token has {len(token)} characters: take {LEAST_TOKEN} or more")
        self._app, self._token, self._cookie = app, token, cookie
        self._any_address = not is_loopback(bound)
        own = {bound, socket.gethostname()} if self._any_address else set()
        self._names = {name.casefold() for name in {*LOOPBACK_NAMES, *names, *own}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif refused := self._refusal(scope):
            await _answer(send, *refused)
        elif (location := self._shown_token(scope)) is not None:
            await _answer(send, 303, "", location=location, **{"set-cookie": self._new_cookie(scope)})
        elif self._has_token(scope):
            await self._app(scope, receive, send)
        else:
            words = "This server needs its token: open the link that it printed when it started"
            words += ", or send it as Authorization: Bearer." if self._cookie else ": send it as Authorization: Bearer."
            await _answer(send, 401, words, **{"www-authenticate": "Bearer"})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        hosts = _all(scope, b"host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 421, "This server does not answer to that name: use the address that it printed when it started."
        origins = _all(scope, b"origin")
        foreign = any(urlsplit(origin).netloc.casefold() != hosts[0].casefold() for origin in origins)
        if foreign or not _same_site(scope):
            return 403, "A page of another site sent this request, and only pages of this server may."
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name, _ = urlsplit(f"//{host}").hostname, urlsplit(f"//{host}").port
        except ValueError:  # no port, or half a bracket
            return False
        if not name or "@" in host or "/" in host:
            return False
        address = _address(name)
        if address is None:
            return name.casefold() in self._names
        shown = f"[{address}]" if address.version == 6 else str(address)
        return self._any_address or shown in self._names  # an address that somebody asked for is no rebound name

    def _has_token(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        given = [value[7:] for value in _all(scope, b"authorization") if value[:7].casefold() == "bearer "]
        if self._cookie:
            given += [found[self._cookie].value for found in _cookies(scope) if self._cookie in found]
        return any(self._is_token(one) for one in given)

    def _shown_token(self, scope: Scope) -> str | None:
        """Where to go on from `/?token=...` with the right token: the same place without it, so that it does not stay
        in the address bar."""
        if self._token is None or self._cookie is None or scope["method"] != "GET" or scope["path"] != "/":
            return None
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [])
        return "/" if any(self._is_token(one) for one in given) else None

    def _new_cookie(self, scope: Scope) -> str:
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        return f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), (self._token or "").encode())


def _same_site(scope: Scope) -> bool:
    """Whether a browser says that a page of this server asks, or the person: a link of another site may be followed."""
    sites = _all(scope, b"sec-fetch-site")
    if all(site in ("same-origin", "none") for site in sites):
        return True
    is_link = _all(scope, b"sec-fetch-mode") == ["navigate"] and _all(scope, b"sec-fetch-dest") == ["document"]
    return is_link and scope["method"] == "GET"


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _cookies(scope: Scope) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for value in _all(scope, b"cookie"):
        try:
            found.append(SimpleCookie(value))
        except CookieError:
            continue  # of another server on this host: no token of ours in it
    return found


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


async def _answer(send: Send, status: int, words: str, **headers: str) -> None:
    body = words.encode()
    fields = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "connection": "close",  # what it sent further is not waited for
        **headers,
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
