"""So many at once, so many who wait, and nobody more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gemini_embed_cli.serving.page.limits import Refused


class Room:
    """Holds `at_once`; `waiting` more may wait, first come first served."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places, self._most, self._waiting = asyncio.Semaphore(at_once), waiting, 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for the block.

        Raises:
            Refused: 503, too many wait.
        """
        if self._waiting >= self._most:
            raise Refused(503, "Too many people search at once: try again in a moment.")
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()
