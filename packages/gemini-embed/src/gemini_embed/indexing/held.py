"""What an index holds: records got, counted and removed by who knows them."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence

from gemini_embed.engine import Closing
from gemini_embed.errors import InputError
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, Store, ids_of


class Held(Closing, ABC):
    """The part of `MultimodalIndex` that embeds nothing."""

    @abstractmethod
    def _opened(self) -> Store:
        """The store, open and checked."""

    @abstractmethod
    def _has_changed(self) -> None:
        """What was remembered of the store holds no more."""

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records with these ids, in the order asked; ids that are not there are left out."""
        return self._opened().get(ids_of(ids))

    async def aget(self, ids: Sequence[str]) -> list[Record]:
        """`get`, without blocking the loop."""
        return await asyncio.to_thread(self.get, ids)

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

    def count(self, filter: FilterLike = None) -> int:
        """How many records there are, or match."""
        return self._opened().count(filter)

    async def acount(self, filter: FilterLike = None) -> int:
        """`count`, without blocking the loop."""
        return await asyncio.to_thread(self.count, filter)
