"""What was sent and is not collected yet, in tables of the cache's file: a kill loses nothing, nothing is paid twice.

A row is written before its job is created (`intended`), and has the job's name afterwards (`created`). While it is in
one of these states its keys are taken: no other job may have them, in this process or another one with the same file.
`collected` and `lost` (it was never created) let them go. No text, no API key.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from gemini_embed.batch_jobs.rows import (
    COLUMNS,
    LIGHT,
    MARKS,
    JobRow,
    Outcome,
    RowState,
    row_of,
    told_outcome,
    values_of,
)
from gemini_embed.batch_jobs.tables import use, written
from gemini_embed.cache import VectorCache

__all__ = ["JobRow", "Ledger", "Outcome"]

KEYS_A_QUERY = 500
LEARNED_S = 3600.0
"""How long it is believed how many tokens the service takes."""
LEFT_S = 7 * 86_400.0
"""So long it is tried to take away what a job has left; the Developer API forgets it by itself after two days."""
T = TypeVar("T")


class Ledger:
    """The rows of one cache's file. Calls take a moment and block: from the loop they go through a thread.

    Raises:
        CacheError: of any method, when the file cannot be used; then no job is created.
    """

    def __init__(self, cache: VectorCache) -> None:
        self._cache = cache

    def intend(self, row: JobRow, owner: str, lease_s: float) -> frozenset[bytes]:
        """Write a row of state `intended` that `owner` holds, unless some of its keys are under way elsewhere: those
        are returned, and nothing is written."""

        def write(db: sqlite3.Connection) -> frozenset[bytes]:
            with db:
                db.execute("BEGIN IMMEDIATE")
                if taken := frozenset(dict(_taken(db, row.keys))):
                    return taken
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
                if taken := frozenset(dict(_taken(db, row.keys))):
                    return taken
                known = db.execute("SELECT state, keys FROM batch_jobs WHERE display_name = ?", (row.display_name,))
                if any(found != ("created", b"") for found in known):  # `note` writes such a row, which is not ours
                    return None
                db.execute(f"INSERT OR REPLACE INTO batch_jobs ({COLUMNS}) VALUES ({MARKS})", values_of(row))  # noqa: S608 - names
                _take(db, row)
            return frozenset()

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
        self._update(display_name, is_sent=0, created_at=time.time())

    def may_send(self, display_name: str, owner: str) -> bool:
        """Whether a request to create it may be sent, which is noted: `owner` still holds the row. A process that slept
        through its lease may have lost it."""

        def mark(db: sqlite3.Connection) -> bool:
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET is_sent = 1, created_at = ? "
                    "WHERE display_name = ? AND owner = ? AND state = 'intended'",
                    (time.time(), display_name, owner),
                )
            return done.rowcount == 1

        return self._use(mark, lasting=True)

    def created(self, display_name: str, name: str) -> None:
        """The service has it, by this name."""
        self._update(display_name, state="created", name=name)

    def collected(
        self, display_name: str, note: str = "", outcome: Outcome | None = None, keys: Iterable[bytes] = ()
    ) -> None:
        """Its answers are in the cache, or there is nothing more to be had of it: its keys are free. `keys` are those
        of its answers, where it was not known before what they are."""
        if found := b"".join(keys):
            self._update(display_name, keys=found)
        self._free(display_name, "collected", note, outcome)

    def lost(self, display_name: str, note: str, *, keep_refs: bool = False) -> None:
        """It was never created, or is gone: its keys are free. `keep_refs`: another job has its media."""
        if keep_refs:
            self._update(display_name, refs="[]")
        self._free(display_name, "lost", note)

    def cleared(self, display_name: str) -> None:
        """Nothing of it is left at the service."""
        self._update(display_name, input_ref=None, refs="[]", is_sent=0)

    def left_over(self, service: str, model: str) -> list[JobRow]:
        """Jobs that are over and not taken away from the service, though they should be; without their keys."""
        where = (
            "service = ? AND model = ? AND state IN ('collected', 'lost') AND created_at > ? AND "
            "(input_ref IS NOT NULL OR refs != '[]' OR (name IS NOT NULL AND is_sent))"
        )
        rows = self._rows(where, service, model, time.time() - LEFT_S, columns=LIGHT)
        return [row for row in rows if row.outcome is None or not row.outcome.kept]

    def remove(self, display_name: str) -> None:
        """Forget a row."""

        def delete(db: sqlite3.Connection) -> None:
            with db:
                db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
                db.execute("DELETE FROM batch_jobs WHERE display_name = ?", (display_name,))

        self._use(delete)

    def cached(self, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Of these keys those that have a vector by now."""
        return frozenset(self._cache.held(keys))

    def under_way(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """Of these keys those that a job under way has, and its display name."""
        wanted = tuple(keys)
        return self._use(lambda db: dict(_taken(db, wanted)))

    def get(self, display_name: str) -> JobRow | None:
        """One row, None where there is none."""
        return next(iter(self._rows("display_name = ?", display_name)), None)

    def of_run(self, of: tuple[str, str], run: str, since: float = 0.0) -> list[JobRow]:
        """The rows of a run of this service and model, in order: those under way, and those that were created `since`
        then."""
        where = "service = ? AND model = ? AND run = ? AND (created_at >= ? OR state IN ('intended', 'created'))"
        return self._rows(where, *of, run, since)

    def display_names(self) -> frozenset[str]:
        """Of all jobs that are known with their lines."""
        query = "SELECT display_name FROM batch_jobs WHERE keys != x'' OR state != 'created'"
        return frozenset(name for (name,) in self._use(lambda db: db.execute(query).fetchall()))

    def rows(self, service: str, model: str, *, under_way: bool = True, light: bool = False) -> list[JobRow]:
        """All rows of a model on a service; only those under way, unless told otherwise. `light`: without their keys
        and vectors, which are half a megabyte a job."""
        where = "service = ? AND model = ?" + (" AND state IN ('intended', 'created')" if under_way else "")
        return self._rows(where, service, model, columns=LIGHT if light else COLUMNS)

    def take(self, display_name: str, owner: str, lease_s: float) -> bool:
        """Whether `owner` holds this row now: it was free, its own, or its holder's lease was over."""

        def take(db: sqlite3.Connection) -> bool:
            now = time.time()
            with db:
                done = db.execute(
                    "UPDATE batch_jobs SET owner = ?, lease = ? "
                    "WHERE display_name = ? AND (owner IS NULL OR owner = ? OR lease < ?)",
                    (owner, now + lease_s, display_name, owner, now),
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

    def learned(self, service: str, model: str) -> int | None:
        """Enqueued tokens beyond which the service was found to refuse jobs; None when nothing is known, or not since
        `LEARNED_S`: others of the project may have filled the queue then."""
        query = "SELECT tokens FROM batch_learned WHERE service = ? AND model = ? AND at > ?"
        row = self._use(lambda db: db.execute(query, (service, model, time.time() - LEARNED_S)).fetchone())
        return None if row is None else int(row[0])

    def learn(self, service: str, model: str, tokens: int) -> None:
        """Remember how many enqueued tokens the service takes."""
        row = service, model, tokens, time.time()
        self._use(written("INSERT OR REPLACE INTO batch_learned VALUES (?, ?, ?, ?)", *row))

    def unlearn(self, service: str, model: str) -> None:
        """It takes more than was thought."""
        self._use(written("DELETE FROM batch_learned WHERE service = ? AND model = ?", service, model))

    def next_part(self, run: str) -> int:
        """The number of the next job of a run, from 0."""
        query = "SELECT coalesce(max(part) + 1, 0) FROM batch_jobs WHERE run = ?"
        return int(self._use(lambda db: db.execute(query, (run,)).fetchone())[0])

    def _rows(self, where: str, *values: object, columns: str = COLUMNS) -> list[JobRow]:
        query = f"SELECT {columns} FROM batch_jobs WHERE {where} ORDER BY run, part"  # noqa: S608 - fixed words
        return [row_of(found) for found in self._use(lambda db: db.execute(query, values).fetchall())]

    def _update(self, display_name: str, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        statement = f"UPDATE batch_jobs SET {names} WHERE display_name = ?"  # noqa: S608 - names of columns
        self._use(written(statement, *columns.values(), display_name), lasting=True)

    def _free(self, display_name: str, state: RowState, note: str, outcome: Outcome | None = None) -> None:
        columns = (state, note, told_outcome(outcome), display_name)

        def free(db: sqlite3.Connection) -> None:
            with db:
                db.execute("DELETE FROM batch_keys WHERE display_name = ?", (display_name,))
                db.execute("UPDATE batch_jobs SET state = ?, note = ?, outcome = ? WHERE display_name = ?", columns)

        self._use(free, lasting=True)

    def _use(self, work: Callable[[sqlite3.Connection], T], *, lasting: bool = False) -> T:
        return use(self._cache, work, lasting=lasting)


def _take(db: sqlite3.Connection, row: JobRow) -> None:
    db.executemany("INSERT INTO batch_keys VALUES (?, ?)", ((key, row.display_name) for key in row.keys))


def _taken(db: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    for start in range(0, len(keys), KEYS_A_QUERY):
        some = keys[start : start + KEYS_A_QUERY]
        marks = ",".join("?" * len(some))
        yield from db.execute(f"SELECT key, display_name FROM batch_keys WHERE key IN ({marks})", some)  # noqa: S608 - marks
