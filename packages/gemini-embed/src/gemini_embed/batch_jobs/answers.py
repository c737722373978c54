"""What a job answered, held back until it may enter the cache.

A wrong vector in the cache would be believed for ever, and whether a job can be trusted is only known at the end of its
file. So each line is read once, checked by itself, and its vector written to an unnamed file beside the cache, where
there must be room for it anyway: 12 kB a line at 3072 numbers, where the line itself has 43. In memory are only keys.
"""

from __future__ import annotations

import errno
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from gemini_embed.errors import CacheError, UnreadableReplyError
from gemini_embed.result import Usage
from gemini_embed.wire.batch_answers import LineAnswer, LineError, read_answer

ROWS_AT_ONCE = 500
"""Vectors that are read back together, and written in one transaction."""
MISSING = "no line of the results has this key"
CONTRADICTED = "two lines of the results have this key, with different vectors"


class Answers:
    """Answers to the lines of one job.

    Args:
        wanted: the keys of its lines; None where only the answers tell them.
        dimensions: length of a vector; None where the first line tells.
        folder: where vectors are held back.

    Attributes:
        refused: why the service does not take an item, by its key.
        again: why a line is worth asking again, by its key; complete once `end` was called.
        tokens: what was counted, of lines with a vector; None when no line told.
        by_modality: the same by "TEXT", "IMAGE" and so on.
        strange: lines with a key that was not asked for, or none.
        unreadable: lines that are no JSON, as the last one of a file that was cut.
        repeated: lines that say once more what another one said.
    """

    def __init__(self, wanted: Collection[bytes] | None, dimensions: int | None, folder: Path) -> None:
        self._wanted = None if wanted is None else frozenset(wanted)
        self._dimensions = dimensions
        self._rows: dict[bytes, int] = {}
        self._written = 0
        self._file = _file_in(folder)
        self._is_at_end = True
        self._folder = folder
        self.refused: dict[bytes, LineError] = {}
        self.again: dict[bytes, str] = {}
        self.tokens: int | None = None
        self.by_modality: Counter[str] = Counter()
        self.strange = self.unreadable = self.repeated = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Read and hold some lines, in whatever order they come.

        Raises:
            CacheError: there is no room on the disk.
        """
        for line in lines:
            if len(line) < 2 and not line.strip():
                continue
            try:
                answer = read_answer(line)
            except UnreadableReplyError:  # the rest of a file that was cut; its key is missing then
                self.unreadable += 1
                continue
            key = answer.key
            if key is None or (self._wanted is not None and key not in self._wanted):
                self.strange += 1
            else:
                self._take(key, answer)

    def _take(self, key: bytes, answer: LineAnswer) -> None:
        problem = self._problem(answer)
        if self.again.get(key) == CONTRADICTED:
            self.repeated += 1
        elif answer.error is not None and answer.error.is_of_the_item:
            self.refused[key] = answer.error
        elif problem:
            self.again[key] = problem
        elif (held := self.get(key)) is None or answer.values is None:
            assert answer.values is not None  # noqa: S101  # there is no problem; tells the type checker
            self._hold(key, answer.values)
            self._count(answer)
        elif np.array_equal(held, answer.values):
            self.repeated += 1
        else:
            del self._rows[key]
            self.again[key] = CONTRADICTED

    def _problem(self, answer: LineAnswer) -> str:
        """What keeps this vector from being used; "" when nothing does."""
        values = answer.values
        if answer.error is not None:
            return str(answer.error)
        if values is None:
            return "its line has no vector"
        if len(values) != (self._dimensions or len(values)):
            return f"its vector has {len(values)} values, {self._dimensions} were expected"
        with np.errstate(over="ignore", invalid="ignore"):
            length = float(np.dot(values, values))
        return "" if 0 < length < np.inf else "its vector is not finite or is all zeros"

    def _hold(self, key: bytes, values: NDArray[np.float32]) -> None:
        self._dimensions = len(values)
        try:
            if not self._is_at_end:
                self._file.seek(0, 2)
                self._is_at_end = True
            self._file.write(values.data)
        except OSError as e:
            raise _no_room(e, self._folder) from e
        self._rows[key] = self._written
        self._written += 1

    def _count(self, answer: LineAnswer) -> None:
        if answer.tokens is not None:
            self.tokens = (self.tokens or 0) + answer.tokens
        self.by_modality.update(answer.by_modality)

    def end(self) -> None:
        """There are no more lines: what did not come is missing. A vector outweighs an error of the same key."""
        for problems in (self.refused, self.again):
            for key in problems.keys() & self._rows.keys():
                del problems[key]
        for key in self.refused.keys() & self.again.keys():
            del self.again[key]
        told = self._rows.keys() | self.refused.keys() | self.again.keys()
        self.again |= dict.fromkeys((self._wanted or frozenset()) - told, MISSING)

    @property
    def is_unreadable(self) -> bool:
        """Whether there are lines and none could be read: what came is no file of results. Told after `end`."""
        told = self._rows or self.refused or self.strange or any(why != MISSING for why in self.again.values())
        return self.unreadable > 0 and not told

    def get(self, key: bytes) -> NDArray[np.float32] | None:
        """The vector of a key, as served, float32; None when there is none to be trusted."""
        row = self._rows.get(key)
        if row is None:
            return None
        size = self._dimensions or 0
        self._seek(row * size * 4)
        return np.frombuffer(self._file.read(size * 4), dtype=np.float32)

    def _seek(self, place: int) -> None:
        self._is_at_end = False
        self._file.seek(place)

    @property
    def is_cut(self) -> bool:
        """Whether the file seems to end too early: a line cannot be read, and keys are missing."""
        told = self._rows.keys() | self.refused.keys() | self.again.keys()
        return self.unreadable > 0 and self._wanted is not None and not self._wanted <= told

    def keys(self) -> list[bytes]:
        """Those with a vector."""
        return list(self._rows)

    def __len__(self) -> int:
        """How many vectors there are."""
        return len(self._rows)

    def vectors(self) -> Iterator[Mapping[bytes, NDArray[np.float32]]]:
        """All vectors, as served, `ROWS_AT_ONCE` at a time."""
        size = self._dimensions or 0
        keys = sorted(self._rows, key=self._rows.__getitem__)
        for start in range(0, len(keys), ROWS_AT_ONCE):
            some = keys[start : start + ROWS_AT_ONCE]
            first, last = self._rows[some[0]], self._rows[some[-1]]
            self._seek(first * size * 4)
            block = np.frombuffer(self._file.read((last - first + 1) * size * 4), dtype=np.float32).reshape(-1, size)
            yield {key: block[self._rows[key] - first] for key in some}

    @property
    def usage(self) -> Usage:
        """What the lines with a vector were counted at."""
        return Usage(prompt_tokens=self.tokens, by_modality=dict(sorted(self.by_modality.items())))

    def close(self) -> None:
        """Give the room on the disk back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _file_in(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=2**20)
    except OSError as e:
        raise _no_room(e, folder) from e


def _no_room(error: OSError, folder: Path) -> CacheError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "make room (vectors are held there until they are checked)" if full else "vectors are held there"
    return CacheError(f"results cannot be kept in {folder}: {error}; {advice}. The job is kept, nothing is lost")
