"""What an index found in files that are read as passages, opened again."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from gemini_embed.media import read_file
from gemini_embed.readers.code import CodeReader
from gemini_embed.readers.passages import Picture
from gemini_embed.readers.reading import contents_of
from gemini_embed.readers.table import reader_of
from gemini_embed.records import Record

_MOST_PASSAGES = 100_000
_ANY_TOKENS = 1_000_000


def is_read_in_parts(uri: str) -> bool:
    """Whether what records of a file say is another text than the file itself."""
    reader = reader_of(PurePath(uri))
    return reader is not None and not isinstance(reader, CodeReader)


def held_picture(record: Record, root: str | None) -> bytes | None:
    """The picture of a record that lies in a file of another kind; None where the file is the picture, or has it no
    longer.

    Raises:
        InputError: the file cannot be read (any more).
    """
    return held_pictures(record.uri or "", root).get(str(record.metadata.get("sha256")))


def held_pictures(uri: str, root: str | None) -> dict[str, bytes]:
    """The pictures that lie in a file, by what records tell as their `sha256`. Raises as `held_picture` does."""
    reader = reader_of(PurePath(uri))
    if reader is None or isinstance(reader, CodeReader):
        return {}
    data = read_file(uri, root=root)
    if not reader.takes(data[:64]):
        return {}
    found = contents_of(reader, data, uri, most_tokens=_ANY_TOKENS, most_passages=_MOST_PASSAGES)
    pictures = [one for one in found if isinstance(one, Picture)]
    return {one.key or hashlib.sha256(one.data).hexdigest(): one.data for one in pictures}
