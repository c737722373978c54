"""Names of runs, in the cache's file: when each began, and which jobs of other runs bring its vectors.

What is in a job under way is not put into another one, so a run may have no job of its own; its name is known all the
same. And a name that is used again, every night, is a run of its own each time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from gemini_embed.batch_jobs.tables import use, written
from gemini_embed.cache import VectorCache

KNOWN_S = 2 * 86_400.0
"""So long a run is known that has no job under way; the service keeps answers for as long."""
_OF = "service = ? AND model = ? AND run = ?"
_UNDER_WAY = """
SELECT 1 FROM batch_jobs WHERE state IN ('intended', 'created') AND service = ? AND model = ? AND (run = ? OR
display_name IN (SELECT display_name FROM batch_shared WHERE service = ? AND model = ? AND run = ?))
"""


class RunNames:
    """The runs of one model on one service (`of`), as one cache's file knows them. Calls block.

    Raises:
        CacheError: of any method, when the file cannot be used.
    """

    def __init__(self, cache: VectorCache, of: tuple[str, str]) -> None:
        self._cache, self._of = cache, of

    def begin(self, run: str) -> None:
        """Something is submitted by this name: a new run, unless jobs of one are under way, which then goes on."""
        of = (*self._of, run)

        def note(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                if db.execute(_UNDER_WAY, (*of, *of)).fetchone():
                    db.execute("INSERT OR IGNORE INTO batch_runs VALUES (?, ?, ?, 0)", of)
                else:
                    db.execute("INSERT OR REPLACE INTO batch_runs VALUES (?, ?, ?, ?)", (*of, time.time()))
                    db.execute(f"DELETE FROM batch_shared WHERE {_OF}", of)  # noqa: S608 - fixed words

        use(self._cache, note)

    def share(self, run: str, display_names: Iterable[str]) -> None:
        """These jobs bring vectors of the run, whosever they are."""
        rows = [(*self._of, run, display_name) for display_name in display_names]

        def note(db: sqlite3.Connection) -> None:
            with db:
                db.executemany("INSERT OR IGNORE INTO batch_shared VALUES (?, ?, ?, ?)", rows)

        if rows:
            use(self._cache, note)

    def shared(self, run: str) -> list[str]:
        """Display names of such jobs."""
        query = f"SELECT display_name FROM batch_shared WHERE {_OF}"  # noqa: S608 - fixed words
        return [name for (name,) in use(self._cache, lambda db: db.execute(query, (*self._of, run)).fetchall())]

    def began_at(self, run: str) -> float:
        """When the run began, in seconds since 1970; jobs that were over before are of an earlier one of its name. 0
        where nobody knows."""
        query = f"SELECT at FROM batch_runs WHERE {_OF}"  # noqa: S608 - fixed words
        found = use(self._cache, lambda db: db.execute(query, (*self._of, run)).fetchone())
        return float(found[0]) if found else 0.0

    def recent(self) -> dict[str, float]:
        """Runs that began within `KNOWN_S`, and when."""
        query = "SELECT run, at FROM batch_runs WHERE service = ? AND model = ? AND at > ?"
        since = time.time() - KNOWN_S
        return dict(use(self._cache, lambda db: db.execute(query, (*self._of, since)).fetchall()))

    def forget(self, run: str) -> None:
        """It is deleted."""
        for table in ("batch_runs", "batch_shared"):
            use(self._cache, written(f"DELETE FROM {table} WHERE {_OF}", *self._of, run))  # noqa: S608 - fixed words
