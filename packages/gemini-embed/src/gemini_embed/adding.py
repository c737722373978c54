"""How an index adds: items in batches, what is new embedded and written, what is outdated removed at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gemini_embed.content import Content, Part
from gemini_embed.errors import Completed, GeminiEmbedError, InputError, RequestError
from gemini_embed.items import Item, ItemLike, Prepared, prepare
from gemini_embed.result import Usage
from gemini_embed.steps import Steps, ToEmbed
from gemini_embed.stores.base import FloatArray, Record, Store


@dataclass(frozen=True)
class AddReport:
    """What an `add` did.

    Attributes:
        added: records embedded and written.
        reused: items whose record was there already; nothing was embedded for them.
        replaced: old records removed, because their source came with other content.
        tokens: input tokens that the service counted, None when it did not tell.
    """

    added: int
    reused: int
    replaced: int
    tokens: int | None

    def __str__(self) -> str:
        cost = "tokens unknown" if self.tokens is None else f"{self.tokens:,} tokens"
        return f"{self.added:,} added, {self.reused:,} reused, {self.replaced:,} replaced ({cost})"


class _Numbered(NamedTuple):
    position: int
    ready: Prepared


def add_steps(store: Store, fingerprint_digest: str, items: Iterable[ItemLike], batch_size: int) -> Steps[AddReport]:
    """Add `items` to an open store; see `MultimodalIndex.add`."""
    old = _OldRecords(store)
    added, total, usage = 0, 0, Usage()
    for batch in _batches(items, fingerprint_digest, batch_size):
        old.confirm([one.ready.record for one in batch])
        new = _without_known(store, batch)
        if new:
            usage += yield from _embed_and_write(store, new)
        added += len(new)
        total += len(batch)
    return AddReport(added, total - added, old.remove(), usage.prompt_tokens if usage.requests else 0)


def _batches(items: Iterable[ItemLike], fingerprint_digest: str, size: int) -> Iterator[list[_Numbered]]:
    if size < 1:
        raise InputError(f"batch_size is a whole number from 1 up, not {size}")
    if isinstance(items, (str, bytes, Path, Part, Content, Item)):
        raise InputError(f"add takes a list of items, not one {type(items).__name__}: [x] for a single one")
    numbered = (_prepared(position, item, fingerprint_digest) for position, item in enumerate(items))
    while batch := list(islice(numbered, size)):
        yield batch


def _prepared(position: int, item: ItemLike, fingerprint_digest: str) -> _Numbered:
    try:
        return _Numbered(position, prepare(item, fingerprint_digest))
    except InputError as error:
        raise error.at(position) from error.__cause__


def _without_known(store: Store, batch: Sequence[_Numbered]) -> list[_Numbered]:
    """What must be embedded. Known records get the text and metadata they came with now; twins count once."""
    by_id = {one.ready.record.id: one for one in batch}
    known = {record.id: record for record in store.get(list(by_id))}
    changed = [by_id[id_].ready.record for id_, record in known.items() if by_id[id_].ready.record != record]
    if changed:
        store.update(changed)
    return [one for id_, one in by_id.items() if id_ not in known]


def _embed_and_write(store: Store, new: Sequence[_Numbered]) -> Steps[Usage]:
    """Embed each different content once, and write every record with its vector."""
    groups: dict[str, list[_Numbered]] = {}
    for one in new:
        groups.setdefault(one.ready.content_key, []).append(one)
    twins = list(groups.values())
    try:
        result = yield ToEmbed([group[0].ready.content for group in twins], "document")
    except GeminiEmbedError as error:
        if error.completed is not None:
            _write(store, [twins[i] for i in error.completed.positions], error.completed.values)
        raise _relocated(error, [group[0].position for group in twins]) from error.__cause__
    _write(store, twins, result.values)
    return result.usage


def _write(store: Store, twins: Sequence[Sequence[_Numbered]], values: FloatArray) -> None:
    """Row i of `values` belongs to all records of `twins[i]`."""
    records = [one.ready.record for group in twins for one in group]
    store.upsert(records, np.repeat(values, [len(group) for group in twins], axis=0))


def _relocated(error: GeminiEmbedError, positions: Sequence[int]) -> GeminiEmbedError:
    """The error of a batch, with its positions counted in what the caller passed."""
    if isinstance(error, InputError) and error.position is not None:
        error = error.at(positions[error.position])
    if isinstance(error, RequestError):
        error.positions = [positions[i] for i in error.positions]
    if error.completed is not None:
        error.completed = Completed([positions[i] for i in error.completed.positions], error.completed.values)
    return error


class _OldRecords:
    """Records that a source had before this add, until an item confirms them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: set[str | None] = set()
        self._unconfirmed: set[str] = set()

    def confirm(self, records: Sequence[Record]) -> None:
        """Note what the sources seen for the first time hold, then strike off what came again."""
        first_seen = {record.source for record in records} - self._sources
        if first_seen:
            self._sources |= first_seen
            for batch in self._store.iterate(filter={"source": list(first_seen)}, with_vectors=False):
                self._unconfirmed.update(record.id for record in batch.records)
        self._unconfirmed.difference_update(record.id for record in records)

    def remove(self) -> int:
        """Delete what no item confirmed; returns how many there were."""
        return self._store.delete(sorted(self._unconfirmed)) if self._unconfirmed else 0
