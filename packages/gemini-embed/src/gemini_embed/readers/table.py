"""Which reader reads which files, by their names: text has no marks of its own."""

from __future__ import annotations

from pathlib import PurePath

from gemini_embed.readers import python
from gemini_embed.readers.code import CodeReader
from gemini_embed.readers.grammars import Grammar
from gemini_embed.readers.passages import FileReader

_SUFFIXES = {
    "c": ".c .h",
    "cpp": ".cc .cpp .cxx .hh .hpp .hxx .ino",
    "csharp": ".cs",
    "go": ".go",
    "java": ".java",
    "javascript": ".js .cjs .mjs .jsx",
    "php": ".php",
    "ruby": ".rb",
    "rust": ".rs",
    "tsx": ".tsx",
    "typescript": ".ts .cts .mts",
}
_BY_LINES = {
    "assembly": ".asm .s",
    "clojure": ".clj .cljs",
    "cuda": ".cu .cuh",
    "dart": ".dart",
    "elixir": ".ex .exs",
    "erlang": ".erl .hrl",
    "fsharp": ".fs .fsx",
    "groovy": ".gradle .groovy",
    "haskell": ".hs",
    "julia": ".jl",
    "kotlin": ".kt .kts",
    "lua": ".lua",
    "objective-c": ".m .mm",
    "ocaml": ".ml .mli",
    "perl": ".pl .pm",
    "powershell": ".ps1",
    "protobuf": ".proto",
    "r": ".r",
    "scala": ".scala",
    "shell": ".bash .sh .zsh",
    "sql": ".sql",
    "svelte": ".svelte",
    "swift": ".swift",
    "vue": ".vue",
    "zig": ".zig",
}

READERS: dict[str, FileReader] = {
    ".py": CodeReader("python", python.definitions_of),
    ".pyi": CodeReader("python", python.definitions_of),
}
"""By the end of a file's name, in small letters."""
for _language, _suffixes in _SUFFIXES.items():
    READERS |= dict.fromkeys(_suffixes.split(), CodeReader(_language, Grammar(_language).definitions_of))
for _language, _suffixes in _BY_LINES.items():
    READERS |= dict.fromkeys(_suffixes.split(), CodeReader(_language))


MIME_TYPES: dict[str, str] = {}
"""Of what is no plain text, by the end of a file's name: what systems know of them differs."""


def mime_type_named(path: PurePath) -> str | None:
    """The MIME type that a file of this name has by the table; None where the table says none."""
    return MIME_TYPES.get(path.suffix.lower())


def reader_of(path: PurePath) -> FileReader | None:
    """What reads a file of this name; None: it is a medium, or prose."""
    return READERS.get(path.suffix.lower())
