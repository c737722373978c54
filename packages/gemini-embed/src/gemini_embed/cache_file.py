"""The SQLite file of the cache: opened on first use, checked to be ours, shared by threads, processes and forks."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gemini_embed.errors import CacheError

T = TypeVar("T")

BUSY_TIMEOUT_S = 10.0
"""How long another process may hold the file before we go on without it."""
APPLICATION_ID = 0x67656D62
"""Marks the file as ours ("gemb"), so that another program's database is not taken for a cache."""
SCHEMA_VERSION = 1
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS vectors (
        key BLOB PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL, used_at REAL NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS vectors_by_use ON vectors (used_at)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class CacheFile:
    """One connection, used by one thread at a time. A pickle takes the path along."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._finalizer: weakref.finalize[..., CacheFile] | None = None
        _files.add(self)

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on the open file.

        Raises:
            CacheError: whatever SQLite or the file system says, with the way out.
        """
        try:
            with self._lock:
                return work(self._connected())
        except (OSError, sqlite3.Error) as e:
            raise CacheError(f"the cache {self.path} cannot be used: {e}{_advice(e, self.path)}") from e

    def close(self) -> None:
        """Close the file. It is opened again when it is used again."""
        with self._lock:
            self._disconnect()

    def __reduce__(self) -> tuple[Any, ...]:
        return CacheFile, (self.path,)

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _open(self.path)
            self._finalizer = weakref.finalize(self, _close, self._lock, self._db)
        return self._db

    def _disconnect(self) -> None:
        if self._finalizer is not None and self._db is not None:
            self._finalizer.detach()
            self._db.close()
        self._db = self._finalizer = None


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level="IMMEDIATE")
    try:
        _check_owner(db)
        _use_write_ahead_log(db)
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone()[0] < SCHEMA_VERSION:
            with db:
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA:
                    db.execute(statement)
    except BaseException:
        db.close()
        raise
    return db


def _check_owner(db: sqlite3.Connection) -> None:
    # In this order: another process may make it ours in between, tables and mark at once.
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if tables and application != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is another program's database: name another file")
    if version > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(
            f"it has version {version}, this library reads {SCHEMA_VERSION}: upgrade gemini-embed, or name another file"
        )


def _use_write_ahead_log(db: sqlite3.Connection) -> None:
    """SQLite does not wait here, as it does elsewhere, when another process is switching at the same time."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as e:
            if _code(e) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
}
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


def _code(error: BaseException | None) -> int:
    """SQLite's primary result code; the extended ones are in the higher bytes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_passing(error: BaseException | None) -> bool:
    """Whether the file may be well, and can just not be used so now: locked, read-only, or the disk is full."""
    return _code(error) in _PASSING


def _advice(error: BaseException, path: Path) -> str:
    if path.is_dir():
        return f"; it is a folder: name a file in it, such as {path / 'vectors.db'}"
    if _code(error) in _DAMAGED:
        return "; it is damaged, or no cache: delete it (its vectors would be paid for again), or name another file"
    return ""


def _close(lock: threading.Lock, db: sqlite3.Connection) -> None:
    with lock:
        db.close()


_files: weakref.WeakSet[CacheFile] = weakref.WeakSet()
_held: list[CacheFile] = []


def _before_fork() -> None:
    """SQLite's connections are not to cross a fork: they are closed, and opened again on either side when needed."""
    for file in list(_files):
        file._lock.acquire()
        _held.append(file)
        file._disconnect()


def _after_fork() -> None:
    while _held:
        _held.pop()._lock.release()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
