"""What an index hands on to its store, and its async twins: reading, counting, words."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence

from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, Store, ids_of
from gemini_embed.stores.lexical import Lexical


class StoreDoors:
    """Doors of `MultimodalIndex` behind which its store does everything."""

    @abstractmethod
    def _opened(self) -> Store:
        """The store, checked."""

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records with these ids, in the order asked; ids that are not there are left out."""
        return self._opened().get(ids_of(ids))

    async def aget(self, ids: Sequence[str]) -> list[Record]:
        """`get`, without blocking the loop."""
        return await asyncio.to_thread(self.get, ids)

    def count(self, filter: FilterLike = None) -> int:
        """How many records there are, or match."""
        return self._opened().count(filter)

    async def acount(self, filter: FilterLike = None) -> int:
        """`count`, without blocking the loop."""
        return await asyncio.to_thread(self.count, filter)

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
