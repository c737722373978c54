"""Which reader reads which files, by their names: text has no marks of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from gemini_embed.readers import python
from gemini_embed.readers.code import CodeReader
from gemini_embed.readers.docx import DocxReader
from gemini_embed.readers.epub import EpubReader
from gemini_embed.readers.grammars import Grammar
from gemini_embed.readers.html import HtmlReader
from gemini_embed.readers.mail import MailReader
from gemini_embed.readers.notebook import NotebookReader
from gemini_embed.readers.odf import OdfReader
from gemini_embed.readers.passages import FileReader
from gemini_embed.readers.pptx import PptxReader
from gemini_embed.readers.rows import CsvReader, JsonLinesReader
from gemini_embed.readers.rtf import RtfReader
from gemini_embed.readers.sheets import XlsxReader
from gemini_embed.readers.subtitles import SubtitleReader
from gemini_embed.readers.svg import SvgReader

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


_DOCUMENTS = "documents"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_WORD, _SLIDES, _SHEETS = f"{_OFFICE}.wordprocessingml", f"{_OFFICE}.presentationml", f"{_OFFICE}.spreadsheetml"
_OASIS = "application/vnd.oasis.opendocument"


@dataclass(frozen=True)
class Kind:
    """Files of one kind, as the table of the documentation shows them."""

    title: str
    suffixes: str
    """The ends of their names."""
    reader: FileReader
    mime_type: str
    link: str
    """A link of a record, as an example."""
    extra: str = ""
    """What must be installed; "" for none."""


def reader_of(path: PurePath) -> FileReader | None:
    """What reads a file of this name; None: it is a medium, or prose."""
    return READERS.get(path.suffix.lower())


def mime_type_named(path: PurePath) -> str | None:
    """The MIME type that a file of this name has by the table; None where the table says none."""
    kind = _BY_SUFFIX.get(path.suffix.lower())
    return kind.mime_type if kind else None


KINDS = (
    Kind("HTML", ".html .htm .xhtml", HtmlReader(), "text/html", "guide.html#starting-up"),
    Kind("Jupyter notebooks", ".ipynb", NotebookReader(), "application/x-ipynb+json", "study.ipynb#cell=4"),
    Kind("e-mail", ".eml .mbox", MailReader(reader_of), "message/rfc822", "offer.eml#attachment=prices.csv&row=3"),
    Kind("subtitles", ".srt .vtt", SubtitleReader(), "text/vtt", "talk.srt#t=62.5,90"),
    Kind("CSV", ".csv .tsv", CsvReader(), "text/csv", "prices.csv#row=3"),
    Kind("JSON Lines", ".jsonl .ndjson", JsonLinesReader(), "application/jsonl", "log.jsonl#L12"),
    Kind("Word documents", ".docx .docm", DocxReader(), f"{_WORD}.document", "report.docx#costs", _DOCUMENTS),
    Kind("presentations", ".pptx .pptm", PptxReader(), f"{_SLIDES}.presentation", "deck.pptx#slide=3", _DOCUMENTS),
    Kind("spreadsheets", ".xlsx .xlsm", XlsxReader(), f"{_SHEETS}.sheet", "book.xlsx#Costs!A2:D9", _DOCUMENTS),
    Kind("OpenDocument texts", ".odt .ott", OdfReader(), f"{_OASIS}.text", "report.odt#costs", _DOCUMENTS),
    Kind("OpenDocument sheets", ".ods", OdfReader(), f"{_OASIS}.spreadsheet", "book.ods#Costs!A2:D9", _DOCUMENTS),
    Kind("OpenDocument slides", ".odp", OdfReader(), f"{_OASIS}.presentation", "deck.odp#slide=3", _DOCUMENTS),
    Kind("EPUB", ".epub", EpubReader(), "application/epub+zip", "novel.epub#chapter-2", _DOCUMENTS),
    Kind("RTF", ".rtf", RtfReader(), "application/rtf", "letter.rtf#char=0,812", _DOCUMENTS),
    Kind("SVG", ".svg", SvgReader(), "image/svg+xml", "plan.svg", _DOCUMENTS),
)
"""What is read beside source code."""

_BY_SUFFIX = {suffix: kind for kind in KINDS for suffix in kind.suffixes.split()}

READERS: dict[str, FileReader] = {
    ".py": CodeReader("python", python.definitions_of),
    ".pyi": CodeReader("python", python.definitions_of),
}
"""By the end of a file's name, in small letters."""
for _language, _suffixes in _SUFFIXES.items():
    READERS |= dict.fromkeys(_suffixes.split(), CodeReader(_language, Grammar(_language).definitions_of))
for _language, _suffixes in _BY_LINES.items():
    READERS |= dict.fromkeys(_suffixes.split(), CodeReader(_language))
READERS |= {suffix: kind.reader for suffix, kind in _BY_SUFFIX.items()}
