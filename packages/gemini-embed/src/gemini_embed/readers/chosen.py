"""Which reader reads a file: the caller's own ones first, then the table."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from gemini_embed.readers.passages import FileReader
from gemini_embed.readers.table import reader_of

PROSE = "text 2"
"""What reads a text that has no reader, and its version."""
MEDIUM = "text 1"
"""Media: as they were labelled when prose and they had one label, so that none is decoded again for a text's sake."""
_MEDIA = ("image/", "audio/", "video/", "application/pdf")


@dataclass(frozen=True)
class Readers:
    """The readers of one add."""

    own: Mapping[str, FileReader] = field(default_factory=dict)
    """The caller's, by the end of a file's name in small letters (`.rst`), or by MIME type."""

    def of(self, path: PurePath) -> FileReader | None:
        """What reads a file of this name; None: it is a medium, or prose."""
        return self.own_of(path) or reader_of(path)

    def own_of(self, path: PurePath) -> FileReader | None:
        """The caller's own reader of it, which goes before everything else."""
        if not self.own:
            return None
        named = mimetypes.guess_type(path.name)[0] or ""
        return self.own.get(path.suffix.lower()) or self.own.get(named)

    def label(self, path: PurePath) -> str:
        """Name and version of what reads a file of this name, as `sync` compares it: `html 1`."""
        reader = self.of(path)
        if reader is not None:
            return f"{reader.name} {reader.version}"
        return MEDIUM if (mimetypes.guess_type(path.name)[0] or "").startswith(_MEDIA) else PROSE


def label_of(path: PurePath) -> str:
    """`Readers.label` where the caller has none of his own."""
    return _NO_OWN.label(path)


_NO_OWN = Readers()
