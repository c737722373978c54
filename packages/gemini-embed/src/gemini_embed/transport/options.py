"""How requests travel, as callers tell it: timeouts, headers, proxy, TLS, how many at once."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import getproxies

import httpx

from gemini_embed.errors import ConfigurationError
from gemini_embed.secret import Secret, without_secret_headers, without_userinfo
from gemini_embed.transport.direct import DirectTransport
from gemini_embed.transport.tls import context_for, trusting_nobody

USER_AGENT = "gemini-embed/0.1.0"
CONNECT_TIMEOUT_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
COMMON_HEADERS = {
    "Accept": "*/*",
    "accept-encoding": "gzip",
    "Connection": "keep-alive",
    "user-agent": USER_AGENT,
    "x-goog-api-client": USER_AGENT,
}
"""Of all requests; the first and the third as httpx has them."""


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
    concurrency: int = 16
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

    def context(self, base_url: str) -> ssl.SSLContext:
        """The TLS context for this address; making one may read a file."""
        return context_for(self.verify) if base_url.startswith("https://") else trusting_nobody()

    @property
    def connect_timeout_s(self) -> float:
        """Bounds opening a connection, TLS included."""
        return min(CONNECT_TIMEOUT_S, self.timeout_s)

    def goes_directly(self, url: httpx.URL) -> bool:
        """Whether no proxy stands between: none is told, and the environment has none, or it is this machine that is
        asked. What NO_PROXY excepts is for httpx to know."""
        return not self.proxy and (url.host in LOOPBACK or not {"all", url.scheme} & getproxies().keys())

    def client(self, base_url: str, context: ssl.SSLContext) -> httpx.AsyncClient:
        """A client for this address. It follows no redirect: a key never travels to another host."""
        return httpx.AsyncClient(
            headers=COMMON_HEADERS,
            timeout=httpx.Timeout(self.timeout_s, connect=self.connect_timeout_s),
            proxy=self.proxy.reveal() if self.proxy else None,
            mounts=None if self.proxy else self._direct(context),
            verify=context,
            follow_redirects=False,
        )

    def _direct(self, context: ssl.SSLContext) -> dict[str, httpx.AsyncBaseTransport]:
        """Where no proxy of the environment is asked: this machine (httpx would ask it, unless NO_PROXY), and all
        others while the environment has none for them."""
        direct = DirectTransport(context)
        here = [f"all://[{host}]" if ":" in host else f"all://{host}" for host in LOOPBACK]
        return dict.fromkeys(here if "all" in getproxies() else (*here, "all://"), direct)


def _is_header_text(text: object) -> bool:
    """Looked at here, since the HTTP library's own error would show the value, which may be a secret."""
    return type(text) is str and text.isascii() and text.isprintable() and text == text.strip()
