"""A query as hits: embedded once however its filters change, the store held for a call only."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gemini_embed import Hit, InputError, Record, Text
from gemini_embed.stores import FilterLike

from gemini_embed_cli.answers import Found, found
from gemini_embed_cli.folder import words_kept
from gemini_embed_cli.serving.page.asking import KINDS, Asked
from gemini_embed_cli.serving.page.excerpts import excerpt
from gemini_embed_cli.serving.page.kept import Kept
from gemini_embed_cli.serving.page.limits import Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gemini_embed_cli.folder import OpenFolder

QUERIES, RECORDS = 200, 2_000
"""Kept in memory: a query is not embedded again when its filter changes, a hit shows its picture without the store."""
PLAYED = frozenset({
    "audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/ogg", "audio/mp4", "audio/aac", "audio/flac",
    "audio/webm", "video/mp4", "video/webm", "video/ogg",
})  # fmt: skip
"""What browsers play as it is, from any second; of others they get the window as MP4, WAV or MP3."""


class Answers:
    """What is found in a folder. Thread-safe; its methods block."""

    def __init__(self, folder: OpenFolder) -> None:
        self._folder = folder
        self._vectors: Kept[bytes, NDArray[np.float32]] = Kept(QUERIES)
        self._records: Kept[str, Record] = Kept(RECORDS)

    def about(self) -> dict[str, Any]:
        """What is searched: the folder, how many records of each kind, by which model.

        Raises:
            GeminiEmbedError: there is no index, or no key.
        """
        settings = self._folder.settings
        with self._folder.index() as index:
            index.store.open(index.embedder.fingerprint)
            counts = index.store.count_each([{"modality": kind} for kind in KINDS])
        return {
            "folder": settings.folder.name,
            "path": str(settings.folder),
            "kinds": dict(zip(KINDS, counts, strict=True)),
            "model": index.embedder.model,
            "emulator": settings.emulator,
        }

    def answer(self, asked: Asked) -> dict[str, Any]:
        """The hits of a query, best first, and how long each half took, in milliseconds.

        Raises:
            Refused: the hit whose like is looked for is not there any more.
            GeminiEmbedError: the query cannot be embedded, or the store not be read.
        """
        began = time.perf_counter()
        vector = self._vector(asked) if asked.like is None else self._vector_of(asked.like)
        embedded = time.perf_counter()
        with self._folder.index() as index:
            words = words_kept(index, asked.words) if asked.like is None else None
            more = 0 if asked.like is None else 1  # itself, which is nearest
            hits = [
                hit
                for hit in index.search_vector(vector, asked.k + more, filter=_only(asked.kinds), lexical=words)
                if hit.record.id != asked.like
            ][: asked.k]
        for hit in hits:
            self._records.put(hit.record.id, hit.record)
        return {
            "hits": [card(hit, rank, asked.words, self._folder.settings.folder) for rank, hit in enumerate(hits, 1)],
            "embedding_ms": round((embedded - began) * 1000, 1),
            "searching_ms": round((time.perf_counter() - embedded) * 1000, 1),
        }

    def hit(self, record_id: str) -> Hit:
        """The hit with this id, whose medium is opened inside of the folder only.

        Raises:
            Refused: there is none.
        """
        with self._folder.index() as index:
            record = self._records.get(record_id)
            if record is None:
                index.store.open(index.embedder.fingerprint)
                record = next(iter(index.store.get([record_id])), None)
            if record is None:
                raise Refused(404, "That is not in the index (any more).")
            self._records.put(record_id, record)
            return Hit(record, 0.0, opener=index.opener)

    def _vector(self, asked: Asked) -> NDArray[np.float32]:
        vector = self._vectors.get(asked.key)
        if vector is None:
            parts = [*([Text(asked.words)] if asked.words else []), *asked.media]
            vector = self._folder.embedder.embed([parts], side="query").values[0]
            self._vectors.put(asked.key, vector)
        return vector

    def _vector_of(self, record_id: str) -> NDArray[np.float32]:
        with self._folder.index() as index:
            try:
                vectors: Mapping[str, NDArray[np.float32]] = index.origin.vectors([record_id])
            except (ValueError, InputError) as error:  # no id of this store's form
                raise Refused(404, "That is not in the index (any more).") from error
        if record_id not in vectors:
            raise Refused(404, "That is not in the index (any more).")
        return vectors[record_id]


def card(hit: Hit, rank: int, words: str, root: Path) -> dict[str, Any]:
    """A hit as the page is given it: what all doors hand out, and what a card shows."""
    one = found(hit, rank, root)
    shown = one.to_dict() | {"name": name_of(one), "place": place_of(one), "excerpt": excerpt(one.text, words)}
    shown.pop("text", None)
    if one.modality in ("audio", "video"):
        shown["plays"] = (hit.record.mime_type or "") in PLAYED and "://" not in (hit.record.uri or "://")
    return shown


def name_of(one: Found) -> str:
    """What a card is called: the file's name, or the address."""
    source = one.source
    return source if "://" in source else source.rpartition("/")[2]


def place_of(one: Found) -> str:
    """Where in the source, in words: `page 3`, `0:32 to 1:04`, `lines 6 to 8`."""
    if one.page is not None:
        return f"page {one.page}"
    if one.start_s is not None and one.end_s is not None:
        return f"{_clock(one.start_s)} to {_clock(one.end_s)}"
    if one.lines is not None:
        return f"line {one.lines[0]}" if one.lines[0] == one.lines[1] else f"lines {one.lines[0]} to {one.lines[1]}"
    return ""


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _only(kinds: Sequence[str]) -> FilterLike:
    return {"modality": list(kinds)} if kinds else None
