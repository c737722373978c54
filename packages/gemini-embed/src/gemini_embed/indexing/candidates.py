"""An item read: the records it would become, each with what is embedded for it, which is made only if it is wanted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from gemini_embed.content import Content, Image, Media, Text, Video
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.indexing.choosing import Choice
from gemini_embed.indexing.identity import Identity, hashed, modality_of, sha256_of
from gemini_embed.indexing.items import Item, ItemLike, Unlisted, Unreadable
from gemini_embed.indexing.metadata import check_name, check_text, json_object
from gemini_embed.indexing.origins import Origin, names_a_file, origin_of
from gemini_embed.indexing.pieces import Loaded, Opened, Pieces
from gemini_embed.indexing.recognising import ReadFile, TextFile, file_part
from gemini_embed.models import ModelFacts
from gemini_embed.notices import warn
from gemini_embed.readers import Passage, Picture, Readers, contents_of
from gemini_embed.records import Record
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows import Cutting, Window, text_windows

_WHOLE = Excerpt()

Fetch = Callable[[str], bytes]
"""The bytes at a URL."""


@dataclass
class Candidate:
    """A record that an item would become. Equal `content_key`s mean equal vectors."""

    record: Record
    content_key: str
    made: Loaded | Callable[[], Loaded]
    """What is embedded, and the text that comes with it; or what makes it."""
    has_text: bool = True
    """Whether `record` has its text; else it comes when it is loaded, and what a store holds keeps what it had."""
    size_bytes: int = 0
    """What loading brings into memory, about."""
    likely_tokens: Callable[[], Mapping[str, int]] | None = None
    """Tells them by modality, where that can be told without loading."""
    begins: bool = True
    """Whether it is the first of its item."""
    replaces: bool = True
    """Whether older records of its source go once it is in."""
    window: Any = None
    """Which of its item's records it is, as its id says (`Identity.window`)."""
    twin: str | None = None
    """The id of a record of another source in the store, whose vector is that of this one too."""

    def load(self) -> Loaded:
        """Make what is embedded, where it is not at hand. Raises InputError."""
        return self.made if isinstance(self.made, Loaded) else self.made()


Follow: TypeAlias = Callable[[Item, Iterator[Candidate]], Iterator[Candidate]]
"""The candidates of an item, with what is known of them from elsewhere."""


@dataclass(frozen=True)
class Moved:
    """The content of an item that is a record of another index, to be embedded anew and to stay the record it is."""

    candidate: Candidate


@dataclass(frozen=True)
class Reader:
    """Reads items the way that one add wants it: files inside of `root` only, long ones cut as `cutting` says."""

    digest: str
    """Of the fingerprint."""
    facts: ModelFacts
    root: str | None = None
    cutting: Cutting = field(default_factory=Cutting)
    fetch: Fetch | None = None
    """None leaves media at URLs unread; they cannot be cut then."""
    describes: bool = False
    """Whether media get their text from `describe`."""
    choice: Choice = field(default_factory=Choice)
    """What of folders among items is wanted."""
    follow: Follow | None = None
    """Sees the candidates of each item pass, as a sync does."""
    added_at: float | None = None
    """Written into records that replace nothing, unless an item tells its own."""
    readers: Readers = field(default_factory=Readers)
    opened: Opened = field(default_factory=Opened)

    def candidates(self, like: ItemLike) -> Iterator[Candidate]:
        """The records of an item, in order. Files are hashed and looked into to their end before the first.

        Raises:
            InputError: it cannot be indexed; the error names the file, and no position.
        """
        item = like if isinstance(like, Item) else Item(like)
        found = self._candidates(item)
        return found if self.follow is None else self.follow(item, found)

    def _candidates(self, item: Item) -> Iterator[Candidate]:
        if isinstance(item.content, Unlisted):
            raise InputError(item.content.reason)
        if isinstance(item.content, Unreadable):
            raise item.content.error
        if isinstance(item.content, Moved):
            yield item.content.candidate
            return
        found = None
        if isinstance(item.content, os.PathLike):
            check_name(item.content)
            found = file_part(Path(item.content), self.root, self.readers)
        if isinstance(found, ReadFile):
            yield from self._read(item, found)
            return
        origin = self._origin(item, found)
        part = origin.content.parts[0]
        if len(origin.content.parts) > 1 or not isinstance(part, (Text, Media)):
            yield self._whole(item, origin)
        elif isinstance(part, Text):
            yield from self._passages(item, origin, part)
        elif part.modality == "image" and self.cutting.every_frame and not part.is_reference:
            yield from self._windows(item, origin, part)
        elif part.modality == "image" or part.is_reference or (isinstance(part, Video) and part.excerpt.metadata):
            yield self._whole(item, origin)
        else:
            yield from self._windows(item, origin, part)

    def _origin(self, item: Item, found: Media | TextFile | None) -> Origin:
        """What an item is; `found` is what its file is, where it names one."""
        if isinstance(found, TextFile):
            content = Content(found.said.text, title=item.title)
            return Origin(content, str(found.path), found.mime_type, self.cutting.text_tokens, place=found.said.place)
        if found is not None:
            return Origin(Content(found, title=item.title), str(item.content))
        if isinstance(item.content, str):
            if names_a_file(item.content):
                warn(f"a str in a list is a text: for the file of that name say Path({item.content!r})")
            return Origin(Content(item.content, title=item.title), None, "text/plain", self.facts.max_tokens)
        content = Content.of(item.content)
        if item.title is not None:
            content = Content(*content.parts, title=item.title)
        places = (part.location for part in content.parts if isinstance(part, Media))
        return Origin(content, next(filter(None, places), None), "text/plain", self.facts.max_tokens)

    def _whole(self, item: Item, origin: Origin) -> Candidate:
        """One record of everything."""
        content = origin.content
        looks = [hashed(part, self.root) for part in content.parts]
        digest = looks[0].sha256 if len(looks) == 1 else sha256_of("\n".join(one.sha256 for one in looks))
        excerpt = next((part.excerpt for part in content.parts if isinstance(part, Video)), _WHOLE)
        identity = Identity(
            key=[digest, content.title],
            window=None,
            modality=modality_of(content),
            mime_type=next((one.mime_type for one in looks if one.mime_type), origin.mime_type),
            sha256=None if any(one.unread for one in looks) else digest,
            excerpt=excerpt,
        )
        if excerpt is not _WHOLE and excerpt.metadata:  # the same bytes, but another stretch of them
            identity = identity._replace(key=[digest, content.title, excerpt.metadata])
        record = self._record(item, origin, identity, content.text)
        part = content.parts[0]
        if item.page_content is not None or len(looks) > 1 or not isinstance(part, Media):
            return Candidate(record, identity.content_key, Loaded(content))
        if not self.describes:
            return Candidate(record, identity.content_key, Loaded(content), has_text=False)
        load = partial(self._with_bytes, content, part, identity.mime_type or "")
        return Candidate(record, identity.content_key, load, has_text=False, size_bytes=looks[0].size_bytes)

    def _with_bytes(self, content: Content, part: Media, mime_type: str) -> Loaded:
        """A medium of one record, for who is to describe it."""
        data = part.local_bytes(root=self.root)
        if data is None and part.is_url and self.fetch:
            data = self.fetch(part.location or "")
        return Loaded(content, window=Window(mime_type=mime_type, data=data or b""))

    def _passages(self, item: Item, origin: Origin, part: Text) -> Iterator[Candidate]:
        """A record for each passage of a text, one if it is short. Equal passages of a source are numbered; where it is
        stands is no part of an id, so an edit changes the ids of what was edited."""
        most = origin.text_tokens
        if most is None or likely_tokens(part.text) <= most:
            digest = sha256_of(part.text)
            identity = Identity([digest, origin.content.title], None, "text", origin.mime_type, digest, _WHOLE)
            record = self._record(item, origin, identity, part.text)
            yield Candidate(record, identity.content_key, Loaded(origin.content))
            return
        tokens = min(self.cutting.text_tokens, most)
        windows = text_windows(part.text, tokens=tokens, overlap=self.cutting.overlap_tokens)
        cut = (Passage(window.text, origin.place(window)) for window in windows)
        yield from self._numbered(item, ((passage, origin) for passage in cut))

    def _read(self, item: Item, found: ReadFile) -> Iterator[Candidate]:
        """A record for all that a reader finds in a file, titled with the file's name and what the place is about."""
        tokens = min(self.cutting.text_tokens, self.facts.max_tokens or self.cutting.text_tokens)
        most = self.cutting.max_windows
        held = contents_of(found.reader, found.data, str(found.path), most_tokens=tokens, most_passages=most)
        passages = [one for one in held if isinstance(one, Passage)]
        yield from self._numbered(item, ((one, origin_of(item, found, one, Text(one.text))) for one in passages))
        for number, picture in enumerate(one for one in held if isinstance(one, Picture)):
            yield self._pictured(item, found, picture, begins=not passages and number == 0)

    def _pictured(self, item: Item, found: ReadFile, picture: Picture, *, begins: bool) -> Candidate:
        """A picture in a file."""
        part = Image(picture.data)
        origin = origin_of(item, found, picture, part)
        look = hashed(part, self.root)
        stretch = picture.place.metadata
        window = ["image", *stretch.values()] if stretch else None
        digest = picture.key or look.sha256
        key = [digest, origin.content.title, *([window] if window else [])]
        identity = Identity(key, window, "image", look.mime_type, digest, picture.place)
        record = self._record(item, origin, identity, picture.text)
        shown = Window(mime_type=look.mime_type or "", data=picture.data, text=picture.text)
        made = Loaded(origin.content, picture.text, shown)
        has_text = bool(picture.text) or item.page_content is not None
        size = look.size_bytes
        return Candidate(record, identity.content_key, made, has_text, size_bytes=size, begins=begins, window=window)

    def _numbered(self, item: Item, passages: Iterable[tuple[Passage, Origin]]) -> Iterator[Candidate]:
        seen: Counter[tuple[str, str | None]] = Counter()
        for place, (passage, origin) in enumerate(passages):
            digest, title = sha256_of(passage.text), origin.content.title
            number, seen[digest, title] = seen[digest, title], seen[digest, title] + 1
            identity = Identity([digest, title], number or None, "text", origin.mime_type, digest, passage.place)
            record = self._record(item, origin, identity, passage.text)
            made = Loaded(Content(passage.text, title=title))
            yield Candidate(record, identity.content_key, made, begins=place == 0, window=identity.window)

    def _windows(self, item: Item, origin: Origin, part: Media) -> Iterator[Candidate]:
        """A record for each window of a recording, a video, a PDF or a picture with several frames."""
        title, is_claimed = origin.content.title, not isinstance(item.content, os.PathLike)
        of = partial(Pieces.of, fetch=self.fetch, is_claimed=is_claimed)
        pieces = of(part, self.facts, self.cutting, root=self.root, title=title, opened=self.opened)
        if pieces.is_one_picture:
            yield self._whole(item, origin)
            return
        yield from self._cut(item, origin, pieces)
        if self.cutting.video_sound and pieces.info.modality == "video":
            of_sound = partial(Pieces.of_sound, pieces)
            sound = of_sound(self.facts, self.cutting, root=self.root, title=title, opened=self.opened)
            yield from self._cut(item, origin, sound, begins=False) if sound else ()

    def _cut(self, item: Item, origin: Origin, pieces: Pieces, *, begins: bool = True) -> Iterator[Candidate]:
        digest, title, modality = pieces.digest, origin.content.title, pieces.info.modality
        for number, excerpt in enumerate(pieces.excerpts):
            window = [modality, *excerpt.metadata.values()]
            key = [digest, title, window]
            identity = Identity(key, window, modality, pieces.info.mime_type, digest, excerpt)
            yield Candidate(
                record=self._record(item, origin, identity, ""),
                content_key=identity.content_key,
                made=partial(pieces.load, number),
                has_text=item.page_content is not None,
                size_bytes=pieces.info.size_bytes // len(pieces.excerpts),
                likely_tokens=partial(self._likely, pieces, number),
                begins=begins and number == 0,
                window=window,
            )

    def _likely(self, pieces: Pieces, number: int) -> Mapping[str, int]:
        return {pieces.info.modality: pieces.likely_tokens(number, self.facts)}

    @property
    def _stamp(self) -> Mapping[str, Any]:
        return {} if self.added_at is None else {"added_at": self.added_at}

    def _record(self, item: Item, origin: Origin, identity: Identity, text: str) -> Record:
        metadata = {**self._stamp}
        for known in (origin.metadata, item.metadata):
            if known:
                metadata |= json_object(known)
        source = item.source or metadata.get("source") or origin.uri or f"sha256:{identity.key[0]}"
        if not isinstance(source, str):
            raise InputError(f"the source in metadata must be a string, not {type(source).__name__}")
        told = (
            ("source", source),
            ("modality", identity.modality),
            ("mime_type", identity.mime_type),
            ("title", origin.content.title),
            ("sha256", identity.sha256),
            ("uri", origin.uri),
        )
        for name, value in told:
            if value is not None:
                metadata[name] = value
        if identity.excerpt is not _WHOLE:
            metadata |= identity.excerpt.metadata
        page_content = text if item.page_content is None else item.page_content
        record = Record(identity.record_id(source, self.digest), page_content, metadata)
        check_text(record)
        return record
