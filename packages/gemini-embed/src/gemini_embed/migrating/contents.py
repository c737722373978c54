"""A record of a collection as an item to be embedded anew: its text, or its medium cut from its file again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeAlias

from gemini_embed.content import Content, Image, Media, Text, media_of_type
from gemini_embed.errors import InputError, MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.indexing.candidates import Candidate, Fetch, Moved
from gemini_embed.indexing.identity import as_json, renewed, sha256_of, uuid_of
from gemini_embed.indexing.items import Item, Unreadable
from gemini_embed.indexing.metadata import check_text, json_object
from gemini_embed.indexing.pieces import Loaded
from gemini_embed.indexing.recognising import digest_of
from gemini_embed.media import read_file
from gemini_embed.media.probing import probe_sound
from gemini_embed.migrating.standing import Standing
from gemini_embed.readers import Readers, held_pictures, is_read_in_parts
from gemini_embed.records import Record
from gemini_embed.stores.base import Store
from gemini_embed.windows import Slices, probe
from gemini_embed.windows.spans import Span

Ids: TypeAlias = Literal["new", "keep"]
OnMissing: TypeAlias = Literal["skip", "text"]
"""What becomes of a medium that is gone or has changed: left out, or its text is embedded in its place."""


class NotMovableError(InputError):
    """A record that cannot be embedded anew; `reason` says why in a word or two."""

    def __init__(self, problem: str, reason: str, *, position: int | None = None) -> None:
        super().__init__(problem, position=position)
        self.reason = reason


_MEDIA = ("image", "audio", "video", "pdf")


@dataclass
class Mover:
    """Makes items of records, for the target whose fingerprint has the digest `becomes`."""

    was: str | None
    """Digest of the fingerprint that the ids of ours were made with; None: they are others'."""
    becomes: str
    ids: Ids | None
    """None: new for records of ours, and kept for those that others added to a collection of ours."""
    store: Store
    """The target."""
    root: str | None = None
    fetch: Fetch | None = None
    on_missing: OnMissing = "skip"
    readers: Readers = field(default_factory=Readers)
    """The target's own."""
    captioned: int = 0
    """Media whose text was embedded instead."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why records were left out, in a word or two, by their new ids."""
    _last: tuple[Record, str] | None = None
    """The record that was asked about last, since it is asked about more than once, and its new id."""
    _checked: dict[str, str] = field(default_factory=dict)
    """The hash of the file that was looked into last."""
    _pictures: tuple[str, dict[str, bytes]] = ("", {})
    """The file whose pictures were read last, and these by what records tell as their hash."""

    def begin(self) -> None:
        """All records come anew: what was found out about them before, and about their files, may be otherwise now."""
        self.captioned = 0
        self.problems.clear()
        self._checked.clear()
        self._pictures = ("", {})

    def new_id(self, record: Record) -> str:
        """The id that a record gets, the same each time it is asked for."""
        if self._last is None or self._last[0] is not record:
            self._last = record, self._new_id(record)
        return self._last[1]

    def _new_id(self, record: Record) -> str:
        if self.ids == "keep" and self.store.takes_id(record.id):
            return record.id
        if self.was is not None and (new := renewed(record, self.was, self.becomes).id) != record.id:
            return new
        if self.ids is None and "sha256" not in record.metadata and self.store.takes_id(record.id):
            return record.id
        return uuid_of(json.dumps([record.id, self.becomes]))

    def item(self, standing: Standing, *, check: bool = False) -> Item:
        """What is added for it. `check`: media are looked for now, and not when they are embedded."""
        record = standing.record
        source = record.source or record.id
        try:
            candidate = self._candidate(standing)
            if check and not isinstance(candidate.made, Loaded) and not self._may_caption(record):
                self._look(record)
        except InputError as error:
            self.problems[self.new_id(record)] = reason_of(error)
            return Item(Unreadable(error), source=source)
        return Item(Moved(candidate), source=source)

    def problem(self, standing: Standing) -> str | None:
        """Why a record cannot be embedded anew, in a word or two; None: it can."""
        is_out = isinstance(self.item(standing, check=True).content, Unreadable)
        return self.problems[self.new_id(standing.record)] if is_out else None

    def _candidate(self, standing: Standing) -> Candidate:
        record = standing.record
        record = Record(self.new_id(record), record.page_content, json_object(record.metadata))
        check_text(record)
        if record.modality in _MEDIA and record.uri is not None:
            key = json.dumps([record.metadata.get("sha256") or record.uri, standing.title, record.window.metadata])
            load = partial(self._medium, standing)
            return Candidate(record, key, load, size_bytes=2**20, replaces=False)
        if record.modality in (None, "text"):
            text, record = self._whole_text(standing, record)
        elif self._may_caption(record):
            text = record.page_content
            self.captioned += 1
        elif record.modality == "mixed":
            raise NotMovableError("interleaved parts are not in a store, only their text: add its source anew", "mixed")
        else:
            raise NotMovableError("its bytes came from memory, and no store keeps them: add it anew", "from memory")
        if not text.strip():
            raise NotMovableError("there is no text, and no medium: what it was made of is not in the store", "no text")
        content = Content(Text(text), title=standing.title)
        return Candidate(record, as_json([sha256_of(text), standing.title]), Loaded(content), replaces=False)

    def _whole_text(self, standing: Standing, record: Record) -> tuple[str, Record]:
        """The text; of one that its store has cut, what stands in its file."""
        if not standing.is_cut:
            return record.page_content, record
        start, end = record.window.char_start, record.window.char_end
        if record.uri is None or "://" in record.uri:
            raise NotMovableError("its store has cut the text, and there is no file to read the rest from", "text cut")
        text = read_file(record.uri, root=self.root).decode("utf-8", "replace")[start:end]
        if sha256_of(text) != record.metadata.get("sha256"):
            raise NotMovableError(
                f"its store has cut the text, and {record.uri} holds another one now: add the file anew", "text cut"
            )
        return text, replace(record, page_content=text)

    def _medium(self, standing: Standing) -> Loaded:
        record = standing.record
        try:
            self._look(record)
            return Loaded(Content(self._cut(record), title=standing.title), record.page_content)
        except InputError as error:
            if not self._may_caption(record):
                self.problems[self.new_id(record)] = reason_of(error)
                raise
        self.captioned += 1
        return Loaded(Content(Text(record.page_content), title=standing.title), record.page_content)

    def _may_caption(self, record: Record) -> bool:
        return self.on_missing == "text" and bool(record.page_content.strip())

    def _look(self, record: Record) -> None:
        """Whether the medium is there and what it was. Windows of one file come one after the other, mostly."""
        if self._is_in_a_file(record):
            self._picture(record)
            return
        part = _part(record)
        told = record.metadata.get("sha256")
        if part.is_url or part.is_reference:
            return
        if record.uri not in self._checked:
            self._checked = {record.uri or "": digest_of(part, self.root)[0]}
        if isinstance(told, str) and self._checked[record.uri or ""] != told:
            raise NotMovableError(f"{record.uri} has changed since it was indexed: add it anew", "changed")

    def _picture(self, record: Record) -> Image:
        """A picture in a document, read out of it again."""
        uri = record.uri or ""
        if self._pictures[0] != uri:
            self._pictures = uri, held_pictures(uri, self.root, self.readers)
        data = self._pictures[1].get(str(record.metadata.get("sha256")))
        if data is None:
            raise NotMovableError(f"{uri} holds this picture no more: add it anew", "changed")
        return Image(data)

    def _is_in_a_file(self, record: Record) -> bool:
        """Whether it is a picture in a file of another kind."""
        uri = record.uri or ""
        return record.modality == "image" and "://" not in uri and is_read_in_parts(uri, self.readers)

    def _cut(self, record: Record) -> Media:
        """The medium, or the window of it that the record is, as it is cut when a file is added."""
        if self._is_in_a_file(record):
            return self._picture(record)
        part, window = _part(record), record.window
        if not window.metadata:
            return part
        source = part.location or ""
        held = self.fetch(source) if part.is_url and self.fetch else source
        info = probe(held, root=self.root)
        if info.modality == "video" and part.modality == "audio":
            info = probe_sound(held, root=self.root) or info
        if info.modality != part.modality:
            raise NotMovableError(f"{record.uri} is {info.mime_type}, not {part.modality}: add it anew", "changed")
        slices = Slices(held, info, (_span(window),), self.root)
        (piece,) = slices.windows()
        made = type(part)(piece.data, piece.mime_type)
        made.info = slices.info_of(piece)
        return made


def _part(record: Record) -> Media:
    kinds = {"pdf": "application/pdf"}
    part = media_of_type(kinds.get(record.modality or "", f"{record.modality}/*"))
    if part is None:
        raise NotMovableError(f"there is no medium of the kind {record.modality!r}", "unsupported")
    return part(record.uri, record.mime_type)


def _span(window: Excerpt) -> Span:
    if window.page_start is not None:
        return Span(window.page_start - 1, window.page_end or window.page_start)
    if window.end_s is None:
        raise NotMovableError("its record does not say where its window ends", "window")
    return Span(window.start_s or 0.0, window.end_s)


def reason_of(error: InputError) -> str:
    """In a word or two."""
    if isinstance(error.__cause__, FileNotFoundError):
        return "gone"
    if isinstance(error, NotMovableError):
        return error.reason
    return error.kind if isinstance(error, MediaError) else "unreadable"
