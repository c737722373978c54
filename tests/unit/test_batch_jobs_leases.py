"""Leases: a file that cannot be written for a while ends no work, and jobs stay whose they are after that."""

from __future__ import annotations

import asyncio
import threading

import pytest
from gemini_embed.batch_jobs import leases
from gemini_embed.batch_jobs.leases import working
from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed.errors import CacheError


class Locked(Ledger):
    """One whose file another program holds, the first time."""

    def __init__(self) -> None:
        self.extended, self.released, self.again = 0, False, threading.Event()

    def extend(self, owner: str, lease_s: float) -> None:
        self.extended += 1
        if self.extended == 1:
            raise CacheError("database is locked")
        self.again.set()

    def release(self, owner: str, display_name: str | None = None) -> None:
        self.released = True


async def test_a_locked_file_ends_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next time it is extended, and at the end it is left to others."""
    monkeypatch.setattr(leases, "LEASE_S", 0.03)
    ledger = Locked()
    async with working(ledger):
        assert await asyncio.to_thread(ledger.again.wait, 20)
    assert ledger.released
