"""The index of a folder and its embedder, opened as settings say, and kept as long as a command or a server lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed_cli.folder.address import Address
from gemini_embed_cli.folder.collections import collection_of
from gemini_embed_cli.folder.errors import FolderError
from gemini_embed_cli.folder.home import FIRST, Home
from gemini_embed_cli.folder.keys import NO_KEY, has_key
from gemini_embed_cli.folder.settings import Settings
from gemini_embed_cli.folder.spending import spent

if TYPE_CHECKING:
    from gemini_embed import Budget, Embedder, MultimodalIndex
    from gemini_embed.stores.aliases import HasAliases

    from gemini_embed_cli.folder.sharing import SharedEdgeStore

MODEL, DIMENSIONS = "gemini-embedding-2", 768
"""Of a new index: a quarter of the room of 3072; docs/quality.md measures what that loses."""


class OpenFolder:
    """The index and the embedder of a folder. Thread-safe; nothing is opened or sent before it is needed.

    Args:
        settings: of the folder.
        confined: whether files and links out of the folder are refused, as they must be where paths come from others.
        cached: whether vectors go into a cache too, as batch jobs need it.
    """

    def __init__(self, settings: Settings, *, confined: bool = False, cached: bool = False) -> None:
        self.settings = settings
        self.home = Home(settings.folder, settings.emulator)
        self._confined, self._cached = confined, cached
        self._lock = threading.RLock()
        self._closing = ExitStack()
        self._embedder: Embedder | None = None
        self._budgets: list[Budget] = []
        self._store: HasAliases | None = None
        self._index: MultimodalIndex | None = None
        self._seen = 0

    @property
    def embedder(self) -> Embedder:
        """What embeds for this folder, the same one all along; the emulator runs in this process while it lives.

        Raises:
            FolderError: there is no key.
        """
        with self._lock:
            if self._embedder is None:
                self._embedder = self._closing.enter_context(self._connected(*self._how()))
                self._budgets.append(self._embedder.budget)
            return self._embedder

    def embedder_like(self, model: str | None, dimensions: int | None) -> Embedder:
        """An embedder of another model or size, for as long as this folder is open; None: as `embedder` has it."""
        with self._lock:
            usual = self.embedder
            made = self._connected(model or usual.model, dimensions or usual.dimensions)
            self._budgets.append(made.budget)
            return self._closing.enter_context(made)

    @contextmanager
    def index(self, *, new: bool = False) -> Iterator[MultimodalIndex]:
        """The folder's index, for one call or a few.

        An embedded store is shared by processes: it is handed over between its calls when another asks, so nothing
        else needs to be closed. `new` makes an index where there is none.

        Raises:
            FolderError: there is no index, or only one of the other service; there is no key.
            StoreLockedError: another process did not hand it over in time; raised by calls of the index.
        """
        yield self._opened(new)

    def place(self, named: Path | None) -> Path:
        """The folder that a verb is about: the one it names, else this one."""
        return (named or self.settings.folder).expanduser().resolve()

    def store(self) -> HasAliases:
        """The store, not opened: who opens it says with which fingerprint. It needs no key.

        Raises:
            FolderError: there is no index, or only one of the other service.
        """
        with self._lock:
            self._check(new=False)
            return self._stored()

    def close(self) -> None:
        """Let go of the store, close the embedder and write down what it spent; closing twice is fine."""
        with self._lock, ExitStack() as last:
            last.callback(self._closing.close)
            last.callback(self._write_down)  # before, whatever else fails
            store, self._store, self._index, self._embedder = self._store, None, None, None
            if store is not None:
                store.close()

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_down(self) -> None:
        usd = sum(budget.spent_usd for budget in self._budgets)
        self._budgets.clear()
        if not self.settings.emulator:
            spent(self.home, usd)

    def _opened(self, new: bool) -> MultimodalIndex:
        from gemini_embed import MultimodalIndex

        with self._lock:
            self._check(new)
            store = self._stored()
            given = getattr(store, "given", 0)
            if self._index is None or given != self._seen:  # what it remembers may have changed in other hands
                if self._embedder is not None and self._embeds_otherwise(self._embedder):
                    self._embedder = None  # closed with the rest: others may be in the midst of a call
                self._seen, self._index = given, MultimodalIndex(self.embedder, store)
            return self._index

    def _embeds_otherwise(self, embedder: Embedder) -> bool:
        """Whether a migration has put vectors of another model or size in place."""
        return (embedder.model, embedder.dimensions) != self._how()

    def _how(self) -> tuple[str, int]:
        """Model and size: as told, else as the index was made, else the usual ones."""
        told = self.settings
        if told.model is not None and told.dimensions is not None:
            return told.model, told.dimensions
        made = self._stored().made_with()
        model, dimensions = (made.model, made.dimensions) if made else (MODEL, DIMENSIONS)
        return told.model or model, told.dimensions or dimensions

    def _stored(self) -> HasAliases:
        if self._store is None:
            self._store = self._made_store()
        return self._store

    def _check(self, new: bool) -> None:
        if self.settings.store is not None:
            return
        if new:
            self.home.make()
        elif not self.home.is_indexed:
            raise FolderError(self.home.why_not())

    def _made_store(self) -> HasAliases:
        if self.settings.store is None:
            return self._edge(self.home.index, FIRST)
        address = Address.of(self.settings.store)
        if address.kind == "edge":
            return self._edge(address.below(self.settings.folder), None)
        stored = partial(_of_server, address, self.settings.folder)
        return stored(address.collection) if address.collection else collection_of(self.settings, stored)

    def _edge(self, path: Path, first: str | None) -> SharedEdgeStore:
        from gemini_embed_cli.folder.sharing import SharedEdgeStore

        return SharedEdgeStore(path, first=first, wait_s=self.settings.wait_s)

    def _connected(self, model: str, dimensions: int | None) -> Embedder:
        from gemini_embed import Embedder

        root = self.settings.folder if self._confined else None
        cache = self.home.cache if self._cached else None
        if self.settings.emulator:
            from gemini_embed_emulator import Emulator

            # On loopback: an embedder takes an address, and the emulator is what answers there.
            at = self._closing.enter_context(Emulator()).base_url
            return Embedder(
                model,
                dimensions=dimensions,
                root=root,
                cache=cache,
                base_url=at,
                api_key="emulator",
                vertexai=False,
                verify=False,
            )
        if not has_key(os.environ):
            raise FolderError(NO_KEY)
        return Embedder(model, dimensions=dimensions, root=root, cache=cache, rate_limits=self.settings.rate_limits)


def _of_server(address: Address, folder: Path, collection: str) -> HasAliases:
    if address.kind == "qdrant":
        from gemini_embed import QdrantStore

        return QdrantStore(url=address.place, api_key=address.key, collection=collection)
    from gemini_embed import MilvusStore

    place = address.place if "://" in address.place else address.below(folder)
    return MilvusStore(place, token=address.key, collection=collection)
