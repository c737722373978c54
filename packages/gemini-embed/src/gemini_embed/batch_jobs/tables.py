"""The tables of batch jobs in the cache's file, and how they are used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from gemini_embed.cache import VectorCache

_TABLES = (
    """CREATE TABLE IF NOT EXISTS batch_jobs (
        display_name TEXT PRIMARY KEY, run TEXT NOT NULL, part INTEGER NOT NULL, service TEXT NOT NULL,
        model TEXT NOT NULL, state TEXT NOT NULL, name TEXT, input_ref TEXT, is_sent INTEGER NOT NULL DEFAULT 0,
        keys BLOB NOT NULL, checks BLOB NOT NULL, likely TEXT NOT NULL, usd REAL NOT NULL, attempt INTEGER NOT NULL,
        refs TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL,
        owner TEXT, lease REAL, size INTEGER)""",
    "CREATE INDEX IF NOT EXISTS batch_jobs_by_run ON batch_jobs (run, part)",
    "CREATE TABLE IF NOT EXISTS batch_keys (key BLOB PRIMARY KEY, display_name TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS batch_keys_by_job ON batch_keys (display_name)",
    """CREATE TABLE IF NOT EXISTS batch_learned (
        service TEXT, model TEXT, tokens INTEGER, at REAL, PRIMARY KEY (service, model))""",
    """CREATE TABLE IF NOT EXISTS batch_runs (
        service TEXT, model TEXT, run TEXT, at REAL NOT NULL, PRIMARY KEY (service, model, run))""",
    """CREATE TABLE IF NOT EXISTS batch_shared (
        service TEXT, model TEXT, run TEXT, display_name TEXT, PRIMARY KEY (service, model, run, display_name))""",
)
_HAS_SIZE = "SELECT 1 FROM pragma_table_info('batch_jobs') WHERE name = 'size'"
T = TypeVar("T")


def use(cache: VectorCache, work: Callable[[sqlite3.Connection], T], *, lasting: bool = False) -> T:
    """`work` on the open file, which has the tables. `lasting`: it is there after a power cut too, since money hangs on
    it. Raises CacheError: the file cannot be used."""

    def used(db: sqlite3.Connection) -> T:
        for statement in _TABLES:
            db.execute(statement)
        _add_size(db)
        if not lasting:
            return work(db)
        db.execute("PRAGMA synchronous = FULL")
        try:
            return work(db)
        finally:
            db.execute("PRAGMA synchronous = NORMAL")

    return cache.use(used)


def _add_size(db: sqlite3.Connection) -> None:
    """A file of an earlier version has no such column; those versions name the columns that they read and write, so
    they go on with it, and what they write has no size."""
    if db.execute(_HAS_SIZE).fetchone():
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        if not db.execute(_HAS_SIZE).fetchone():  # by another process, meanwhile
            db.execute("ALTER TABLE batch_jobs ADD COLUMN size INTEGER")


def written(statement: str, *values: object) -> Callable[[sqlite3.Connection], None]:
    """One statement in a transaction of its own, for `use`."""

    def write(db: sqlite3.Connection) -> None:
        with db:
            db.execute(statement, values)

    return write
