"""What the ledger of batch jobs tells: rows, whose keys are under way, what was learned of a queue."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from gemini_embed.batch_jobs.rows import COLUMNS, LIGHT, JobRow, row_of
from gemini_embed.batch_jobs.tables import use
from gemini_embed.cache import VectorCache

KEYS_A_QUERY = 500
LEARNED_S = 3600.0
"""How long it is believed how many tokens the service takes."""
LEFT_S = 7 * 86_400.0
"""So long it is tried to take away what a job has left; the Developer API forgets it by itself after two days."""
REPLACED = """(state = 'created' AND keys = x'') OR
(state = 'lost' AND name IS NULL AND input_ref IS NULL AND refs = '[]')"""
"""Rows that a job of this name replaces: one that `note` wrote, and one that was never created and has left nothing."""
T = TypeVar("T")


class LedgerRows:
    """The part of `Ledger` that changes nothing."""

    def __init__(self, cache: VectorCache) -> None:
        self._cache = cache

    def left_over(self, service: str, model: str) -> list[JobRow]:
        """Jobs that are over and not taken away from the service, though they should be; without their keys."""
        where = (
            "service = ? AND model = ? AND state IN ('collected', 'lost') AND created_at > ? AND "
            "(input_ref IS NOT NULL OR refs != '[]' OR (name IS NOT NULL AND is_sent))"
        )
        rows = self._rows(where, service, model, time.time() - LEFT_S, columns=LIGHT)
        return [row for row in rows if row.outcome is None or not row.outcome.kept]

    def cached(self, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Of these keys those that have a vector by now."""
        return frozenset(self._cache.held(keys))

    def under_way(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """Of these keys those that a job under way has, and its display name."""
        wanted = tuple(keys)
        return self._use(lambda db: dict(taken_by(db, wanted)))

    def get(self, display_name: str) -> JobRow | None:
        """One row, None where there is none."""
        return next(iter(self._rows("display_name = ?", display_name)), None)

    def of_run(self, of: tuple[str, str], run: str, since: float = 0.0, size: int | None = None) -> list[JobRow]:
        """The rows of a run of this service and model, in order: those under way, and those that were created `since`
        then; with `size` those whose vectors have so many numbers, and those of which nobody knows."""
        where = (
            "service = ? AND model = ? AND run = ? AND (created_at >= ? OR state IN ('intended', 'created')) "
            "AND (? IS NULL OR size IS NULL OR size = ?)"
        )
        return self._rows(where, *of, run, since, size, size)

    def display_names(self) -> frozenset[str]:
        """Of all jobs that are known with their lines; a name that none was found by may be another machine's job."""
        query = f"SELECT display_name FROM batch_jobs WHERE NOT ({REPLACED})"  # noqa: S608 - fixed words
        return frozenset(name for (name,) in self._use(lambda db: db.execute(query).fetchall()))

    def rows(self, service: str, model: str, *, under_way: bool = True, light: bool = False) -> list[JobRow]:
        """All rows of a model on a service; only those under way, unless told otherwise. `light`: without their keys
        and vectors, which are half a megabyte a job."""
        where = "service = ? AND model = ?" + (" AND state IN ('intended', 'created')" if under_way else "")
        return self._rows(where, service, model, columns=LIGHT if light else COLUMNS)

    def learned(self, service: str, model: str) -> int | None:
        """Enqueued tokens beyond which the service was found to refuse jobs; None when nothing is known, or not since
        `LEARNED_S`: others of the project may have filled the queue then."""
        query = "SELECT tokens FROM batch_learned WHERE service = ? AND model = ? AND at > ?"
        row = self._use(lambda db: db.execute(query, (service, model, time.time() - LEARNED_S)).fetchone())
        return None if row is None else int(row[0])

    def next_part(self, run: str) -> int:
        """The number of the next job of a run, from 0."""
        query = "SELECT coalesce(max(part) + 1, 0) FROM batch_jobs WHERE run = ?"
        return int(self._use(lambda db: db.execute(query, (run,)).fetchone())[0])

    def _rows(self, where: str, *values: object, columns: str = COLUMNS) -> list[JobRow]:
        query = f"SELECT {columns} FROM batch_jobs WHERE {where} ORDER BY run, part"  # noqa: S608 - fixed words
        return [row_of(found) for found in self._use(lambda db: db.execute(query, values).fetchall())]

    def _use(self, work: Callable[[sqlite3.Connection], T], *, lasting: bool = False) -> T:
        return use(self._cache, work, lasting=lasting)


def taken_by(db: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    for start in range(0, len(keys), KEYS_A_QUERY):
        some = keys[start : start + KEYS_A_QUERY]
        marks = ",".join("?" * len(some))
        yield from db.execute(f"SELECT key, display_name FROM batch_keys WHERE key IN ({marks})", some)  # noqa: S608 - marks
