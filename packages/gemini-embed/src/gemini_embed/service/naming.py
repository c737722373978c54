"""Which service makes the vectors: Google's, an emulator, or another one. Vectors of different services never meet.

Google's own addresses say it by themselves, and so do those that begin with https. At an http address an emulator may
listen, on any port: the address is asked once, without a key, before the first vector of it is kept or looked for.
"""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gemini_embed.errors import ConfigurationError
from gemini_embed.models import EMULATOR, GOOGLE

_ANSWERS_WITHIN_S = 2.0
_EMULATOR_SIGN = "gemini-embed-emulator"
"""How the emulator's `server` header begins, in all of its answers."""


class ServiceName:
    """The name of the service at `base_url`: as the caller `told` it, else found out when it is first wanted."""

    def __init__(self, base_url: str, told: Any = None) -> None:
        if told is not None and not (
            isinstance(told, str) and told.strip() and told.strip() == told and told.isprintable()
        ):
            raise ConfigurationError(f"service={told!r} must be a name, such as 'google' or 'emulator'")
        self._address = urlsplit(base_url)
        self._told = told
        self._found = told or _named(self._address)

    @property
    def told(self) -> str | None:
        """As the caller told it."""
        return str(self._told) if self._told else None

    def get(self) -> str:
        """ "google", "emulator", or host, port and path of another. The first time it may wait for the address to
        answer, for 2 s at most."""
        if self._found is None:
            answering = _answering(self._address)
            if answering is None and _is_here(self._address):
                return EMULATOR  # which is not started yet, most likely; the next time it is asked again
            self._found = answering or _place(self._address)
        return self._found

    def __getstate__(self) -> dict[str, Any]:
        """Not what was found out: elsewhere another service may have this address."""
        return {"_address": self._address, "_told": self._told, "_found": self._told or _named(self._address)}


def is_googles(address: SplitResult) -> bool:
    """Whether it is one of Google's."""
    return (address.hostname or "").endswith(".googleapis.com")


def _named(address: SplitResult) -> str | None:
    """The name, where the address alone tells it."""
    if is_googles(address):
        return GOOGLE
    return _place(address) if address.scheme == "https" else None


def _place(address: SplitResult) -> str:
    return f"{address.netloc.lower()}{address.path.rstrip('/')}"


def _is_here(address: SplitResult) -> bool:
    host = address.hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _answering(address: SplitResult) -> str | None:
    """The name of who answers at an address; None where nobody does."""
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/__emulator__/health")
        server = connection.getresponse().getheader("server") or ""
    except http.client.HTTPException:
        return _place(address)
    except (OSError, UnicodeError):  # refused, no such host, no answer in time
        return None
    finally:
        connection.close()
    return EMULATOR if server.startswith(_EMULATOR_SIGN) else _place(address)
