"""Where what becomes records came from, and what is known of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gemini_embed.content import Content, Part
from gemini_embed.excerpt import Excerpt
from gemini_embed.indexing.items import Item
from gemini_embed.indexing.recognising import ReadFile
from gemini_embed.readers import Passage, Picture

_FILE_NAME = re.compile(r"[^\n]{1,250}\.\w{1,5}")
_LONGEST_NAME = 256
"""What may be the name of a file, though a list holds it as a text."""


def _as_it_is(place: Excerpt) -> Excerpt:
    return place


class Origin(NamedTuple):
    """What an item holds, and where that came from."""

    content: Content
    uri: str | None = None
    mime_type: str | None = None
    """Of text; media tell their own."""
    text_tokens: int | None = None
    """A text with more is cut into passages."""
    metadata: Mapping[str, Any] = MappingProxyType({})
    """What else is known of it."""
    place: Callable[[Excerpt], Excerpt] = _as_it_is
    """Where a stretch of the text stands in its file, which may hold more."""


def names_a_file(text: str) -> bool:
    """Whether a text in a list is likely meant as a file."""
    return len(text) <= _LONGEST_NAME and _FILE_NAME.fullmatch(text) is not None and os.path.isfile(text)


def origin_of(item: Item, found: ReadFile, held: Passage | Picture, part: Part) -> Origin:
    """Where what a file holds came from; what of its place says what it is about becomes part of a passage's title."""
    symbol = held.symbol if isinstance(held, Passage) else ""
    title = item.title
    if isinstance(held, Passage):
        title = " ".join(filter(None, (item.title or found.path.name, symbol or held.heading)))
    named = {"symbol": symbol, "heading": held.heading}
    told = {**found.reader.metadata, **held.metadata, **{name: value for name, value in named.items() if value}}
    return Origin(Content(part, title=title), str(found.path), found.mime_type, metadata=told)
