"""What a long stream must remember of itself, without holding it in memory."""

from __future__ import annotations

import hashlib
import sqlite3


def scratch_database(schema: str) -> sqlite3.Connection:
    """A private SQLite database: in memory while it is small, in a temporary file of its own as it grows."""
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # "" is private and temporary
    db.executescript(f"PRAGMA journal_mode=OFF; {schema}; BEGIN")
    return db


def short_key(text: str) -> bytes:
    """16 bytes that stand for a text of any length."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Seen:
    """Texts seen before, however many."""

    def __init__(self) -> None:
        self._db = scratch_database("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def is_new(self, text: str) -> bool:
        """Whether this is the first time; the next time it will not be."""
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (short_key(text),)).rowcount == 1

    def close(self) -> None:
        """Forget all."""
        self._db.close()
