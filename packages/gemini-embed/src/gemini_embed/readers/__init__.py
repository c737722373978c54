"""Files whose kind says how they are read: as passages, each with its place.

    table -> a reader -> passages

table        which reader reads which files
chosen       that, and the caller's own before it; name and version, which `sync` compares
own          those: functions as readers
passages     what comes of it: `Passage`, `Picture`; and what a reader is: `FileReader`
reading      a file read by its reader, whatever it holds: bounded, and all that goes wrong told as ours
encoded      data written as text, such as base64, left out of it
held         a picture in such a file, opened again;  kept: with the readers that an index has of its caller
code         source files, by definitions and lines
definitions  a tree of them, as passages;  python: found by `ast`;  grammars: by tree-sitter
lines        lines counted, and cut where little is torn apart

Prose, and what no reader is for, is cut by sentences (`windows/texts`). Media have `windows/`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_embed.readers.chosen import Readers, label_of
    from gemini_embed.readers.held import held_pictures, is_read_in_parts
    from gemini_embed.readers.kept import HeldPictures, own_readers
    from gemini_embed.readers.own import FunctionReader, ReaderLike, ReadFunction, own_passage, readers_of
    from gemini_embed.readers.passages import FileReader, Passage, Picture
    from gemini_embed.readers.reading import contents_of, said_in
    from gemini_embed.readers.table import mime_type_named, reader_of

_LAZY = {
    "FileReader": "gemini_embed.readers.passages",
    "FunctionReader": "gemini_embed.readers.own",
    "HeldPictures": "gemini_embed.readers.kept",
    "Passage": "gemini_embed.readers.passages",
    "Picture": "gemini_embed.readers.passages",
    "ReadFunction": "gemini_embed.readers.own",
    "ReaderLike": "gemini_embed.readers.own",
    "Readers": "gemini_embed.readers.chosen",
    "contents_of": "gemini_embed.readers.reading",
    "held_pictures": "gemini_embed.readers.held",
    "is_read_in_parts": "gemini_embed.readers.held",
    "label_of": "gemini_embed.readers.chosen",
    "mime_type_named": "gemini_embed.readers.table",
    "own_passage": "gemini_embed.readers.own",
    "own_readers": "gemini_embed.readers.kept",
    "reader_of": "gemini_embed.readers.table",
    "readers_of": "gemini_embed.readers.own",
    "said_in": "gemini_embed.readers.reading",
}
"""A search needs none of them, so each is loaded when it is first named."""

__all__ = [
    "FileReader",
    "FunctionReader",
    "HeldPictures",
    "Passage",
    "Picture",
    "ReadFunction",
    "ReaderLike",
    "Readers",
    "contents_of",
    "held_pictures",
    "is_read_in_parts",
    "label_of",
    "mime_type_named",
    "own_passage",
    "own_readers",
    "reader_of",
    "readers_of",
    "said_in",
]

if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
