"""What an index found in files that are read as passages, opened again."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

from gemini_embed.media import read_file
from gemini_embed.readers.chosen import Readers
from gemini_embed.readers.code import CodeReader
from gemini_embed.readers.passages import FileReader, Picture
from gemini_embed.readers.reading import contents_of
from gemini_embed.records import Record

_MOST_PASSAGES = 100_000
_ANY_TOKENS = 1_000_000
_TABLE = Readers()


class HeldPictures:
    """Opens the pictures that lie in files of another kind, given a record and the root; None for any other record.

    Raises:
        InputError: the file cannot be read (any more).
    """

    def __init__(self, readers: Readers = _TABLE) -> None:
        self.readers = readers
        """The caller's own come to be known with each add."""

    def __call__(self, record: Record, root: str | None) -> bytes | None:
        return held_pictures(record.uri or "", root, self.readers).get(str(record.metadata.get("sha256")))

    def __reduce__(self) -> tuple[Any, ...]:
        return HeldPictures, ()  # a caller's own functions may be bound to what does not travel


def is_read_in_parts(uri: str, readers: Readers = _TABLE) -> bool:
    """Whether what records of a file say is another text than the file itself."""
    return _reader_of(uri, readers) is not None


def held_pictures(uri: str, root: str | None, readers: Readers = _TABLE) -> dict[str, bytes]:
    """The pictures that lie in a file, by what records tell as their `sha256`. Raises as `HeldPictures` does."""
    reader = _reader_of(uri, readers)
    if reader is None:
        return {}
    data = read_file(uri, root=root)  # of a function too, which opens the file itself: no other than is allowed
    if not reader.takes(data[:64]):
        return {}
    found = contents_of(reader, data, uri, most_tokens=_ANY_TOKENS, most_passages=_MOST_PASSAGES)
    pictures = [one for one in found if isinstance(one, Picture)]
    return {one.key or hashlib.sha256(one.data).hexdigest(): one.data for one in pictures}


def _reader_of(uri: str, readers: Readers) -> FileReader | None:
    reader = readers.of(PurePath(uri))
    return None if isinstance(reader, CodeReader) else reader
