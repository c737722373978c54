"""Descriptions kept in the cache's file, in a table that is made when the first is: earlier versions of this library
open the file as before, and see nothing of it. Unlike vectors these are words."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from gemini_embed.describing.description import Description, Sentence
from gemini_embed.errors import CacheError

if TYPE_CHECKING:
    import sqlite3

    from gemini_embed.cache import VectorCache

logger = logging.getLogger(__name__)

_TABLE = """CREATE TABLE IF NOT EXISTS descriptions (
    key BLOB PRIMARY KEY, model TEXT NOT NULL, said TEXT NOT NULL, written_at REAL NOT NULL)"""
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'descriptions'"


class KeptDescriptions:
    """What was answered, by the digest of what was asked; a process without a cache keeps it for as long as it adds."""

    def __init__(self, cache: VectorCache | None, model: str) -> None:
        self._cache, self._model = cache, model
        self._known: dict[bytes, Description] = {}

    def get(self, key: bytes) -> Description | None:
        """What is kept; None: nothing. Raises CacheError: the file cannot be used."""
        if key in self._known or self._cache is None:
            return self._known.get(key)

        def read(db: sqlite3.Connection) -> str | None:
            if db.execute(_IS_THERE).fetchone() is None:
                return None
            found = db.execute("SELECT said FROM descriptions WHERE key = ?", (key,)).fetchone()
            return found[0] if found else None

        said = self._cache.use(read)
        return None if said is None else _read(said)

    def put(self, key: bytes, said: Description) -> None:
        """Keep it. Once this returns it is there after a kill, unless a warning was logged: what is paid for is used
        whatever becomes of the file."""
        self._known[key] = said
        if self._cache is None:
            return

        def write(db: sqlite3.Connection) -> None:
            with db:
                db.execute(_TABLE)
                row = key, self._model, _written(said), time.time()
                db.execute("INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?)", row)

        try:
            self._cache.use(write)
        except CacheError as error:
            logger.warning("a description is not kept: %s", error)


def _written(said: Description) -> str:
    sentences = [[one.start_s, one.end_s, one.text] for one in said.sentences]
    return json.dumps({"text": said.text, "sentences": sentences, "problem": said.problem})


def _read(text: str) -> Description:
    told = json.loads(text)
    return Description(told["text"], tuple(Sentence(*one) for one in told["sentences"]), told["problem"])
