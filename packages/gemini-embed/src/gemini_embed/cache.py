"""Finished vectors kept on disk, in one SQLite file that several threads and processes may share.

What is written is there after a kill of the process (write-ahead log). A cache that cannot be written, because the disk
is full or another process holds the file, never costs the vectors that its caller has: that is logged, once.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gemini_embed.cache_file import CacheFile, is_passing
from gemini_embed.errors import CacheError, ConfigurationError

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE_S = 60.0
"""How long the file is left alone after it could not be used, so that a full disk or a lock costs its wait once."""
DAY_S = 86_400.0
KEYS_A_QUERY = 500
"""SQLite takes a bounded number of parameters in one statement."""

_DELETE_BEYOND = """
DELETE FROM vectors WHERE key IN (
    SELECT key FROM (SELECT key, sum(length(vector) + 100) OVER (ORDER BY used_at DESC, key) AS upto FROM vectors)
    WHERE upto > ?
)
"""


class VectorCache:
    """Vectors on disk, found again by what made them: content as it was sent, model, size or a larger one, service.

    Embedders and processes may share a file. It is made on first use, with its folder; "~" is understood. It belongs on
    a local disk: SQLite's write-ahead log does not work on network file systems. No key or credential is in it, and no
    text but what a `GeminiDescriber` writes: only hashes, vectors and the names of models.

    Raises:
        CacheError: on use, when the file is damaged, another program's, or cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = CacheFile(Path(path).expanduser().absolute())  # a later change of directory changes nothing
        self._warned = False
        self._back_at: dict[str, float] = {}

    @classmethod
    def of(cls, cache: Any) -> VectorCache | None:
        """A cache as users name it: a path, a `VectorCache`, or None. ConfigurationError for anything else."""
        if cache is None or isinstance(cache, VectorCache):
            return cache
        if not isinstance(cache, str | os.PathLike) or not os.fspath(cache):
            raise ConfigurationError(f"cache={cache!r} must be the path of a file, or a VectorCache")
        return cls(cache)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are there, float32, by key. Their use is noted, to the day."""
        found: dict[bytes, NDArray[np.float32]] = {}
        stale: list[bytes] = []
        now = time.time()

        def read(db: sqlite3.Connection) -> None:
            for some in _slices(keys):
                query = f"SELECT key, vector, used_at FROM vectors WHERE key IN ({_marks(some)})"  # noqa: S608  # marks
                for key, vector, used_at in db.execute(query, some):
                    found[key] = np.frombuffer(vector, dtype="<f4")
                    if used_at < now - DAY_S:
                        stale.append(key)

        def touch(db: sqlite3.Connection) -> None:
            for some in _slices(stale):
                statement = f"UPDATE vectors SET used_at = ? WHERE key IN ({_marks(some)})"  # noqa: S608  # marks
                with db:
                    db.execute(statement, (now, *some))

        self._tried(read, "read")
        if stale:
            self._tried(touch, "written")
        return found

    def put(self, model: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors. Once this returns they are there after a kill, unless a warning was logged."""
        try:
            self._tried(_insertion(model, vectors), "written")
        except CacheError as e:  # the caller has the vectors, and is to keep them
            self._log(f"the vectors of this call are not kept: {e}")

    def write(self, model: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors that exist nowhere else: once this returns they are there after a kill.

        Raises:
            CacheError: they are not, for whatever reason.
        """
        self._file.use(_insertion(model, vectors))

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on the open file, for what is kept beside the vectors. Raises CacheError: it cannot be used."""
        return self._file.use(work)

    def held(self, keys: Sequence[bytes]) -> set[bytes]:
        """Which of these keys have a vector, at any size, without reading it.

        Raises:
            CacheError: the file cannot be used.
        """

        def read(db: sqlite3.Connection) -> set[bytes]:
            return {
                key
                for some in _slices(keys)
                for (key,) in db.execute(f"SELECT key FROM vectors WHERE key IN ({_marks(some)})", some)  # noqa: S608  # marks
            }

        return self._file.use(read)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._file.path

    def __len__(self) -> int:
        """How many vectors there are."""
        return int(self._file.use(lambda db: db.execute("SELECT count(*) FROM vectors").fetchone()[0]))

    def __bool__(self) -> bool:
        """True: an empty cache is a cache."""
        return True

    @property
    def size_bytes(self) -> int:
        """What the file and its write-ahead log take on disk; 0 before the first use."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def prune(
        self, *, max_bytes: int | None = None, unused_for_s: float | None = None, model: str | None = None
    ) -> int:
        """Delete vectors and give their room back to the disk; how many were deleted.

        Args:
            max_bytes: of vectors to keep; those that were not used for the longest time go.
            unused_for_s: delete what was not used for so many seconds; uses are noted to the day.
            model: delete what this model made.
        """

        def delete(db: sqlite3.Connection) -> int:
            before = db.total_changes
            with db:
                if model is not None:
                    db.execute("DELETE FROM vectors WHERE model = ?", (model,))
                if unused_for_s is not None:
                    db.execute("DELETE FROM vectors WHERE used_at < ?", (time.time() - unused_for_s,))
                if max_bytes is not None:
                    db.execute(_DELETE_BEYOND, (max_bytes,))
            deleted = db.total_changes - before
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return deleted

        return self._file.use(delete)

    def close(self) -> None:
        """Close the file. It is opened again when it is used again."""
        self._file.close()

    def __repr__(self) -> str:
        return f"VectorCache({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return VectorCache, (self.path,)

    def _tried(self, use: Callable[[sqlite3.Connection], None], what: str) -> None:
        """`use` of the open file, unless that is impossible for now."""
        if time.monotonic() < self._back_at.get(what, 0.0):
            return
        try:
            self._file.use(use)
        except CacheError as e:
            if not is_passing(e.__cause__):
                raise
            self._back_at[what] = time.monotonic() + PAUSE_S
            self._log(f"the cache {self.path} cannot be {what} now, so work goes on without it: {e.__cause__}")

    def _log(self, message: str) -> None:
        logger.log(logging.DEBUG if self._warned else logging.WARNING, message)
        self._warned = True


def _insertion(model: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> Callable[[sqlite3.Connection], None]:
    now = time.time()
    rows = [(key, model, vector.astype("<f4", copy=False).tobytes(), now) for key, vector in vectors.items()]

    def write(db: sqlite3.Connection) -> None:
        with db:
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)

    return write


def _slices(keys: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [keys[start : start + KEYS_A_QUERY] for start in range(0, len(keys), KEYS_A_QUERY)]


def _marks(keys: Sequence[bytes]) -> str:
    return ",".join("?" * len(keys))
