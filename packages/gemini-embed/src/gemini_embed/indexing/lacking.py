"""What an add would embed, made and let go of a portion at a time: contents for jobs of the Batch API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gemini_embed.content import Content
from gemini_embed.errors import InputError
from gemini_embed.indexing.batches import AddBatch, Waiting, batches, unknown
from gemini_embed.indexing.items import ItemLike
from gemini_embed.indexing.options import How
from gemini_embed.indexing.scratch import Seen
from gemini_embed.stores import Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

PORTION_BYTES = 64 * 2**20
"""Media of one portion, about: they are in memory until their lines are written."""


@dataclass
class Portion:
    """Contents that are submitted together, and of each the places in `items` that want its vector."""

    contents: list[Content] = field(default_factory=list)
    places: list[list[int]] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, batch: AddBatch) -> None:
        """What a batch would embed."""
        self.contents += batch.contents
        self.places += batch.places
        self.size_bytes += batch.size_bytes


def lacking(embedder: Embedder, store: Store, items: Iterable[ItemLike], how: How, max_items: int) -> Iterator[Portion]:
    """Contents of the records that an open store does not hold, cut and read as an add does it, each once; at most
    about `max_items` together, fewer where their media are large.

    What cannot be read is left out where `on_error` says so: the add that follows reports it.

    Raises:
        InputError: an item cannot be indexed; `.position` is its place in `items`.
    """
    portion = Portion()
    for batch in _batches(embedder, store, items, how):
        portion.add(batch)
        if len(portion.contents) >= max_items or portion.size_bytes >= PORTION_BYTES:
            yield portion
            portion = Portion()
    if portion.contents:
        yield portion


def _batches(embedder: Embedder, store: Store, items: Iterable[ItemLike], how: How) -> Iterator[AddBatch]:
    reader = how.reader(embedder, store)
    with closing(Seen()) as seen, closing(Seen()) as embedded:
        try:
            for gathered in batches(items, how.batch_size, reader, how.on_error, lambda *bad: None):
                new = _loaded([one for one in unknown(gathered, store, seen) if not one.candidate.twin], store, how)
                yield AddBatch(one for one in new if embedded.is_new(one.content_key))
        finally:
            reader.opened.by(None)


def _loaded(new: Sequence[Waiting], store: Store, how: How) -> Iterator[Waiting]:
    """Those of the records whose contents could be made, and that the store takes."""
    for one in new:
        try:
            one.load()
            store.check_new(one.record)
        except InputError as error:
            if how.on_error == "raise":
                raise error.at(one.positions[0]) from error.__cause__
        else:
            yield one
