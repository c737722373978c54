"""Items read for an index a chunk at a time: numbered, made ready, and brought together where they are one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.content import Content, Part
from gemini_embed.errors import Completed, GeminiEmbedError, InputError, RefusedItemsError, RequestError
from gemini_embed.items import Item, ItemLike, Prepared, prepare
from gemini_embed.refusals import OnError
from gemini_embed.result import RefusedItem
from gemini_embed.stores.base import FloatArray, Record

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


@dataclass
class Waiting:
    """A record to be written, and the places in `items` that want it."""

    positions: list[int]
    record: Record
    content: Content
    content_key: str

    @classmethod
    def of(cls, position: int, ready: Prepared) -> Waiting:
        """The record of one item."""
        return cls([position], ready.record, ready.content, ready.content_key)

    def take(self, twin: Waiting) -> None:
        """Another item with the same id: it came later, so its text and metadata count."""
        self.record = twin.record
        self.positions += twin.positions


class Chunk:
    """Records whose contents are embedded together. Equal contents form a group, which is embedded once."""

    def __init__(self, records: Iterable[Waiting]) -> None:
        groups: dict[str, list[Waiting]] = {}
        for one in records:
            groups.setdefault(one.content_key, []).append(one)
        self.groups = list(groups.values())

    @property
    def contents(self) -> list[Content]:
        """One per group."""
        return [group[0].content for group in self.groups]

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

    def relocated(self, error: GeminiEmbedError) -> GeminiEmbedError:
        """An error of the embedding, with its positions counted in what the caller passed."""
        completed = error.completed
        if isinstance(error, InputError) and error.position is not None:
            error = error.at(self._positions(error.position)[0])
        if isinstance(error, RequestError):
            error.positions = [position for i in error.positions for position in self._positions(i)]
        if isinstance(error, RefusedItemsError):
            items = [
                replace(one, position=position) for one in error.refused for position in self._positions(one.position)
            ]
            error = RefusedItemsError.of(sorted(items, key=lambda item: item.position), error)
        if completed is not None:
            error.completed = self.in_callers_positions(completed)
        return error

    def _positions(self, group: int) -> list[int]:
        return sorted(position for one in self.groups[group] for position in one.positions)

    def in_callers_positions(self, completed: Completed) -> Completed:
        """Finished groups as positions in what the caller passed, all that want the vector."""
        waiting, values = self.rows(completed)
        counts = [len(one.positions) for one in waiting]
        positions = [position for one in waiting for position in one.positions]
        return Completed(positions, np.repeat(values, counts, axis=0), completed.usage)


def numbered_chunks(items: Iterable[ItemLike], size: int) -> Iterator[Sequence[tuple[int, ItemLike]]]:
    """`items` with their positions, `size` at a time; nothing is read before it is wanted.

    Raises:
        InputError: something that is no collection of items, or no size.
    """
    if size < 1:
        raise InputError(f"batch_size is a whole number from 1 up, not {size}")
    if isinstance(items, (str, bytes, Path, Part, Content, Item)):
        raise InputError(f"add takes a list of items, not one {type(items).__name__}: [x] for a single one")
    numbered = enumerate(items)
    while chunk := list(islice(numbered, size)):
        yield chunk


def ready_items(
    numbered: Iterable[tuple[int, ItemLike]],
    embedder: Embedder,
    on_error: OnError,
    skip: Callable[[int, ItemLike, str], None],
) -> list[Waiting]:
    """Items read and hashed. One that cannot be indexed is an InputError of its position, or told to `skip`."""
    digest, root = embedder.fingerprint.digest, embedder.root
    ready = []
    for position, item in numbered:
        try:
            ready.append(Waiting.of(position, prepare(item, digest, root)))
        except InputError as error:
            if on_error == "raise":
                raise error.at(position) from error.__cause__
            skip(position, item, error.problem)
    return ready
