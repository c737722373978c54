"""Source files: by definitions where something knows the language, else by lines."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gemini_embed.errors import MediaError
from gemini_embed.readers.definitions import Definition, passages_of
from gemini_embed.readers.encoded import said_of
from gemini_embed.readers.grammars import knows_definitions
from gemini_embed.readers.lines import Lines
from gemini_embed.readers.passages import Passage

_LONG_LINES = 400
"""Characters a line has on average in code that was minified: it has no lines that anything could be cut at."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = {*map(chr, range(32)), "\x7f"} - {*"\t\n\r\f\x1a\x1b"}
"""Characters that no source file has: what holds one was compiled, or compressed."""


def _nothing(_: str) -> list[Definition]:
    return []


@dataclass(frozen=True)
class CodeReader:
    """Reads the source files of one language."""

    language: str
    definitions_of: Callable[[str], list[Definition]] = _nothing

    @property
    def name(self) -> str:
        return f"code-{self.language}"

    @property
    def version(self) -> str:
        """Whether definitions are found too: without the extra `code` most languages are read by lines."""
        return "2" if knows_definitions(self.definitions_of) else "2-lines"

    @property
    def metadata(self) -> dict[str, Any]:
        return {"language": self.language}

    def takes(self, head: bytes) -> bool:
        return head.startswith(_UTF_16) or b"\0" not in head

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage]:
        text = source_text(data)
        if text is None:
            raise MediaError(
                f"{name} is no text, though its name says {self.language}: it begins "
                f"{data[:16].decode('ascii', 'replace')!r}",
                "unknown",
            )
        said = said_of(text, keep_lines=True)
        lines = Lines(said.text)
        definitions = self.definitions_of(said.text) if len(said.text) < _LONG_LINES * len(lines) else []
        found = passages_of(lines, definitions, most_tokens)
        return (replace(one, place=said.place(one.place)) for one in found) if said.cuts else found


def source_text(data: bytes) -> str | None:
    """The text of a source file, None where there is none: in UTF-8, UTF-16 with its mark, what a line such as
    `# -*- coding: cp1252 -*-` says, else Latin-1, in which bytes are characters whatever was meant by them."""
    if data.startswith(_UTF_16):
        return _decoded(data, "utf-16")
    text = _decoded(data, "utf-8-sig")
    if text is None and (told := _told(data)) is not None:
        text = _decoded(data, told)
    if text is None:
        text = data.decode("latin-1")
    return text if _NO_TEXT.isdisjoint(text) and _can_be_sent(text) else None


def _decoded(data: bytes, encoding: str) -> str | None:
    """None where it is not in this encoding, or there is none: some turn text into text (`rot13`), or refuse all."""
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _told(data: bytes) -> str | None:
    """The encoding that one of the first two lines tells, as Python reads it (PEP 263): UTF-8 where they tell none."""
    try:
        found, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:  # none is told, and it is not UTF-8; or one that there is not
        return None
    return found


def _can_be_sent(text: str) -> bool:
    """Not with half a pair of UTF-16, as `raw_unicode_escape` makes of `\\ud800`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
