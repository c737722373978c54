"""The lines of jobs to be, in temporary files: a corpus never stands in memory as JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from gemini_embed.batch_jobs.limits import BatchLimits
from gemini_embed.metering.prices import likely_tokens_by_modality
from gemini_embed.preparing import Entry


@dataclass
class Lines:
    """The lines of one job: a file, and what each line of it stands for."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    """With their keys; their media are not loaded."""
    sizes: list[int] = field(default_factory=list)
    """Bytes of each line."""
    refs: dict[bytes, list[str]] = field(default_factory=dict)
    """Media that lines need, uploaded, by key."""
    began_at: float = field(default_factory=time.monotonic)

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
        self.path.unlink(missing_ok=True)

    def _divided(self, first: Sequence[bool]) -> list[Lines]:
        parts = [Lines(_new_file(self.path.parent), began_at=self.began_at) for _ in range(2)]
        with self.path.open("rb") as lines, parts[0].path.open("wb") as one, parts[1].path.open("wb") as two:
            for entry, size, is_first in zip(self.entries, self.sizes, first, strict=True):
                part, file = (parts[0], one) if is_first else (parts[1], two)
                file.write(lines.read(size))
                part.entries.append(entry)
                part.sizes.append(size)
                if entry.key in self.refs:
                    part.refs[entry.key] = self.refs[entry.key]
        self.delete()
        return parts


class Writer:
    """Lines gathered in one file after another, as full as the limits allow."""

    def __init__(self, folder: Path, limits: BatchLimits) -> None:
        self._folder, self._limits = folder, limits
        self._lines: Lines | None = None
        self._file: BinaryIO | None = None
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
        if self._lines is None or self._file is None:
            self._lines = Lines(_new_file(self._folder))
            self._file = self._lines.path.open("wb", buffering=2**20)
        self._file.write(line)
        self._lines.entries.append(entry)
        self._lines.sizes.append(len(line))
        if refs:
            self._lines.refs[entry.key] = list(refs)
        self._tokens += entry.tokens
        self._bytes += len(line)

    def taken(self) -> Lines | None:
        """The file that was begun, None when nothing was; the next line begins another."""
        if self._file is not None:
            self._file.close()
        lines, self._lines, self._file = self._lines, None, None
        self._tokens = self._bytes = 0
        return lines

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _new_file(folder: Path) -> Path:
    handle, name = mkstemp(".jsonl", dir=folder)
    os.close(handle)
    return Path(name)
