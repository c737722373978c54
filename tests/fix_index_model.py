"""What an index must hold after adds and syncs of a folder, told without the library's own walking and adding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import numpy as np
from fix_folders import FORBIDDEN, NAMES, PAGES, PICTURES, Folder
from gemini_embed import Cutting, Embedder, Image, Item, Pdf, Record
from gemini_embed.content import ContentLike
from gemini_embed.models import facts_for
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows import text_windows, windows
from gemini_embed_emulator import Emulator, ReceivedRequest

CUTTING = Cutting(text_tokens=12)
"""Each of the folder's sentences is a passage."""
NAMESPACE = UUID("7f1c5a52-8a0e-5f0f-9b57-6c1f7a0f6e0d")
"""Ids never change, so what they are made of is written down here once more."""
FACTS = facts_for("gemini-embedding-2", "developer")
Vector = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Row:
    """A record, and what its vector is made of."""

    record: Record
    content: ContentLike
    key: str
    """Of the content."""


Held = dict[str, Row]
"""Rows by their ids."""


@dataclass(frozen=True)
class Origin:
    """What the records of one source share."""

    source: str
    digest: str
    """Of the fingerprint."""
    metadata: Mapping[str, Any]

    @classmethod
    def of_text(cls, text: str, source: str | None, digest: str, **metadata: Any) -> Origin:
        """Of a text in memory."""
        return cls(source or f"sha256:{_hash(text)}", digest, {"mime_type": "text/plain", **metadata})

    def rows(self, data: bytes) -> list[Row]:
        """Of what a file holds."""
        if data in PICTURES:
            return [self.row(_hash(data), Image(data), modality="image", mime_type="image/png")]
        if data == PAGES:
            return [
                self.row(_hash(data), Pdf(page.data), page.text, ["pdf", number, number],
                         modality="pdf", mime_type="application/pdf", page_start=number, page_end=number)
                for number, page in enumerate(windows(data, FACTS), 1)
            ]  # fmt: skip
        text, seen = data.decode(), Counter[str]()
        if likely_tokens(text) <= CUTTING.text_tokens:
            return [self.row(_hash(text), text, text)]
        rows = []
        for one in text_windows(text, tokens=CUTTING.text_tokens):
            place = {"char_start": one.char_start, "char_end": one.char_end}
            rows.append(self.row(_hash(one.text), one.text, one.text, number=seen[one.text], **place))
            seen[one.text] += 1
        return rows

    def row(
        self, sha256: str, content: ContentLike, text: str = "", window: Any = None, number: int = 0, **own: Any
    ) -> Row:
        """One of them."""
        key = json.dumps([sha256, None, window] if window else [sha256, None])
        id_ = str(uuid5(NAMESPACE, json.dumps([self.source, window or number or None, key, self.digest])))
        told = {"source": self.source, "modality": "text", "sha256": sha256, **self.metadata, **own}
        return Row(Record(id_, text, told), content, key)


def _hash(data: bytes | str) -> str:
    return sha256(data.encode() if isinstance(data, str) else data).hexdigest()


class Model:
    """Where changes of an index of `folder` lead to."""

    def __init__(self, folder: Folder, digest: str) -> None:
        self._folder, self._digest = folder, digest

    def files(self, names: Iterable[str]) -> dict[str, list[Row] | None]:
        """What each source becomes; None where it cannot be read."""
        found: dict[str, list[Row] | None] = {}
        for name in names:
            source, data = self._folder.source(name), self._folder.read(name)
            mime_type = "text/markdown" if name.endswith(".md") else "text/plain"
            origin = Origin(source, self._digest, {"uri": source, "mime_type": mime_type})
            found[source] = None if data is None else origin.rows(data)
        return found

    def notes(self, items: Iterable[Item]) -> dict[str, list[Row] | None]:
        """What each source becomes by texts; of twins the later counts."""
        found: dict[str, list[Row] | None] = {}
        for item in items:
            text = str(item.content)
            origin = Origin.of_text(text, item.source, self._digest, **item.metadata or {})
            found[origin.source] = [*(found.get(origin.source) or ()), origin.row(_hash(text), text, text)]
        return found

    @staticmethod
    def skipped(sources: Mapping[str, list[Row] | None]) -> set[str]:
        """The sources that are not added, or in part."""
        return {
            source for source, rows in sources.items() if rows is None or any(one.content == FORBIDDEN for one in rows)
        }

    def added(self, held: Held, sources: Mapping[str, list[Row] | None]) -> Held:
        """What an add of all these leads to: each is replaced, but for those that fail in whole or in part."""
        replaced = sources.keys() - self.skipped(sources)
        new = {row.record.id: row for rows in sources.values() for row in rows or () if row.content != FORBIDDEN}
        return {id_: row for id_, row in held.items() if row.record.source not in replaced} | new

    def synced(self, held: Held) -> tuple[Held, int]:
        """What a sync leads to, and how many records it removes as gone."""
        target = self.added(held, self.files(self._folder.walked()))
        names = {self._folder.source(name): name for name in NAMES}
        uris = {id_: names.get(row.record.uri or "") for id_, row in target.items()}
        left = {id_: row for id_, row in target.items() if not self._is_gone(uris[id_])}
        return left, len(target) - len(left)

    def _is_gone(self, name: str | None) -> bool:
        return name is not None and not self._folder.is_there(name) and not self._folder.is_unseen(name)


class Truth:
    """The emulator's vector of a content, and how the content looks on the wire; embedded once each."""

    def __init__(self, embedder: Embedder, emulator: Emulator) -> None:
        self._embedder, self._emulator = embedder, emulator
        self._known: dict[str, tuple[Vector, str]] = {}

    def vector(self, row: Row) -> Vector:
        """Shape (d,)."""
        return self._of(row)[0]

    def wire(self, row: Row) -> str:
        """As `sent` says it."""
        return self._of(row)[1]

    def _of(self, row: Row) -> tuple[Vector, str]:
        if row.key not in self._known:
            vector = self._embedder.embed([row.content]).values[0]
            self._known[row.key] = vector, *sent(self._emulator.requests[-1])
        return self._known[row.key]


def sent(request: ReceivedRequest) -> Counter[str]:
    """The contents that a request wants embedded."""
    bodies = request.json.get("requests", [request.json])
    return Counter(json.dumps(one["content"]["parts"], sort_keys=True) for one in bodies)
