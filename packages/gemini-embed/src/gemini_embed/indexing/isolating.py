"""Items read in a child process, so that a file that crashes a decoder, or never ends, costs a line of the report.

    Reader.candidates -> here -> the child: reads, decodes, cuts -> records, and what is embedded, as bytes

The child keeps the candidates of the files that it read last, and makes what is embedded when it is asked for it, as
the parent would. A child that was started anew reads the file once more.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import partial
from io import BytesIO
from itertools import count
from typing import Any

from gemini_embed.content import Content, Image, Media, Video
from gemini_embed.errors import MediaError
from gemini_embed.indexing.candidates import Candidate, Moved, Reader
from gemini_embed.indexing.items import Item, Unlisted, Unreadable, source_of
from gemini_embed.indexing.pieces import Loaded, Opened, Pieces
from gemini_embed.isolation import CrashedError, Process, StalledError
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.media.pictures import opened_picture, png_of
from gemini_embed.media.probing import MediaInfo
from gemini_embed.preparing.examining import as_sent, examine
from gemini_embed.windows.video import CODECS, ENCODED_CODEC

LEAST_S, BYTES_A_S = 10.0, 2**20
"""What reading a file, or making one window of it, may take: so long, and more the larger it is."""
_FILES_KEPT, BYTES_KEPT = 1_000, 64 * 2**20
"""The child lets go of what it read first once it keeps more; the parent asks for a batch at a time, which is less."""
_tickets = count()


@dataclass(frozen=True)
class IsolatedReader(Reader):
    """A `Reader` whose files and media are opened in a child process. What must be fetched is fetched here."""

    process: Process = field(default_factory=lambda: Process(Served))

    @classmethod
    def of(cls, reader: Reader) -> IsolatedReader:
        """The same reader, isolated."""
        told = {one.name: getattr(reader, one.name) for one in fields(reader)}
        inner = replace(reader, fetch=None, follow=None, opened=Opened())
        process = Process(Served, inner)
        return cls(**{**told, "opened": _Ending(process)}, process=process)

    def _candidates(self, item: Item) -> Iterator[Candidate]:
        if isinstance(item.content, Unlisted | Unreadable | Moved | str):
            yield from super()._candidates(item)
            return
        asked = _Asked(self.process, item, self._fetched(item))
        for number, told in enumerate(asked.ask("read")):
            made = told.made if isinstance(told.made, Loaded) else partial(asked.ask, "load", number)
            yield replace(told, made=made, likely_tokens=told.likely_tokens and partial(asked.ask, "tokens", number))

    def _fetched(self, item: Item) -> dict[str, bytes]:
        content = item.content
        if isinstance(content, Media) and content.is_url and content.data is None and self.fetch is not None:
            return {content.location or "": self.fetch(content.location or "")}
        return {}


class _Ending(Opened):
    """When nothing is cut any more, the child ends."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def by(self, pieces: Pieces | None) -> None:
        super().by(pieces)
        if pieces is None:
            self._process.close()


class _Asked:
    """What is asked about one item. Once it has brought the child down it is not asked again."""

    def __init__(self, process: Process, item: Item, fetched: Mapping[str, bytes]) -> None:
        self._process, self._request = process, (next(_tickets), item, fetched)
        self._name, self._limit_s = source_of(item) or "the item", _limit_s(item)
        self._failure: MediaError | None = None

    def ask(self, what: str, number: int = 0) -> Any:
        if self._failure is not None:
            raise self._failure
        try:
            return self._process.ask(what, number, *self._request, limit_s=self._limit_s)
        except CrashedError as error:
            self._failure = MediaError(f"{self._name} crashes what reads it: {error}", "damaged")
        except StalledError as error:
            self._failure = MediaError(f"{self._name} cannot be read to its end: {error}", "damaged")
        raise self._failure


class Served:
    """What the child does."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: OrderedDict[int, list[Candidate]] = OrderedDict()

    def answer(self, *request: Any) -> Any:
        """See `_answer`."""
        return self._answer(*request)

    def _answer(self, what: str, number: int, ticket: int, item: Item, fetched: Mapping[str, bytes]) -> Any:
        """The candidates of an item ("read"); of one of them what is embedded ("load") or its likely tokens."""
        if what == "read" or ticket not in self._read:
            reader = replace(self._reader, fetch=fetched.__getitem__ if fetched else None)
            self._read[ticket] = list(reader.candidates(item))
            self._forget()
        found = self._read[ticket]
        if what == "read":
            return [self._told(one) for one in found]
        if what == "tokens":
            return dict((found[number].likely_tokens or dict)())
        return self._ready(found[number].load())

    def _forget(self) -> None:
        """Keep the files that were read last."""
        sizes = [sum(one.size_bytes for one in found) for found in self._read.values()]
        kept, size_bytes = 0, 0
        for size in reversed(sizes):
            size_bytes += size
            if kept and (kept >= _FILES_KEPT or size_bytes > BYTES_KEPT):
                break
            kept += 1
        for _ in range(len(self._read) - kept):
            self._read.popitem(last=False)

    def _told(self, candidate: Candidate) -> Candidate:
        """As the parent gets it: with the text that it is, without the medium."""
        made, likely = candidate.made, candidate.likely_tokens and dict
        if isinstance(made, Loaded) and not made.content.has_media:
            return replace(candidate, likely_tokens=likely)
        return replace(candidate, made=_later, likely_tokens=likely)

    def _ready(self, loaded: Loaded) -> Loaded:
        """With the bytes of its media as they are sent, so that the parent opens and decodes nothing."""
        content = loaded.content
        parts = [self._as_sent(part) if isinstance(part, Media) else part for part in content.parts]
        return replace(loaded, content=Content(*parts, title=content.title))

    def _as_sent(self, part: Media) -> Media:
        if part.info is not None or part.is_url or part.is_reference:
            return part
        data = part.local_bytes(root=self._reader.root) or b""
        if part.modality == "image":
            return self._picture(part, data)
        info = examine(part, self._reader.facts, data=data)
        mime_type, sent = as_sent(data, info)
        if isinstance(part, Video):
            ready: Media = Video(sent, mime_type, start_s=part.start_s, end_s=part.end_s, fps=part.fps)
        else:
            ready = type(part)(sent, mime_type)
        codec = info.codec if info.codec in CODECS or not isinstance(part, Video) else ENCODED_CODEC
        ready.info = replace(info, mime_type=mime_type, size_bytes=len(sent), codec=codec)
        return ready

    def _picture(self, part: Media, data: bytes) -> Media:
        kind = kind_of(data[:HEAD_BYTES])
        mime_type = kind.mime_type if kind else part.mime_type or ""
        with opened_picture(BytesIO(data), repr(part), mime_type) as picture:
            width, height = picture.size
            if mime_type not in self._reader.facts.image_types:
                plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
                data, mime_type = png_of(plain), "image/png"
        ready = Image(data, mime_type)
        size = len(data)
        ready.info = MediaInfo(modality="image", mime_type=mime_type, size_bytes=size, width=width, height=height)
        return ready


def _later() -> Loaded:
    """Stands for what the child makes."""
    raise AssertionError("what is embedded is made by the child")


def _limit_s(item: Item) -> float:
    """How long one answer about an item may take."""
    content = item.content
    place = content.location if isinstance(content, Media) else content
    size = len(content.data or b"") if isinstance(content, Media) else 0
    with suppress(OSError, TypeError, ValueError):
        size = os.stat(place).st_size  # type: ignore[arg-type]  # of what is no path: TypeError
    return LEAST_S + size / BYTES_A_S
