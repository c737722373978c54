"""Connections opened on asyncio's own transports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from ssl import SSLContext
from typing import TypeVar

P = TypeVar("P", bound=asyncio.Protocol)


async def connected(
    protocol: Callable[[], P], host: str, port: int, *, local_address: str | None = None, tls: SSLContext | None = None
) -> tuple[asyncio.Transport, P]:
    """A transport to the host and its protocol, once TLS has shaken hands where `tls` is given."""
    return await asyncio.get_running_loop().create_connection(
        protocol,
        host,
        port,
        ssl=tls,
        # A name may have addresses that lead nowhere (IPv6, often): the next is tried meanwhile.
        happy_eyeballs_delay=None if _is_address(host) else 0.25,
        local_addr=(local_address, 0) if local_address else None,
    )


@contextmanager
def renamed(timeout: type[Exception], other: type[Exception]) -> Iterator[None]:
    """Errors of sockets and loops by the names that an HTTP library gives them."""
    try:
        yield
    except TimeoutError as e:
        raise timeout(str(e)) from e
    except OSError as e:
        raise other(str(e)) from e
    except Exception as e:  # a name that cannot be looked up is a UnicodeError, and loops have errors of their own
        raise other(f"{type(e).__name__}: {e}") from e


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
