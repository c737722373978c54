"""The index of the collection that a store's name leads to, and of the next one, when its owner points it elsewhere.

A query is embedded and searched by one pair of embedder and store: the embedder is made from the fingerprint of the
collection, and the store keeps to it. After a switch there is another pair, and what is under way ends on the old one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from gemini_embed.embedder import Embedder
from gemini_embed.errors import ConfigurationError, GeminiEmbedError, StoreError, StoreMovedError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.aliases import LOOK_EVERY_S, HasAliases
from gemini_embed.stores.base import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Closable(Protocol):
    """An index."""

    def close(self) -> None:
        """Let go of the store."""


I = TypeVar("I", bound=Closable)  # noqa: E741 - an index

LOOK_AHEAD_S = LOOK_EVERY_S / 2
"""What is known of the alias is looked up again in the background when it is so old: no search waits for that."""


class Followed(Generic[I]):
    """What `make` makes of the embedder and the store of the collection that `store` leads to now.

    `store` itself is connected and never opened. `connection` holds the arguments of `Embedder` beside those that the
    fingerprint tells.

    Raises, from every method:
        StoreError: there is no collection, or it does not tell how its vectors were made.
        FingerprintMismatchError: `connection` leads to another service than the one that made them.
    """

    def __init__(self, store: HasAliases, connection: Mapping[str, Any], make: Callable[[Embedder, Store], I]) -> None:
        if not isinstance(store, HasAliases):
            raise ConfigurationError(f"{store} has no aliases to follow: EdgeStore, QdrantStore and MilvusStore have")
        self.store, self.connection = store, dict(connection)
        self._make = make
        self.is_closed = False
        self._lock = threading.Lock()
        self._embedders: dict[Fingerprint, Embedder] = {}
        self._name: str | None = None
        self._current: I | None = None
        self._alive: weakref.WeakValueDictionary[tuple[str, Fingerprint], I] = weakref.WeakValueDictionary()
        """Those that somebody still uses: an embedded store is open once, and the name may lead back to it."""
        self._looked_at_s = 0.0
        self._is_looking = False

    def now(self) -> I:
        """As it was found to be, at most 30 s ago."""
        current, age_s = self._current, time.monotonic() - self._looked_at_s
        if current is None:
            self.look()
        elif age_s >= LOOK_EVERY_S:
            self._look_if_possible()
        elif age_s >= LOOK_AHEAD_S and not self._is_looking:
            self._is_looking = True
            threading.Thread(target=self._look_ahead, name="gemini-embed-alias", daemon=True).start()
        assert self._current is not None  # noqa: S101 - look() has seen to it, or raised
        return self._current

    def look(self) -> bool:
        """Look where the name leads now; returns whether that is elsewhere."""
        with self._lock:
            name = self.store.leads_to()
            if name is None:
                raise StoreError(f"{self.store} leads to no collection: make the index, or its alias, first")
            has_moved = name != self._name
            if has_moved:
                self._open(name)
            self._looked_at_s = time.monotonic()
        return has_moved

    def again(self, use: Callable[[I], T]) -> T:
        """What `use` gives; once more where the collection was removed meanwhile, as its alias leads to another."""
        try:
            return use(self.now())
        except StoreMovedError:
            if not self.look():
                raise
            return use(self.now())

    async def aagain(self, use: Callable[[I], Awaitable[T]]) -> T:
        """`again`, without blocking the loop."""
        current = self._current
        if current is None or time.monotonic() - self._looked_at_s >= LOOK_AHEAD_S:
            current = await asyncio.to_thread(self.now)
        try:
            return await use(current)
        except StoreMovedError:
            if not await asyncio.to_thread(self.look):
                raise
            return await use(await asyncio.to_thread(self.now))

    def close(self) -> None:
        """Close the stores and the embedders, which are ours."""
        self.is_closed = True
        with self._lock:
            self._current = self._name = None
            for index in list(self._alive.values()):
                index.close()
            self._alive.clear()
            self.store.close()
            for embedder in self._embedders.values():
                embedder.close()
            self._embedders.clear()

    def _open(self, name: str) -> None:
        twin = self.store.twin(name)
        kept = twin.made_with()
        if kept is None:
            raise StoreError(
                f"{twin} keeps no fingerprint, so nothing tells which model its queries need: open it once with "
                "adopt=True and the embedder that made it"
            )
        embedder = self._embedders.get(kept) or embedder_like(kept, self.connection)
        index = self._alive.get((name, kept))
        if index is None:
            twin.open(embedder.fingerprint)
            index = self._alive[name, kept] = self._make(embedder, twin)
        self._embedders[kept] = embedder
        if self._name is not None:
            logger.info("%s leads to %r now, made with %s", self.store, name, kept)
        self._current, self._name = index, name

    def _look_ahead(self) -> None:
        try:
            self._look_if_possible()
        finally:
            self._is_looking = False

    def _look_if_possible(self) -> None:
        """A server that does not tell changes nothing: what is pinned stays right."""
        try:
            self.look()
        except GeminiEmbedError as error:
            logger.warning(
                "where %s leads could not be looked up (%s): going on with %r", self.store, error, self._name
            )


def embedder_like(kept: Fingerprint, connection: Mapping[str, Any]) -> Embedder:
    """An embedder whose vectors have this fingerprint.

    Raises:
        ConfigurationError: an argument that the fingerprint tells.
        FingerprintMismatchError: `connection` leads elsewhere, or asks for something else.
    """
    settings = kept.settings
    told = sorted({"model", "dimensions", "normalize"} & connection.keys())
    if told:
        raise ConfigurationError(f"{told[0]}= is what the collection tells here: leave it out")
    for normalize in (None, True, False):
        embedder = Embedder(**{**settings, "normalize": normalize, **connection})
        if embedder.fingerprint.normalization == kept.normalization:
            break
        embedder.close()
    kept.check(embedder.fingerprint, where="the collection")
    return embedder


class Follows:
    """The part of a following index that hands on what it is asked to the index of the collection of now."""

    followed: Followed[Any]
    embedder = property(lambda self: self.followed.now().embedder)
    store = property(lambda self: self.followed.now().store)
    opener = property(lambda self: self.followed.now().opener)
    readers = property(lambda self: self.followed.now().readers)
    origin = property(lambda self: self.followed.now().origin)

    def __repr__(self) -> str:
        return f"MultimodalIndex.following({self.followed.store!r})"

    def close(self) -> None:
        self.followed.close()

    def add(self, *args: Any, **options: Any) -> Any:
        return self.followed.now().add(*args, **options)

    async def aadd(self, *args: Any, **options: Any) -> Any:
        return await (await self._anow()).aadd(*args, **options)

    def sync(self, *args: Any, **options: Any) -> Any:
        return self.followed.now().sync(*args, **options)

    async def async_sync(self, *args: Any, **options: Any) -> Any:
        return await (await self._anow()).async_sync(*args, **options)

    def _synced(self, *args: Any, **options: Any) -> Any:
        return self.followed.now()._synced(*args, **options)

    def _is_ended(self) -> bool:
        return self.followed.is_closed

    def estimate(self, *args: Any, **options: Any) -> Any:
        return self.followed.now().estimate(*args, **options)

    def copy_to(self, *args: Any, **options: Any) -> Any:
        return self.followed.now().copy_to(*args, **options)

    def search(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.search(*args, **options))

    async def asearch(self, *args: Any, **options: Any) -> Any:
        return await self.followed.aagain(lambda index: index.asearch(*args, **options))

    def search_mean(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.search_mean(*args, **options))

    async def asearch_mean(self, *args: Any, **options: Any) -> Any:
        return await self.followed.aagain(lambda index: index.asearch_mean(*args, **options))

    def search_vector(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.search_vector(*args, **options))

    async def asearch_vector(self, *args: Any, **options: Any) -> Any:
        return await self.followed.aagain(lambda index: index.asearch_vector(*args, **options))

    def get(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.get(*args, **options))

    def vectors(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.vectors(*args, **options))

    def delete(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.delete(*args, **options))

    def count(self, *args: Any, **options: Any) -> Any:
        return self.followed.again(lambda index: index.count(*args, **options))

    async def _anow(self) -> Any:
        return await asyncio.to_thread(self.followed.now)

    def _opened(self) -> Any:
        return self.followed.now()._opened()

    def _asked(self, options: Any) -> Any:
        return self.followed.now()._asked(options)

    def _fingerprint(self) -> Any:
        return self.followed.now()._fingerprint()

    def _has_changed(self) -> Any:
        return self.followed.now()._has_changed()
