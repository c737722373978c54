"""HTTP clients, one per request in flight.

httpcore looks at all idle connections of a pool several times a request, and offers one of them to all who wait. A
pool of one connection saves that: a seventh of the CPU of 2,000 texts at 768 dimensions and 16 requests in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class ClientPool:
    """Lends a client to one request at a time; the one used last goes first, so that its connection is still open."""

    def __init__(self, new_client: Callable[[], httpx.AsyncClient]) -> None:
        self._new_client = new_client
        self._all: list[httpx.AsyncClient] = []
        self._free: list[httpx.AsyncClient] = []

    @contextmanager
    def lent(self) -> Iterator[httpx.AsyncClient]:
        """A client that nobody else uses inside the block."""
        client = self._free.pop() if self._free else self._added()
        try:
            yield client
        finally:
            self._free.append(client)

    def _added(self) -> httpx.AsyncClient:
        client = self._new_client()
        self._all.append(client)
        return client

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._all:
            await client.aclose()
