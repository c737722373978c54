"""What was sent and is not collected yet, in tables of the cache's file: a kill loses nothing, nothing is paid twice.

A row is written before its job is created (`intended`), and has the job's name afterwards (`created`). While it is in
one of these states its keys are taken: no other job may have them, in this process or another one with the same file.
`collected` and `lost` (it was never created) let them go. No text, no API key.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace

from gemini_embed.batch_jobs.ledger_rows import REPLACED, LedgerRows, taken_by
from gemini_embed.batch_jobs.rows import COLUMNS, MARKS, JobRow, Outcome, told_outcome, values_of
from gemini_embed.batch_jobs.tables import written

__all__ = ["JobRow", "Ledger", "Outcome"]

FAR_S = 120.0
"""A lease that would last for longer than this was told before a clock was put back; it is over."""
_SHARED_TOO = """
INSERT OR IGNORE INTO batch_shared
SELECT service, model, run, ? FROM batch_shared WHERE service = ? AND model = ? AND display_name = ?
"""


class Ledger(LedgerRows):
    """The rows of one cache's file. Calls take a moment and block: from the loop they go through a thread.

    Raises:
        CacheError: of any method, when the file cannot be used; then no job is created.
    """

    def intend(self, row: JobRow, owner: str, lease_s: float) -> frozenset[bytes] | None:
        """Write a row of state `intended` that `owner` holds, unless some of its keys are under way elsewhere: those
        are returned, and nothing is written. None, and nothing is written: another process has used its name."""

        def write(db: sqlite3.Connection) -> frozenset[bytes] | None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                if taken := frozenset(dict(taken_by(db, row.keys))):
                    return taken
                if db.execute("SELECT 1 FROM batch_jobs WHERE display_name = ?", (row.display_name,)).fetchone():
                    return None
                values = (*values_of(row), owner, time.time() + lease_s)
                marks = ",".join("?" * len(values))
                db.execute(f"INSERT INTO batch_jobs ({COLUMNS}, owner, lease) VALUES ({marks})", values)  # noqa: S608 - names
                _take(db, row)
            return frozenset()

        return self._use(write, lasting=True)

    def adopt(self, row: JobRow) -> frozenset[bytes] | None:
        """Write a row of a job that another ledger has created, which nobody holds, unless some of its keys are under
        way elsewhere: those are returned. None, and nothing is written: the job is known here already."""

        def write(db: sqlite3.Connection) -> frozenset[bytes] | None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                if taken := frozenset(dict(taken_by(db, row.keys))):
                    return taken
                known = f"SELECT 1 FROM batch_jobs WHERE display_name = ? AND NOT ({REPLACED})"  # noqa: S608 - fixed words
                if db.execute(known, (row.display_name,)).fetchone():
                    return None
                db.execute(f"INSERT OR REPLACE INTO batch_jobs ({COLUMNS}) VALUES ({MARKS})", values_of(row))  # noqa: S608 - names
                _take(db, row)
            return frozenset()

        return self._use(write, lasting=True)

    def exchange(self, row: JobRow, other: JobRow) -> JobRow | None:
        """`other`, a job that another ledger has created, brings what that of `row` would have, in one step: the latter
        is to be cancelled and taken away, and is given as it is kept for that, by a name that no job has. Its run, and
        all that share it, share the other from now on. None, and nothing is written: `other` is known here already, or
        `row` is not `created` any more."""
        gone = replace(
            row, display_name=f"{row.display_name} {row.name}", state="lost", note="another job has its lines"
        )

        def write(db: sqlite3.Connection) -> JobRow | None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                known = db.execute("SELECT 1 FROM batch_jobs WHERE display_name = ?", (other.display_name,)).fetchone()
                if known and other.display_name != row.display_name:
                    return None
                done = db.execute(
                    "UPDATE batch_jobs SET display_name = ?, state = 'lost', note = ? "
                    "WHERE display_name = ? AND name = ? AND state = 'created'",
                    (gone.display_name, gone.note, row.display_name, row.name),
                )
                if not done.rowcount:
                    return None
                db.execute("DELETE FROM batch_keys WHERE display_name = ?", (row.display_name,))
                db.execute(f"INSERT INTO batch_jobs ({COLUMNS}) VALUES ({MARKS})", values_of(other))  # noqa: S608 - names
                _take(db, other)
                of = row.service, row.model
                db.execute(_SHARED_TOO, (other.display_name, *of, row.display_name))
                db.execute("INSERT OR IGNORE INTO batch_shared VALUES (?, ?, ?, ?)", (*of, row.run, other.display_name))
            return gone

        return self._use(write, lasting=True)

    def note(self, row: JobRow) -> None:
        """Write a row that nobody holds, unless it is there."""
        statement = f"INSERT OR IGNORE INTO batch_jobs ({COLUMNS}) VALUES ({MARKS})"  # noqa: S608 - names
        self._use(written(statement, *values_of(row)))

    def uploaded(self, display_name: str, input_ref: str) -> None:
        """Its input file is there."""
        self._update(display_name, input_ref=input_ref)

    def refused(self, display_name: str) -> None:
        """The request was refused, so nothing was created."""
        statement = "UPDATE batch_jobs SET is_sent = 0, created_at = ? WHERE display_name = ? AND state = 'intended'"
        self._use(written(statement, time.time(), display_name), lasting=True)

    def unanswered(self, display_name: str) -> None:
        """No answer came, for as long as was waited for one: whoever looks for the job does so from now on."""
        statement = "UPDATE batch_jobs SET created_at = ? WHERE display_name = ? AND state = 'intended'"
        self._use(written(statement, time.time(), display_name), lasting=True)

    def may_send(self, display_name: str, owner: str, lease_s: float) -> bool:
        """Whether a request to create it may be sent, which is noted: `owner` still holds the row, and does so for so
        many seconds more. A process that slept through its lease may have lost it."""

        def mark(db: sqlite3.Connection) -> bool:
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET is_sent = 1, created_at = ?, lease = ? "
                    "WHERE display_name = ? AND owner = ? AND state = 'intended'",
                    (time.time(), time.time() + lease_s, display_name, owner),
                )
            return done.rowcount == 1

        return self._use(mark, lasting=True)

    def created(self, display_name: str, name: str) -> bool:
        """The service has it, by this name. False, and nothing is written: another process has found that it never was,
        and its keys may be in another job by now."""

        def mark(db: sqlite3.Connection) -> bool:
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET state = 'created', name = ? WHERE display_name = ? AND state = 'intended'",
                    (name, display_name),
                )
                if done.rowcount:
                    return True
                known = db.execute("SELECT 1 FROM batch_jobs WHERE display_name = ? AND name = ?", (display_name, name))
                return known.fetchone() is not None

        return self._use(mark, lasting=True)

    def collected(
        self, display_name: str, note: str = "", outcome: Outcome | None = None, keys: Iterable[bytes] = ()
    ) -> bool:
        """Its answers are in the cache, or there is nothing more to be had of it: its keys are free. `keys` are those
        of its answers, where it was not known before what they are. False, and nothing is written: that was so."""
        columns = (note, told_outcome(outcome), b"".join(keys), display_name)

        def free(db: sqlite3.Connection) -> bool:
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET state = 'collected', note = ?, outcome = ?, "
                    "keys = CASE WHEN keys = x'' THEN ? ELSE keys END "
                    "WHERE display_name = ? AND state IN ('intended', 'created')",
                    columns,
                )
                if done.rowcount:
                    db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
            return done.rowcount == 1

        return self._use(free, lasting=True)

    def given_up(self, display_name: str, note: str, *, keep_refs: bool = False) -> bool:
        """It was never created: its keys are free. `keep_refs`: another job has its media. False, and nothing is
        written: it is not intended any more, as another process knows better."""

        def free(db: sqlite3.Connection) -> bool:
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET state = 'lost', note = ?, refs = CASE WHEN ? THEN '[]' ELSE refs END "
                    "WHERE display_name = ? AND state = 'intended'",
                    (note, keep_refs, display_name),
                )
                if done.rowcount:
                    db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
            return done.rowcount == 1

        return self._use(free, lasting=True)

    def lost(self, display_name: str, note: str) -> None:
        """It is gone, whatever it was: its keys are free."""

        def free(db: sqlite3.Connection) -> None:
            with db:
                db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
                db.execute(
                    "UPDATE batch_jobs SET state = 'lost', note = ? WHERE display_name = ?", (note, display_name)
                )

        self._use(free, lasting=True)

    def unwanted(self, display_name: str, name: str) -> None:
        """The service has it after all, by this name, though it was given up; it is to be taken away."""
        self._update(display_name, name=name, is_sent=1)

    def cleared(self, display_name: str) -> None:
        """Nothing of it is left at the service."""
        self._update(display_name, input_ref=None, refs="[]", is_sent=0)

    def remove(self, display_name: str) -> None:
        """Forget a row."""

        def delete(db: sqlite3.Connection) -> None:
            with db:
                db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
                db.execute("DELETE FROM batch_jobs WHERE display_name = ?", (display_name,))

        self._use(delete)

    def take(self, display_name: str, owner: str, lease_s: float) -> bool:
        """Whether `owner` holds this row now: it was free, its own, or its holder's lease was over."""

        def take(db: sqlite3.Connection) -> bool:
            now = time.time()
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET owner = ?, lease = ? "
                    "WHERE display_name = ? AND (owner IS NULL OR owner = ? OR lease < ? OR lease > ?)",
                    (owner, now + lease_s, display_name, owner, now, now + FAR_S),
                )
            return done.rowcount == 1

        return self._use(take)

    def extend(self, owner: str, lease_s: float) -> None:
        """All rows that `owner` holds are its for so many seconds from now."""
        self._use(written("UPDATE batch_jobs SET lease = ? WHERE owner = ?", time.time() + lease_s, owner))

    def release(self, owner: str, display_name: str | None = None) -> None:
        """`owner` holds this row no more, or none at all."""
        where, more = ("", ()) if display_name is None else (" AND display_name = ?", (display_name,))
        self._use(written(f"UPDATE batch_jobs SET owner = NULL, lease = NULL WHERE owner = ?{where}", owner, *more))  # noqa: S608 - fixed words

    def learn(self, service: str, model: str, tokens: int) -> None:
        """Remember how many enqueued tokens the service takes."""
        row = service, model, tokens, time.time()
        self._use(written("INSERT OR REPLACE INTO batch_learned VALUES (?, ?, ?, ?)", *row))

    def unlearn(self, service: str, model: str) -> None:
        """It takes more than was thought."""
        self._use(written("DELETE FROM batch_learned WHERE service = ? AND model = ?", service, model))

    def _update(self, display_name: str, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE batch_jobs SET {names} WHERE display_name = ?"  # noqa: S608 - names of columns
        self._use(written(statement, *columns.values(), display_name), lasting=True)


def _take(db: sqlite3.Connection, row: JobRow) -> None:
    db.executemany("INSERT INTO batch_keys VALUES (?, ?)", ((key, row.display_name) for key in row.keys))
