"""What an index found in files that are read as passages, opened again."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from gemini_embed.media import read_file
from gemini_embed.readers.chosen import Readers
from gemini_embed.readers.code import CodeReader
from gemini_embed.readers.passages import FileReader, Picture
from gemini_embed.readers.reading import contents_of

_MOST_PASSAGES = 100_000
_ANY_TOKENS = 1_000_000
_TABLE = Readers()


def is_read_in_parts(uri: str, readers: Readers = _TABLE) -> bool:
    """Whether what records of a file say is another text than the file itself."""
    return _reader_of(uri, readers) is not None


def held_pictures(uri: str, root: str | None, readers: Readers = _TABLE) -> dict[str, bytes]:
    """The pictures that lie in a file, by what records tell as their `sha256`. Raises InputError where it is gone."""
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
