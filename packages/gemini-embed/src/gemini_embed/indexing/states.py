"""As what a file was found when it was read: what tells a sync, without reading it, that it is as it was."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Self

from gemini_embed.errors import InputError
from gemini_embed.media import open_file
from gemini_embed.models import ModelFacts
from gemini_embed.windows import Cutting

SETTLED_S = 2.0
"""A file that changed less than this before it was read may change again without its time telling (FAT counts in two
seconds): its time is not noted, and the next sync compares its bytes."""
_UNSETTLED = -1
_GENERATION = "1"
"""Another one has every file read anew once, where files are recognised in a way that no reader's version tells."""


@dataclass(frozen=True)
class Look:
    """What a file system says of a file."""

    size: int
    changed_ns: int

    @classmethod
    def at(cls, path: str) -> Look | None:
        """None: no regular file, or nobody can tell."""
        with suppress(OSError, ValueError):
            found = os.stat(path)
            if stat.S_ISREG(found.st_mode):
                return cls(found.st_size, found.st_mtime_ns)
        return None

    @property
    def is_settled(self) -> bool:
        """Whether another change would show in its time."""
        return self.changed_ns < time.time_ns() - SETTLED_S * 1e9


@dataclass(frozen=True)
class FileState:
    """A file as it was read, kept as text with the last of its records."""

    size: int
    changed_ns: int
    """Its time of change; -1 where that says nothing."""
    how: str
    """How it was read, see `reading_of`."""
    records: int
    """How many it became: fewer are there after an interruption."""
    sha256: str

    @classmethod
    def parsed(cls, text: object) -> Self | None:
        """None for what is none: anybody may have written it."""
        if not isinstance(text, str):
            return None
        try:
            size, changed_ns, how, records, sha256 = text.split(" ")
            return cls(int(size), int(changed_ns), how, int(records), sha256)
        except ValueError:
            return None

    @classmethod
    def of(cls, look: Look, how: str, records: int, sha256: str) -> Self:
        """That of a file that looked so before it was read."""
        return cls(look.size, look.changed_ns if look.is_settled else _UNSETTLED, how, records, sha256)

    def __str__(self) -> str:
        return " ".join(map(str, astuple(self)))

    def is_of(self, look: Look) -> bool:
        """Whether the file was not changed, by its time."""
        return (self.size, self.changed_ns) == (look.size, look.changed_ns)


def reading_of(label: str, cutting: Cutting, facts: ModelFacts) -> str:
    """How a file is read, in a word: `label` says by which reader, the rest where its windows are cut."""
    limits = (facts.max_tokens, facts.max_pages, facts.max_audio_s, facts.max_video_s)
    digest = hashlib.sha256(repr((astuple(cutting), limits)).encode()).hexdigest()[:8]
    return f"{_GENERATION}:{label.replace(' ', '-')}:{digest}"


def file_digest(path: str, root: str | None) -> str | None:
    """SHA-256 of a file, in hex; None where it cannot be read."""
    with suppress(InputError, OSError), open_file(path, root=root) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None
