"""What an add would cost, without embedding anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_embed.chunks import Chunk, Waiting, numbered_chunks, ready_items
from gemini_embed.errors import InputError
from gemini_embed.items import ItemLike
from gemini_embed.refusals import OnError
from gemini_embed.scratch import Seen
from gemini_embed.spend import Estimate
from gemini_embed.stores.base import Store

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


def estimate_add(
    embedder: Embedder, store: Store, items: Iterable[ItemLike], *, batch_size: int, on_error: OnError
) -> Estimate:
    """The estimate of adding `items` to an open store; see `MultimodalIndex.estimate`."""
    total = embedder.estimate([])
    with closing(Seen()) as seen:
        for numbered in numbered_chunks(items, batch_size):
            ready = ready_items(numbered, embedder, on_error, lambda *bad: None)
            first = [one for one in ready if seen.is_new(one.record.id)]
            known = {record.id for record in store.get([one.record.id for one in first])}
            new = [one for one in first if one.record.id not in known]
            total += replace(_of_chunk(embedder, new, on_error), known=len(ready) - len(new))
    return total


def _of_chunk(embedder: Embedder, new: Sequence[Waiting], on_error: OnError) -> Estimate:
    chunk = Chunk(new)
    try:
        counted = embedder.estimate(chunk.contents, on_error=on_error)
    except InputError as error:
        raise chunk.relocated(error) from error.__cause__
    return replace(counted, files=sum(one.record.uri is not None for one in new))
