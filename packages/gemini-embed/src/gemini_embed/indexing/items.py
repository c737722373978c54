"""What an index is fed: items with what should be known about them, places, and who describes media."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from gemini_embed.content import ContentLike, Media
from gemini_embed.describing import Description, GeminiDescriber
from gemini_embed.errors import InputError
from gemini_embed.windows import Window

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Item:
    """One thing to index, with what should be known about it.

    Attributes:
        content: a str (text), `Path` (its file, or all files of a folder), part, `Content`, PIL image, or a list of
            parts for one interleaved content.
        source: what the content belongs to; all records of a source are replaced together. Default: `metadata`'s
            "source", else the path or URL of the content, else "sha256:..." of it.
        metadata: your own fields, kept with the record and open to filters. JSON values; dates become ISO text.
        title: embedded with the content where the task has a place for it, and kept.
        page_content: text to keep with the record, such as a caption. Default: the content's own text, a PDF page's.
    """

    content: ContentLike
    source: str | None = None
    metadata: Mapping[str, Any] | None = None
    title: str | None = None
    page_content: str | None = None


@dataclass(frozen=True)
class Unreadable:
    """The content of an item that could not be made: `add` raises or reports the error in its place."""

    error: InputError


@dataclass(frozen=True)
class Unlisted:
    """A folder that cannot be read, and why."""

    path: Path
    reason: str


ItemLike: TypeAlias = ContentLike | Path | Item
"""An `Item`, or just its content."""


Place = str | os.PathLike[str]
"""A folder, a file, or a glob such as `docs/**/*.pdf`."""

Describe: TypeAlias = Callable[[Window], str | Description] | GeminiDescriber
"""Writes `page_content` for a medium or a window of one: a transcript, a caption, what OCR or a chat model says. It is
given the bytes with their MIME type, the pages or seconds, the text that the pages have, the sound of a video, and the
path or URL of the whole. It is called in several threads at once, once for each window that is embedded. A
`Description` may say when each sentence is spoken; a `GeminiDescriber` asks a Gemini model."""


def source_of(like: ItemLike) -> str | None:
    """The source of an item that may be unfit to be read, as far as it tells, and as it can be printed."""
    source = _named_source(like if isinstance(like, Item) else Item(like))
    return source and source.encode(errors="replace").decode()


def _named_source(item: Item) -> str | None:
    named = item.source or (item.metadata.get("source") if isinstance(item.metadata, Mapping) else None)
    if isinstance(named, str):
        return named
    if isinstance(item.content, Media):
        return item.content.location
    place = item.content.path if isinstance(item.content, Unlisted) else item.content
    return os.fspath(place) if isinstance(place, os.PathLike) else None


def anew(make: Callable[[Iterable[A]], Iterator[B]], given: Iterable[A]) -> Iterable[B]:
    """`make(given)`, made anew each time it is iterated, as `price="batch"` needs it; once where `given` comes once."""
    return make(given) if isinstance(given, Iterator) else _Anew(make, given)


@dataclass(frozen=True)
class _Anew(Generic[A, B]):
    make: Callable[[Iterable[A]], Iterator[B]]
    given: Iterable[A]

    def __iter__(self) -> Iterator[B]:
        return self.make(self.given)
