"""The words of a record, and words that are looked for: pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.stores.spaceless import SPACELESS

_QUOTED = re.compile(r'["“”„]([^"“”„]+)["“”„]')
_FILE_NAME = re.compile(r".+\.\w{1,8}")
_LETTER = rf"[^\W_{SPACELESS}]"
"""Of a script that puts spaces between words."""


class WordHit(NamedTuple):
    """A record that words have found: its hit, with the cosine to the query's vector, and what BM25 gives it."""

    hit: Hit
    score: float


@dataclass(frozen=True)
class WordQuery:
    """Words that are looked for, and phrases of which every one must occur, in any case of letters."""

    text: str
    required: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> WordQuery:
        """What stands in quotes is required."""
        return cls(text, tuple(phrase.strip() for phrase in _QUOTED.findall(text) if phrase.strip()))

    def admits(self, record: Record) -> bool:
        """Whether all that is required occurs in the record: as whole words, whatever spaces are between them."""
        if not self.required:
            return True
        words = _folded(words_of(record))
        return all(pattern.search(words) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [_pattern(_folded(phrase)) for phrase in self.required]


def words_of(record: Record) -> str:
    """All words of a record: its title, its text (a caption, a transcript, a page's text), and its file's name."""
    title = record.title or ""
    parts = [title if title not in record.page_content else "", record.page_content, file_name(record)]
    return "\n".join(filter(None, parts))


def file_name(record: Record) -> str:
    """The name of the file that a record is of, without its folders; "" where there is none."""
    place = record.uri or record.source or ""
    path = unquote(urlsplit(place).path) if "://" in place else place.replace("\\", "/")
    name = PurePosixPath(path).name
    return name if _FILE_NAME.fullmatch(name) else ""


def _pattern(phrase: str) -> re.Pattern[str]:
    """Not within a longer word, where words have ends."""
    body = r"\s+".join(map(re.escape, phrase.split()))
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, phrase) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, phrase[-1]) else ""
    return re.compile(before + body + after)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
