"""A broker in an SQLite file: for workers that are processes of one machine."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from gemini_embed.checks import positive_number, whole
from gemini_embed.errors import ConfigurationError
from gemini_embed.quota import QuotaShares, RateLimits

_SCHEMA = "CREATE TABLE IF NOT EXISTS shares (name TEXT PRIMARY KEY, state TEXT NOT NULL)"


class FileBroker:
    """Shares a quota among the processes of a machine, by a small file that all of them open.

    A beat takes about a millisecond, and no call waits for one. The share of a worker that died is the others' after
    three beats. Pickles; nothing is opened before the first beat.

    Args:
        path: of the file, made when it is not there. Not on a disk of the network, where SQLite's locks may not hold.
        limits: of the project for the model, as `RateLimits` or a tier's name.
        workers: how many are expected: until they have come, or for a minute, none is given more than it will keep.
        name: of the quota, where several share the file, such as the project's.
        beat_s: seconds between two beats of a worker.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: RateLimits | str,
        *,
        workers: int = 1,
        name: str = "quota",
        beat_s: float = 1.0,
    ) -> None:
        told = RateLimits.of(limits)
        if told is None:
            raise ConfigurationError("limits=None: a quota that is not known cannot be shared; workers learn it alone")
        self.path, self.name = os.path.abspath(path), name
        self.limits, self.workers = told, whole("workers", workers) or 1
        self.beat_s = positive_number("beat_s", beat_s)

    def beat(self, worker: str, refusals: int) -> RateLimits:
        """See `Broker.beat`."""
        with self._shares() as shares:
            return shares.beat(worker, refusals, time.time())

    def leave(self, worker: str) -> None:
        """See `Broker.leave`."""
        with self._shares() as shares:
            shares.leave(worker)

    def at_work(self) -> int:
        """How many workers are."""
        with self._shares() as shares:
            return shares.at_work(time.time())

    @contextmanager
    def _shares(self) -> Iterator[QuotaShares]:
        """As the file has them, and written back."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as db:
            db.execute(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            found = db.execute("SELECT state FROM shares WHERE name = ?", (self.name,)).fetchone()
            shares = QuotaShares.of(json.loads(found[0])) if found else QuotaShares(self.limits, self.workers)
            shares.limits, shares.workers, shares.beat_s = self.limits, self.workers, self.beat_s
            yield shares
            db.execute("INSERT OR REPLACE INTO shares VALUES (?, ?)", (self.name, json.dumps(shares.state())))
            db.execute("COMMIT")
