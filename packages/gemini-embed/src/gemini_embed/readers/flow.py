"""A document as it is read from its beginning to its end: headings, blocks of text and pictures, made passages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.encoded import without_data
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.pictures import is_worth_embedding
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows import text_windows

BETWEEN = "\n\n"
"""What stands between two blocks in the text of a document, of which `char_start` and `char_end` tell."""
_MOST_DEPTH = 9
_NO_SLUG = re.compile(r"[^\w\- ]+")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


@dataclass
class _Section:
    """What stands under one heading, on one slide, in one cell."""

    part: str | None
    path: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    heading: str = ""
    blocks: list[str] = field(default_factory=list)
    pictures: list[tuple[bytes, str]] = field(default_factory=list)

    def text(self) -> str:
        """What stands in it, without data: base64 may come as a paragraph a line."""
        whole = BETWEEN.join(filter(None, (self.heading, *self.blocks)))
        said = without_data(whole)
        return whole if len(said) == len(whole) else _BLANK_LINES.sub(BETWEEN, said).strip()


class Flow:
    """Takes a document in its order, and gives it back as passages: one for each section, more where it is long.

    The text of a document is that of all passages; where each begins and ends in it is told in characters.
    """

    def __init__(self, at: int = 0) -> None:
        """`at`: how many characters came before."""
        self.at = at
        self._sections = [_Section(None, ())]
        self._levels: list[tuple[int, str]] = []
        self._slugs: Counter[str] = Counter()

    def heading(self, level: int, text: str, anchor: str = "") -> None:
        """A heading of level 1 (the highest) to 9, which links name by `anchor`, else by its words."""
        text = _plain(text).replace("\n", " ")
        if not text:
            return
        self._levels = [one for one in self._levels if one[0] < min(level, _MOST_DEPTH)] + [(level, text)]
        path = tuple(one for _, one in self._levels)
        self._sections.append(_Section(anchor or self._slug(text), path, self._sections[-1].metadata, heading=text))

    def part(self, part: str, *, heading: str = "", metadata: Mapping[str, Any] | None = None) -> None:
        """What follows is another part of the file, such as a slide; `heading` says what it is about."""
        path = (heading,) if heading else tuple(one for _, one in self._levels)
        self._sections.append(_Section(part, path, metadata or {}))

    def text(self, text: str) -> None:
        """A block: a paragraph, an item of a list, a row of a table. Data written as text is left out."""
        if text := _plain(text):
            self._sections[-1].blocks.append(text)

    def picture(self, data: bytes, told: str = "") -> None:
        """A picture, where it stands; one that is damaged, or as small as an icon, is left out."""
        if is_worth_embedding(data):
            self._sections[-1].pictures.append((data, without_data(_plain(told))))

    def passages(self, most_tokens: int) -> Iterator[Passage | Picture]:
        """All of it, in order. A heading without text of its own goes to what stands under it."""
        at = self.at
        self._sections = [one for one in self._sections if one.blocks or one.heading or one.pictures]
        is_one = len(self._sections) == 1
        for section, after in zip_longest(self._sections, self._sections[1:]):
            heading = " > ".join(section.path)
            is_above = after is not None and after.path[: len(section.path)] == section.path
            if (section.blocks or (section.heading and not is_above)) and (whole := section.text()):
                for start, text in _cut(whole, most_tokens):
                    place = Excerpt(char_start=at + start, char_end=at + start + len(text), part=section.part or None)
                    if is_one and not place.part and len(text) == len(whole):
                        place = Excerpt()  # the whole document
                    yield Passage(text, place, heading=heading, metadata=section.metadata)
                self.at = at = at + len(whole) + len(BETWEEN)
            for data, told in section.pictures:
                yield Picture(data, Excerpt(part=section.part or None), told, heading, section.metadata)

    def _slug(self, text: str) -> str:
        """As sites that show Markdown make it of a heading."""
        slug = _NO_SLUG.sub("", text.lower()).strip().replace(" ", "-")[:80]
        number, self._slugs[slug] = self._slugs[slug], self._slugs[slug] + 1
        return f"{slug}-{number}" if number else slug


def _plain(text: str) -> str:
    """As a passage has it: no NUL, no half of a pair, no run of blank lines."""
    if not text.isprintable():
        text = text.replace("\0", "").encode("utf-8", "ignore").decode()
        text = _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.strip()


def _cut(text: str, most_tokens: int) -> Iterator[tuple[int, str]]:
    if likely_tokens(text) <= most_tokens:
        yield 0, text
    else:
        yield from ((one.char_start or 0, one.text) for one in text_windows(text, tokens=most_tokens))
