"""Bytes that may be in memory at once, for the calls of a session."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MEDIA_BYTES = 32 * 2**20
"""Of base64 that is under way at once."""
LOADED_BYTES = 48 * 2**20
"""Of media that are loaded, and wait or are under way."""


class Room:
    """So many bytes, first come, first served; one holder always may, whatever its size. On one loop."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._taken = most_bytes, 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def has(self, size_bytes: int) -> bool:
        """Whether so many can be taken at once."""
        return not self._waiting and self._fits(size_bytes)

    async def take(self, size_bytes: int) -> None:
        """Hold so many from now on, once there is room."""
        if self.has(size_bytes):
            self._taken += size_bytes
            return
        room = asyncio.get_running_loop().create_future()
        self._waiting.append((size_bytes, room))
        try:
            await room
        except asyncio.CancelledError:
            if room.done() and not room.cancelled():  # it came at the same moment
                self.give_back(size_bytes)
            raise

    def give_back(self, size_bytes: int) -> None:
        """Hold so many less; a negative number is held more, as it turned out."""
        self._taken -= size_bytes
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            wanted, room = self._waiting.popleft()
            if not room.done():  # else its caller was cancelled
                self._taken += wanted
                room.set_result(None)

    @asynccontextmanager
    async def taken(self, size_bytes: int) -> AsyncIterator[None]:
        """Hold so many while the block runs."""
        await self.take(size_bytes)
        try:
            yield
        finally:
            self.give_back(size_bytes)

    def _fits(self, size_bytes: int) -> bool:
        return not self._taken or self._taken + size_bytes <= self._most_bytes
