"""Candidates gathered a batch at a time: numbered, loaded, and brought together where they are one record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gemini_embed.content import Content, Part
from gemini_embed.errors import Completed, InputError, MediaError
from gemini_embed.indexing.candidates import Candidate, Reader
from gemini_embed.indexing.items import Item, ItemLike
from gemini_embed.indexing.pieces import Loaded
from gemini_embed.indexing.scratch import Seen
from gemini_embed.indexing.walking import walked
from gemini_embed.records import FILE_STATE, Record
from gemini_embed.result import EmbeddingResult, OnError, RefusedItem
from gemini_embed.stores import FloatArray, Store

BATCH_BYTES = 8 * 2**20
"""Media of one batch, about: several batches are in memory at once, and once more as base64 while they are sent."""

_EMPTY_ON_PURPOSE = ("__init__.py", "__init__.pyi", "py.typed")

Skip = Callable[[int, ItemLike, str], None]
"""Told the position of an item that is left out, the item, and why."""


@dataclass(eq=False)
class Waiting:
    """A record to be written, and the places in `items` that want it."""

    positions: list[int]
    record: Record
    candidate: Candidate
    loaded: Loaded | None = None

    @property
    def content_key(self) -> str:
        """Equal keys mean equal vectors."""
        return self.candidate.content_key

    def take(self, twin: Waiting) -> None:
        """Another item with the same id: it came later, so its metadata count, and its text if it brings one."""
        brings = twin.candidate.has_text
        self.record = twin.record if brings else replace(twin.record, page_content=self.record.page_content)
        self.candidate = replace(self.candidate, has_text=brings or self.candidate.has_text)
        self.positions += twin.positions

    def with_text(self, text: str) -> None:
        """The text that the item did not bring."""
        if not self.candidate.has_text:
            self.record = replace(self.record, page_content=text)

    def kept_of(self, known: Record) -> None:
        """The store holds it: what the item did not bring stays, its text and what a sync noted of the file."""
        self.with_text(known.page_content)
        if FILE_STATE in known.metadata and FILE_STATE not in self.record.metadata:
            metadata = {**self.record.metadata, FILE_STATE: known.metadata[FILE_STATE]}
            self.record = replace(self.record, metadata=metadata)

    def described(self, text: str) -> None:
        """What was said of its window, which is let go of."""
        self.with_text(text)
        self.loaded = self.loaded and replace(self.loaded, window=None)

    def load(self) -> Loaded:
        """Make what is embedded, and take the text that comes with it. Raises InputError."""
        self.loaded = self.candidate.load()
        self.with_text(self.loaded.text)
        return self.loaded


class AddBatch:
    """Loaded records whose contents are embedded together. Equal contents form a group, which is embedded once."""

    def __init__(self, records: Iterable[Waiting]) -> None:
        groups: dict[str, list[Waiting]] = {}
        for one in records:
            groups.setdefault(one.content_key, []).append(one)
        self.groups = list(groups.values())

    @property
    def contents(self) -> list[Content]:
        """One per group."""
        return [(group[0].loaded or group[0].load()).content for group in self.groups]

    @property
    def size_bytes(self) -> int:
        """Of its media in memory, about."""
        return sum(one.candidate.size_bytes for one in self.records)

    @property
    def records(self) -> list[Waiting]:
        """Of all groups."""
        return [one for group in self.groups for one in group]

    def of(self, refused: RefusedItem) -> list[Waiting]:
        """The records whose content was refused."""
        return self.groups[refused.position]

    def rows(self, completed: Completed) -> tuple[list[Waiting], FloatArray]:
        """The records of finished groups, and a vector for each, shape (n, d)."""
        groups = [self.groups[i] for i in completed.positions]
        waiting = [one for group in groups for one in group]
        if len(waiting) == len(groups):
            return waiting, completed.values
        return waiting, np.repeat(completed.values, [len(group) for group in groups], axis=0)

    @property
    def places(self) -> list[list[int]]:
        """Of each group, the places in what the caller passed that want its vector."""
        return [sorted(position for one in group for position in one.positions) for group in self.groups]


def finished(result: EmbeddingResult) -> Completed:
    """The vectors of a result that has them."""
    if not result.refused:
        return Completed(range(len(result)), result.values, result.usage)
    there = sorted(set(range(len(result))) - {item.position for item in result.refused})
    return Completed(there, result.values[there], result.usage)


def batches(
    items: Iterable[ItemLike], size: int, reader: Reader, on_error: OnError, skip: Skip
) -> Iterator[list[Waiting]]:
    """What `items` would become, at most `size` records at a time, fewer where their media are large; nothing is read
    before it is wanted. An item that cannot be indexed is an InputError of its position, or told to `skip`.

    Raises:
        InputError: something that is no collection of items, or no size.
    """
    if size < 1:
        raise InputError(f"batch_size is a whole number from 1 up, not {size}")
    if isinstance(items, (bytes, Part, Content, Item)):
        raise InputError(f"add takes a list of items, not one {type(items).__name__}: [x] for a single one")
    gathered: list[Waiting] = []
    size_bytes = 0
    for position, item in enumerate(items):
        for like in _files_in(item, reader):
            try:
                for candidate in reader.candidates(like):
                    gathered.append(Waiting([position], candidate.record, candidate))
                    size_bytes += candidate.size_bytes
                    if len(gathered) >= size or size_bytes >= BATCH_BYTES:
                        yield gathered
                        gathered, size_bytes = [], 0
            except InputError as error:
                if on_error == "raise":
                    raise error.at(position) from error.__cause__
                if not _is_empty_marker(like, error):
                    skip(position, like, error.problem)
    if gathered:
        yield gathered


def unknown(gathered: Iterable[Waiting], store: Store, seen: Seen) -> list[Waiting]:
    """Of what was gathered, records that came for the first time and that the store does not hold."""
    first = [one for one in gathered if seen.is_new(one.record.id)]
    known = {record.id for record in store.get([one.record.id for one in first])}
    return [one for one in first if one.record.id not in known]


def _is_empty_marker(like: ItemLike, error: InputError) -> bool:
    """Whether it is one of the files that are empty on purpose: nobody misses them."""
    is_empty = isinstance(error, MediaError) and error.kind == "empty"
    return is_empty and isinstance(like, os.PathLike) and Path(like).name in _EMPTY_ON_PURPOSE


def _files_in(item: ItemLike, reader: Reader) -> Iterable[ItemLike]:
    """The files of an item that is a folder, else the item."""
    content = item.content if isinstance(item, Item) else item
    if not isinstance(content, os.PathLike) or not os.path.isdir(content):  # which never raises
        return [item]
    found = walked(Path(content), reader.root, reader.choice)
    return (replace(item, content=one) for one in found) if isinstance(item, Item) else found
