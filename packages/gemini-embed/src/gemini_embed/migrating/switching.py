"""The alias that readers know, pointed at the new collection and back; the old collection dropped."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from gemini_embed.engine import Closing
from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.migrating.source import Source
from gemini_embed.stores.aliases import HasAliases
from gemini_embed.stores.base import Store

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex


class Switching(Closing):
    """The end of a migration: the alias that readers know, and what becomes of the source."""

    source: Source
    target: MultimodalIndex
    _has_passed: bool | None = None
    """Whether a `verify` has passed since the last `run`; None: neither was called here."""

    @abstractmethod
    def _opened(self) -> object:
        """Have source and target open."""

    def switch(self, alias: str, *, expect: str | None = None, force: bool = False) -> None:
        """Have an alias lead to the target, in one step; it is made where there is none.

        Readers that follow it (`MultimodalIndex.following`) are there within 30 s. Those that have the old collection
        open go on with it, so keep it for a while.

        Args:
            alias: the name that readers use.
            expect: the collection that it is thought to lead to now.
            force: although no `verify` has passed since the last `run` of this object.

        Raises:
            StoreError: not verified; it leads elsewhere than `expect`; `alias` is a collection's own name.
        """
        self._opened()
        if not self._has_passed and not force:
            raise StoreError(
                f"{alias!r} is not switched: no verify() has passed since the last run() of this Migration. verify() "
                "says what is wrong; force=True switches all the same"
            )
        store = with_aliases(self.target.store)
        point(alias, store, own_name(store), expect)

    async def aswitch(self, alias: str, *, expect: str | None = None, force: bool = False) -> None:
        """`switch`, without blocking the loop."""
        await asyncio.to_thread(lambda: self.switch(alias, expect=expect, force=force))

    def back(self, alias: str) -> None:
        """Have the alias lead to the source again.

        Raises:
            StoreError: the source's collection is not where the target's is, so that no alias leads to both.
        """
        self._opened()
        store = with_aliases(self.target.store)
        if not isinstance(self.source.store, HasAliases) or store.place != self.source.store.place:
            raise StoreError(f"no alias of {store} leads to {self.source}: have your readers open the old one by name")
        point(alias, store, self.source.collection, None)

    async def aback(self, alias: str) -> None:
        """`back`, without blocking the loop."""
        await asyncio.to_thread(lambda: self.back(alias))

    def finish(self, *, drop_old: bool = True, force: bool = False) -> None:
        """Let go of the source, and remove its collection: once readers have used the new one for, say, a week.

        Args:
            drop_old: False leaves it.
            force: although an alias leads to it still, or none to the target; or the target may lack some of it.

        Raises:
            StoreError: as `force` says, and where it is open in a store that allows one opener.
        """
        self._opened()
        if drop_old:
            if not force:
                self._check_nothing_is_lost()
            drop_collection(self.source, with_aliases(self.target.store), force=force)
        self.close()

    def _check_nothing_is_lost(self) -> None:
        """What was verified may go; in another process than the one that did, as many records stand for that."""
        if self._has_passed:
            return
        if self._has_passed is None:
            there, here = self.source.count(), self.target.count()
            if here >= there:
                return
            why = f"the target holds {here:,} records, and the source {there:,}"
        else:
            why = "no verify() has passed since the last run() of this Migration"
        raise StoreError(
            f"{self.source} is not removed: {why}. verify() says what is missing, and what of it could be moved at "
            "all; force=True removes it all the same"
        )

    async def afinish(self, *, drop_old: bool = True, force: bool = False) -> None:
        """`finish`, without blocking the loop."""
        await asyncio.to_thread(lambda: self.finish(drop_old=drop_old, force=force))


def with_aliases(store: Store) -> HasAliases:
    """The store, if its collections can have aliases.

    Raises:
        ConfigurationError: they cannot.
    """
    if not isinstance(store, HasAliases):
        raise ConfigurationError(
            f"{store} has no aliases: have your readers open the new one, or migrate to an EdgeStore, QdrantStore or "
            "MilvusStore"
        )
    return store


def own_name(store: HasAliases) -> str:
    """Of the collection that it is of."""
    name = store.leads_to()
    if name is None:
        raise StoreError(f"{store} leads to no collection")
    return name


def point(alias: str, store: HasAliases, collection: str, expect: str | None) -> None:
    """Have an alias lead to a collection where the store is.

    Raises:
        StoreError: it leads to another one than `expect`, or is a collection's own name.
        ConfigurationError: no name.
    """
    _check_name(alias)
    now = store.aliases().get(alias)
    if expect is not None and now != expect:
        raise StoreError(f"the alias {alias!r} leads to {now!r}, not to {expect!r} as was thought: look who moved it")
    store.point_alias(alias, collection)


def _check_name(alias: Any) -> None:
    if not isinstance(alias, str) or not alias.strip():
        raise ConfigurationError(f"an alias is a name, not {alias!r}")


def drop_collection(source: Source, target: HasAliases, *, force: bool) -> None:
    """Remove the source's collection, once nothing leads there any more.

    Raises:
        StoreError: an alias still does; or none leads to the target, so that readers may use the old one by its name.
    """
    old = with_aliases(source.store)
    if old.place != target.place and not force:
        raise StoreError(
            f"{source} and {target} are in different places, so no alias tells whether somebody still reads the old "
            "one: force=True once nobody does"
        )
    to_old = [alias for alias, name in old.aliases().items() if name == source.collection]
    if to_old and not force:
        raise StoreError(
            f"{', '.join(map(repr, to_old))} still leads to {source.collection!r}: switch first, or force=True"
        )
    if own_name(target) not in target.aliases().values() and not force:
        raise StoreError(
            f"no alias leads to {own_name(target)!r}, so whoever reads may read {source.collection!r} by its own name: "
            "switch first, or force=True once nobody does"
        )
    old.close()
    old.drop(source.collection)
    old.close()  # what dropping connected
