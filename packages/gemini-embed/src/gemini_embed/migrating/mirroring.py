"""One index that writes to two: what is added or deleted while records are being moved is right in both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from gemini_embed.errors import GeminiEmbedError
from gemini_embed.indexing import AddOptions, AddReport, ItemLike, Place
from gemini_embed.indexing.watching import Watches
from gemini_embed.migrating.contents import Mover
from gemini_embed.stores.base import FilterLike

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex


class MirroringIndex(Watches):
    """`add`, `sync`, `watch` and `delete` go to the old index and then to the new one; all else is the old one's.

    Where the new one fails the old one has it already, and the error says so: `Migration.run` brings the rest.
    """

    def __init__(self, old: MultimodalIndex, new: MultimodalIndex, mover: Mover) -> None:
        self.old, self.new, self._mover = old, new, mover

    def __getattr__(self, name: str) -> Any:
        return getattr(self.old, name)

    def __enter__(self) -> MirroringIndex:
        return self

    def __exit__(self, *of: object) -> None:
        """Both stay open."""

    def __repr__(self) -> str:
        return f"MirroringIndex({self.old!r}, {self.new!r})"

    def add(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> AddReport:
        """`MultimodalIndex.add` to both; the report is the old one's. Items are held in memory, to be read twice."""
        twice = items if isinstance(items, str | os.PathLike | Sequence) else list(items)
        report = self.old.add(twice, **options)
        self._mirror(lambda: self.new.add(twice, **options))
        return report

    async def aadd(self, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> AddReport:
        """`add`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.add(items, **options))

    def sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """`MultimodalIndex.sync` of both; the report is the old one's."""
        report = self.old.sync(Path(folder), **options)
        self._mirror(lambda: self.new.sync(Path(folder), **options))
        return report

    async def async_sync(self, folder: Place, **options: Unpack[AddOptions]) -> AddReport:
        """`sync`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.sync(folder, **options))

    def _synced(self, folder: Place, options: AddOptions, *, may_be_empty: bool) -> AddReport:
        report = self.old._synced(folder, options, may_be_empty=may_be_empty)
        self._mirror(lambda: self.new._synced(folder, options, may_be_empty=may_be_empty))
        return report

    def _is_ended(self) -> bool:
        return self.old._is_ended()

    def delete(
        self,
        ids: Sequence[str] | None = None,
        *,
        source: str | os.PathLike[str] | None = None,
        filter: FilterLike = None,
    ) -> int:
        """`MultimodalIndex.delete` in both, by the old one's ids; returns how many the old one had."""
        new_ids = None if ids is None else [self._mover.new_id(record) for record in self.old.get(ids)]
        count = self.old.delete(ids, source=source, filter=filter)
        self._mirror(lambda: self.new.delete(new_ids, source=source, filter=filter))
        return count

    async def adelete(self, ids: Sequence[str] | None = None, **which: Any) -> int:
        """`delete`, without blocking the loop."""
        return await asyncio.to_thread(lambda: self.delete(ids, **which))

    def _mirror(self, write: Any) -> None:
        try:
            write()
        except GeminiEmbedError as error:
            error.add_note("the old index has it; Migration.run() brings to the new one what it lacks")
            raise
