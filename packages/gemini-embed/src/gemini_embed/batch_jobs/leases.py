"""Who works on which job: of several processes and threads with one ledger, one at a time, for as long as it lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from secrets import token_hex

from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.errors import CacheError

logger = logging.getLogger(__name__)


class TakenOverError(Exception):
    """Another worker has the row: this one has slept through its lease."""


LEASE_S = 30.0
"""How long a job is left alone after the process that worked on it was killed."""


class Lease:
    """One worker's hold on rows of the ledger, see `working`."""

    def __init__(self, ledger: Ledger) -> None:
        self.owner = token_hex(8)
        self._ledger = ledger

    async def intend(self, row: JobRow) -> frozenset[bytes] | None:
        """`Ledger.intend`, as this worker's."""
        return await asyncio.to_thread(self._ledger.intend, row, self.owner, LEASE_S)

    async def take(self, display_name: str) -> bool:
        """Whether this worker holds the row now; another one may."""
        return await asyncio.to_thread(self._ledger.take, display_name, self.owner, LEASE_S)

    async def send(self, display_name: str) -> None:
        """Note that a request is sent now that may create the job. TakenOverError: it is not this worker's any more."""
        if not await asyncio.to_thread(self._ledger.may_send, display_name, self.owner, LEASE_S):
            raise TakenOverError(display_name)

    async def release(self, display_name: str | None = None) -> None:
        """Leave a row, or all of them, to others."""
        await asyncio.to_thread(self._ledger.release, self.owner, display_name)


@asynccontextmanager
async def working(ledger: Ledger) -> AsyncIterator[Lease]:
    """A worker: what it takes stays its while the block runs, and is free after it."""
    lease = Lease(ledger)
    extending = asyncio.create_task(_extend(ledger, lease.owner))
    try:
        yield lease
    finally:
        extending.cancel()
        with suppress(asyncio.CancelledError):
            await extending
        await lease.release()


async def _extend(ledger: Ledger, owner: str) -> None:
    while True:
        await asyncio.sleep(LEASE_S / 3)
        try:
            await asyncio.to_thread(ledger.extend, owner, LEASE_S)
        except CacheError as e:  # locked, or a full disk; the work itself says so where it matters
            logger.warning("jobs may be taken over by other processes: %s", e)
