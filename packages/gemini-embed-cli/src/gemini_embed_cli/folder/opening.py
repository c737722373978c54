"""The index of a folder and its embedder, opened as settings say, and kept as long as a command or a server lives."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed_cli.folder.errors import FolderError
from gemini_embed_cli.folder.home import FIRST, Home
from gemini_embed_cli.folder.settings import Settings

if TYPE_CHECKING:
    from gemini_embed import Embedder, MultimodalIndex, Store

    from gemini_embed_cli.folder.sharing import SharedEdgeStore

VERTEX = ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_CLOUD_PROJECT")
NO_KEY = (
    "there is no key: set GEMINI_API_KEY (from https://aistudio.google.com/apikey), or GOOGLE_CLOUD_PROJECT for Vertex "
    "AI; or add --emulator to try everything without one (its vectors are not the model's, and stay apart)"
)


class OpenFolder:
    """The index and the embedder of a folder. Thread-safe; nothing is opened or sent before it is needed.

    Args:
        settings: of the folder.
        confined: whether files and links out of the folder are refused, as they must be where paths come from others.
    """

    def __init__(self, settings: Settings, *, confined: bool = False) -> None:
        self.settings = settings
        self.home = Home(settings.folder, settings.emulator)
        self._confined = confined
        self._lock = threading.RLock()
        self._closing = ExitStack()
        self._embedder: Embedder | None = None
        self._store: Store | None = None
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
                self._embedder = self._closing.enter_context(self._connected())
            return self._embedder

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

    def close(self) -> None:
        """Let go of the store, and close the embedder; closing twice is fine."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = self._index = self._embedder = None
            self._closing.close()

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, new: bool) -> MultimodalIndex:
        from gemini_embed import MultimodalIndex

        with self._lock:
            self._check(new)
            if self._store is None:
                self._store = self._made_store()
            given = getattr(self._store, "given", 0)
            if self._index is None or given != self._seen:  # what it remembers may have changed in other hands
                self._seen, self._index = given, MultimodalIndex(self.embedder, self._store)
            return self._index

    def _check(self, new: bool) -> None:
        if self.settings.store is not None:
            return
        if new:
            self.home.make()
        elif not self.home.is_indexed:
            raise FolderError(self.home.why_not())

    def _made_store(self) -> Store:
        if self.settings.store is None:
            return self._edge(self.home.index, FIRST)
        kind, _, place = self.settings.store.partition(":")
        if kind == "edge" and place:
            return self._edge(self.settings.folder / Path(place).expanduser(), None)
        if kind == "qdrant" and place:
            from gemini_embed import QdrantStore

            return QdrantStore(url=place, collection=self.collection)
        if kind == "milvus" and place:
            from gemini_embed import MilvusStore

            return MilvusStore(place, collection=self.collection)
        raise FolderError(f"store {self.settings.store!r}: it is edge:PATH, qdrant:URL or milvus:URI")

    def _edge(self, path: Path, first: str | None) -> SharedEdgeStore:
        from gemini_embed_cli.folder.sharing import SharedEdgeStore

        return SharedEdgeStore(path, first=first, wait_s=self.settings.wait_s)

    @property
    def collection(self) -> str:
        """The name of the folder's collection on a server."""
        words = re.sub("[^0-9A-Za-z]+", "_", self.settings.folder.name)
        return f"gemini_embed_{words}{'_emulator' if self.settings.emulator else ''}"

    def _connected(self) -> Embedder:
        from gemini_embed import Embedder

        given = self.settings
        root = given.folder if self._confined else None
        if given.emulator:
            from gemini_embed_emulator import Emulator

            # On loopback: an embedder takes an address, and the emulator is what answers there.
            server = self._closing.enter_context(Emulator())
            return Embedder(
                given.model,
                dimensions=given.dimensions,
                root=root,
                base_url=server.base_url,
                api_key="emulator",
                vertexai=False,
            )
        if not has_key(os.environ):
            raise FolderError(NO_KEY)
        return Embedder(given.model, dimensions=given.dimensions, root=root, rate_limits=given.rate_limits)


def has_key(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether there is a key, or a project of Vertex AI."""
    return any(environ.get(name) for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", *VERTEX))
