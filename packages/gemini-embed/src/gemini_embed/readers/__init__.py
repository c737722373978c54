"""Files whose kind says how they are read: as passages, each with its place.

    table -> a reader -> passages

table        which reader reads which files
chosen       that, and the caller's own before it; name and version, which `sync` compares
own          those: functions as readers
passages     what comes of it: `Passage`, `Picture`; and what a reader is: `FileReader`
reading      a file read by its reader, whatever it holds: bounded, and all that goes wrong told as ours
encoded      data written as text, such as base64, left out of it
held         a picture in such a file, opened again
code         source files, by definitions and lines
definitions  a tree of them, as passages;  python: found by `ast`;  grammars: by tree-sitter
lines        lines counted, and cut where little is torn apart

Prose, and what no reader is for, is cut by sentences (`windows/texts`). Media have `windows/`.
"""

from gemini_embed.readers.chosen import Readers, label_of
from gemini_embed.readers.held import HeldPictures, held_pictures, is_read_in_parts
from gemini_embed.readers.own import FunctionReader, ReaderLike, ReadFunction, own_passage, readers_of
from gemini_embed.readers.passages import FileReader, Passage, Picture
from gemini_embed.readers.reading import contents_of, said_in
from gemini_embed.readers.table import mime_type_named, reader_of

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
    "reader_of",
    "readers_of",
    "said_in",
]
