"""What an index holds: records got, counted and removed by who knows them; its codes and words."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from gemini_embed.engine import Closing
from gemini_embed.errors import InputError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.records import Record
from gemini_embed.stores import Quantization
from gemini_embed.stores.base import FilterLike, FloatArray, Store, ids_of
from gemini_embed.stores.lexical import Lexical


@dataclass(frozen=True, eq=False)
class HeldVectors:
    """Records of an index with their vectors; `np.asarray` gives the array."""

    records: list[Record]
    values: FloatArray
    """float32, shape (n, d); row i belongs to `records[i]`. Their length is the store's affair."""
    fingerprint: Fingerprint
    """How they were made."""

    def __len__(self) -> int:
        return len(self.records)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __repr__(self) -> str:
        n, d = self.values.shape
        return f"HeldVectors({n} x {d} float32, {self.fingerprint.model})"


class Held(Closing, ABC):
    """The part of `MultimodalIndex` that embeds nothing."""

    @abstractmethod
    def _opened(self) -> Store:
        """The store, open and checked."""

    @abstractmethod
    def _fingerprint(self) -> Fingerprint:
        """Of the vectors in it."""

    @abstractmethod
    def _has_changed(self) -> None:
        """What was remembered of the store holds no more."""

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records with these ids, in the order asked; ids that are not there are left out."""
        return self._opened().get(ids_of(ids))

    async def aget(self, ids: Sequence[str]) -> list[Record]:
        """`get`, without blocking the loop."""
        return await asyncio.to_thread(self.get, ids)

    def vectors(self, filter: FilterLike = None) -> HeldVectors:
        """All records, or those that match, with their vectors, in the store's own order: n x d x 4 bytes of memory.

        `gemini_embed.analysis` and whatever takes arrays work on them.
        """
        store = self._opened()
        batches = list(store.iterate(filter=filter))
        fingerprint = self._fingerprint()
        values = [batch.vectors for batch in batches] or [np.zeros((0, fingerprint.dimensions), np.float32)]
        records = [record for batch in batches for record in batch.records]
        return HeldVectors(records, np.concatenate(values), fingerprint)

    async def avectors(self, filter: FilterLike = None) -> HeldVectors:
        """`vectors`, without blocking the loop."""
        return await asyncio.to_thread(self.vectors, filter)

    def delete(
        self,
        ids: Sequence[str] | None = None,
        *,
        source: str | os.PathLike[str] | None = None,
        filter: FilterLike = None,
    ) -> int:
        """Remove records by id, by source or by filter (exactly one of them); returns how many were there."""
        if sum(given is not None for given in (ids, source, filter)) != 1:
            raise InputError("say what to delete by exactly one of ids, source and filter")
        if source is not None:
            filter = {"source": os.fspath(source)}
        try:
            return self._opened().delete(None if ids is None else ids_of(ids), filter=filter)
        finally:
            self._has_changed()

    async def adelete(
        self,
        ids: Sequence[str] | None = None,
        *,
        source: str | os.PathLike[str] | None = None,
        filter: FilterLike = None,
    ) -> int:
        """`delete`, without blocking the loop."""
        return await asyncio.to_thread(self.delete, ids, source=source, filter=filter)

    def tidy(self, sources: Iterable[str | os.PathLike[str]] | None = None, *, before: float | datetime) -> int:
        """Remove what is outdated after adds with `replace=False`; returns how many records that were.

        Of each source that has records added at `before` or later, those that were added earlier go: what is left is
        what the adds since then brought. Sources that brought nothing keep what they have.

        Args:
            sources: only these; None: every source that was added to since.
            before: when those adds began, in seconds since 1970 or as a datetime with a zone.
        """
        from gemini_embed.indexing.tidying import tidied

        try:
            return tidied(self._opened(), sources, before)
        finally:
            self._has_changed()

    async def atidy(self, sources: Iterable[str | os.PathLike[str]] | None = None, *, before: float | datetime) -> int:
        """`tidy`, without blocking the loop."""
        return await asyncio.to_thread(self.tidy, sources, before=before)

    def count(self, filter: FilterLike = None) -> int:
        """How many records there are, or match."""
        return self._opened().count(filter)

    async def acount(self, filter: FilterLike = None) -> int:
        """`count`, without blocking the loop."""
        return await asyncio.to_thread(self.count, filter)

    def optimize(self, *, quantization: Quantization | None = None) -> None:
        """Build what makes searches among many records fast; the store tells when it is worth it and how long it takes.

        Nothing happens in a store that sees to it by itself (`QdrantStore`). Searches wait meanwhile. `quantization`
        first gives the vectors other codes, embedding nothing; None: as they are.
        """
        store = self._opened()
        if quantization is None:
            store.optimize()
        else:
            store.requantize(quantization)

    async def aoptimize(self, *, quantization: Quantization | None = None) -> None:
        """`optimize`, without blocking the loop."""
        await asyncio.to_thread(self.optimize, quantization=quantization)

    def add_lexical(self, lexical: Lexical | None = None) -> int:
        """Give all records their words, for `search(..., lexical=True)`; nothing is embedded, no request is sent.

        For an index that was made without words, one whose records have got longer or shorter since (it warns), or
        whose words are to be cut otherwise. It takes some seconds for 10,000 records; a kill leaves an index that opens
        and says that it is to be done again.

        Args:
            lexical: how texts are cut. None: as they are now, or as its store was told, or by the defaults.

        Returns:
            How many records there are.

        Raises:
            ConfigurationError: the store keeps no words, or was made with another `lexical=`.
        """
        return self._opened().add_words(lexical)

    async def aadd_lexical(self, lexical: Lexical | None = None) -> int:
        """`add_lexical`, without blocking the loop."""
        return await asyncio.to_thread(self.add_lexical, lexical)
