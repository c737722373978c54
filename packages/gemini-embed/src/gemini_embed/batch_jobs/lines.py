"""The lines of jobs to be, in temporary files without a name: a corpus never stands in memory as JSON, and a kill
leaves none of its texts behind."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

from gemini_embed.batch_jobs.limits import BatchLimits
from gemini_embed.metering.prices import likely_tokens_by_modality
from gemini_embed.preparing import Entry

BUFFER_BYTES = 2**20


@dataclass
class Lines:
    """The lines of one job: a file, and what each line of it stands for."""

    file: IO[bytes] = field(default_factory=lambda: _new_file())
    """Read from its start, whoever reads it."""
    entries: list[Entry] = field(default_factory=list)
    """With their keys; their media are not loaded."""
    sizes: list[int] = field(default_factory=list)
    """Bytes of each line."""
    refs: dict[bytes, list[str]] = field(default_factory=dict)
    """Media that lines need, uploaded, by key."""
    began_at: float = field(default_factory=time.monotonic)
    is_noted: bool = False
    """Whether the ledger has them, and whoever works with it takes away what was uploaded."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """Of the lines, in order."""
        return tuple(entry.key for entry in self.entries)

    @property
    def tokens(self) -> int:
        """Likely tokens of all lines."""
        return sum(entry.tokens for entry in self.entries)

    @property
    def likely(self) -> dict[str, int]:
        """Likely tokens, by modality."""
        return likely_tokens_by_modality(self.entries)

    @property
    def all_refs(self) -> tuple[str, ...]:
        """All media that were uploaded for it."""
        return tuple(ref for refs in self.refs.values() for ref in refs)

    @property
    def loose_refs(self) -> tuple[str, ...]:
        """Those of them that nobody takes away once these lines are dropped."""
        return () if self.is_noted else self.all_refs

    def refs_of(self, keys: Collection[bytes]) -> tuple[str, ...]:
        """Media of some of the lines."""
        return tuple(ref for key, refs in self.refs.items() if key in keys for ref in refs)

    def add(self, entry: Entry, line: bytes, refs: Sequence[str]) -> None:
        """Write a line at the end."""
        self.file.write(line)
        self.entries.append(entry)
        self.sizes.append(len(line))
        if refs:
            self.refs[entry.key] = list(refs)

    def halves(self) -> list[Lines]:
        """The same lines as two jobs; this one's file goes. One line stays as it is."""
        half = len(self.entries) // 2
        if not half:
            return [self]
        return self._divided([i < half for i in range(len(self.entries))])

    def without(self, keys: frozenset[bytes]) -> Lines | None:
        """The lines of other keys; this one's file goes. None: there are none."""
        chosen = [key not in keys for key in self.keys]
        kept, dropped = self._divided(chosen)
        dropped.delete()
        if kept.entries:
            return kept
        kept.delete()
        return None

    def delete(self) -> None:
        """Take the file away."""
        self.file.close()

    def _divided(self, first: Sequence[bool]) -> list[Lines]:
        parts = [Lines(began_at=self.began_at) for _ in range(2)]
        self.file.seek(0)
        for entry, size, is_first in zip(self.entries, self.sizes, first, strict=True):
            part = parts[0] if is_first else parts[1]
            part.add(entry, self.file.read(size), self.refs.get(entry.key, ()))
        self.delete()
        return parts


class Writer:
    """Lines gathered in one file after another, as full as the limits allow."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._lines: Lines | None = None
        self._tokens = self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether the next line begins a file."""
        return self._lines is None

    def fits(self, entry: Entry, line: bytes, max_tokens: int | None) -> bool:
        """Whether this line has a place in the file that was begun; in one that is empty every line has."""
        if self._lines is None:
            return True
        return (
            len(self._lines.entries) < self._limits.max_items
            and self._bytes + len(line) <= self._limits.max_file_bytes
            and (max_tokens is None or self._tokens + entry.tokens <= max_tokens)
        )

    def add(self, entry: Entry, line: bytes, refs: Sequence[str] = ()) -> None:
        """Write a line; `entry` is kept, so it should be without its media."""
        if self._lines is None:
            self._lines = Lines()
        self._lines.add(entry, line, refs)
        self._tokens += entry.tokens
        self._bytes += len(line)

    def taken(self) -> Lines | None:
        """The file that was begun, None when nothing was; the next line begins another."""
        lines, self._lines = self._lines, None
        self._tokens = self._bytes = 0
        return lines

    def close(self) -> tuple[str, ...]:
        """Drop the file that was begun; media that were uploaded for it, which are to go."""
        if self._lines is None:
            return ()
        self._lines.delete()
        return self._lines.loose_refs


def _new_file() -> IO[bytes]:
    return TemporaryFile(buffering=BUFFER_BYTES)
