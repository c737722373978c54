"""Files whose kind says how they are read: as passages, each with its place.

    table -> a reader -> passages

table        which reader reads which files
passages     what comes of it: `Passage`; and what a reader is: `FileReader`
code         source files, by definitions and lines
definitions  a tree of them, as passages;  python: found by `ast`;  grammars: by tree-sitter
lines        lines counted, and cut where little is torn apart

Prose, and what no reader is for, is cut by sentences (`windows/texts`). Media have `windows/`.
"""

from gemini_embed.readers.passages import FileReader, Passage
from gemini_embed.readers.table import reader_of

__all__ = ["FileReader", "Passage", "reader_of"]
