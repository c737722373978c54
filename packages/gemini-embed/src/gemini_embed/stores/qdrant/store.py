"""QdrantStore: a Qdrant server or cloud, or qdrant-client's local mode in memory or in a folder.

Points are laid out as langchain_qdrant.QdrantVectorStore does, plus what LlamaIndex's QdrantVectorStore reads, so both
open a collection of ours. The fingerprint is kept in the collection's metadata.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gemini_embed.fingerprint import Fingerprint
from gemini_embed.records import Record
from gemini_embed.secret import without_userinfo
from gemini_embed.stores.aliases import AliasUse, alias_use
from gemini_embed.stores.base import (
    Batch,
    FilterLike,
    FloatArray,
    check_one_of,
    check_rows,
    engine_errors,
    opened,
)
from gemini_embed.stores.forking import OfOneProcess
from gemini_embed.stores.lexical import KeptWords, LexicalLike, check_lexical
from gemini_embed.stores.pickling import SettingsOnly
from gemini_embed.stores.points import dense, from_payload, point_id, point_ids
from gemini_embed.stores.qdrant.aliases import ClientAliases
from gemini_embed.stores.qdrant.away import persist
from gemini_embed.stores.qdrant.client import (
    check_place,
    connected,
    is_in_folder,
    is_local,
    no_quantization_here,
    passes,
)
from gemini_embed.stores.qdrant.codes import ClientCodes
from gemini_embed.stores.qdrant.collection import ensure
from gemini_embed.stores.qdrant.requests import changes_of, filter_of, points_of
from gemini_embed.stores.qdrant.searches import ClientSearches
from gemini_embed.stores.qdrant.words import ClientWords
from gemini_embed.stores.quantization import Quantization, check_quantization

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

T = TypeVar("T")

_NUMBERS_PER_REQUEST = 2**18
"""Vector numbers in one upsert: some 5 MB of JSON, well under the server's 32 MB."""


_LOOKED_UP = 1_000
"""Points in one reply to `look_up`, of which there are seldom more."""


class QdrantStore(SettingsOnly, OfOneProcess, ClientAliases, ClientCodes, ClientSearches, ClientWords):
    """Records and vectors in one Qdrant collection, made on first use. Needs the extra `qdrant`.

    Args:
        location: ":memory:" for a store that lives as long as this object.
        url: of a server or cloud cluster.
        path: a folder for qdrant-client's local mode: one process at a time, and slow beyond some thousand records
            (`EdgeStore` is the better embedded store).
        client: a QdrantClient of yours; it is not closed with the store. Give exactly one of these four.
        api_key: for `url`. A pickle leaves it behind, and finds it in QDRANT_API_KEY.
        collection: its name, or an alias, which is looked up when the store is opened; see `pinned`.
        alias: "follow" looks again every 30 s where the alias leads, and goes there; where the vectors there were made
            another way it raises StoreMovedError (`MultimodalIndex.following` takes another embedder then). "pin" keeps
            to the collection that was found.
        adopt: take over a collection that holds vectors but no fingerprint, such as one made by langchain_qdrant. By
            this you vouch that its vectors were made as your embedder makes them; the fingerprint is written once.
        quantization: the codes that the server keeps in memory and searches read first, see `Quantization`; the best
            are scored again with the full vectors. None: those that the collection has. Another code than it has is a
            ConfigurationError: `requantize` changes it. Needs `url`: local mode would ignore it.
        oversampling: how many times `k` candidates are scored again, from 1 up.
        lexical: True, or `Lexical(...)`, has a new collection keep the words of its records too, for searches by words
            (`index.search(..., lexical=True)`); needs the extra `edge`. None: as the collection has it.
        timeout_s: of each request to `url`, in whole seconds.
        retry_for_s: for so many seconds a server that is away is asked again, by everything but `open` and `search`.
    """

    _opened_names = ("_client", "_fingerprint", "_pinned", "_words")
    _key_name, _key_variable = "_api_key", "QDRANT_API_KEY"

    def __init__(
        self,
        location: str | None = None,
        *,
        url: str | None = None,
        path: str | os.PathLike[str] | None = None,
        client: QdrantClient | None = None,
        api_key: str | None = None,
        collection: str = "gemini_embed",
        alias: AliasUse = "pin",
        adopt: bool = False,
        quantization: Quantization | None = None,
        oversampling: float = 3.0,
        lexical: LexicalLike = None,
        timeout_s: int = 60,
        retry_for_s: float = 60.0,
    ) -> None:
        check_place({"location": location, "url": url, "path": path, "client": client}, api_key)
        check_quantization(quantization, oversampling)
        check_lexical(lexical)
        if quantization is not None and (location is not None or path is not None):
            raise no_quantization_here()
        self.collection, self.alias = collection, alias_use(alias)
        # Absolute, so that a later change of directory changes nothing.
        self._location, self._path = location, None if path is None else str(Path(path).absolute())
        self._where = (
            "your client" if client is not None else str(location or (url and without_userinfo(url)) or self._path)
        )
        self._url, self._api_key, self._timeout_s = url, api_key, timeout_s
        self._adopt, self._retry_for_s = adopt, retry_for_s
        self._quantization, self._oversampling = quantization, oversampling
        self._lexical = lexical
        self._client, self._is_ours = client, client is None
        self._fingerprint: Fingerprint | None = None
        self._sparse = tuple[str, ...]()
        self._words_at_open: KeptWords | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"QdrantStore({self._where!r}, {self._names()})"

    def open(self, fingerprint: Fingerprint) -> None:
        self._check_process()
        with self._lock, self._client_errors():
            client = self._connected_now()
            if self._fingerprint is None or self._leads_elsewhere(self._fingerprint, fingerprint):
                if self._quantization is not None and is_local(client):
                    raise no_quantization_here()
                found = ensure(
                    client,
                    self.collection,
                    fingerprint,
                    adopt=self._adopt,
                    indexed=not is_local(client),
                    quantization=self._quantization,
                    sparse=bool(self._lexical),
                )
                self._pinned, self._fingerprint, self._codes, self._sparse, self._words_at_open = found
                self._just_looked()
                if self._words is not None:
                    self._open_words(self._words_at_open)
            self._fingerprint = self._fingerprint.check(fingerprint, where=str(self))
            if self._words is None:
                self._open_words(self._words_at_open)

    def kept_fingerprint(self) -> Fingerprint | None:
        return self._fingerprint

    def takes_id(self, id_: str) -> bool:
        return point_id(id_) is not None

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = check_rows(records, vectors, self._dimensions)
        self._warn_of_sparse()
        step = max(1, _NUMBERS_PER_REQUEST // self._dimensions)
        for start in range(0, len(records), step):
            some = records[start : start + step]
            batch = points_of(some, rows[start : start + step], self._sparse_of(some))
            self._ask(methodcaller("upsert", self._name, batch))

    def update(self, records: Sequence[Record]) -> None:
        changes = [*self._word_changes(records), *changes_of(records)]
        self._ask(lambda client: client.batch_update_points(self._name, changes))

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        wanted = point_ids(ids)
        points = self._ask(lambda client: client.retrieve(self._name, wanted, with_payload=False, with_vectors=True))
        return {str(point.id): np.array(dense(point), np.float32) for point in points}

    def get(self, ids: Sequence[str]) -> list[Record]:
        wanted = point_ids(ids)
        points = self._ask(lambda client: client.retrieve(self._name, wanted, with_payload=True))
        found = {point_id(point.id): from_payload(point.id, point.payload) for point in points}
        return [found[id_] for id_ in wanted if id_ in found]

    def look_up(self, ids: Sequence[str], sources: Sequence[str]) -> Iterator[list[Record]]:
        from qdrant_client import models

        if not sources:
            yield self.get(ids)
            return
        either = models.Filter(should=[models.HasIdCondition(has_id=point_ids(ids)), filter_of({"source": sources})])
        for batch in self.iterate(batch_size=_LOOKED_UP, filter=either, with_vectors=False):
            yield batch.records

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        from qdrant_client import models

        check_one_of(ids, filter)
        if ids is not None:
            there = [record.id for record in self.get(ids)]
            if there:
                self._ask(lambda client: client.delete(self._name, point_ids(there)))
            return len(there)
        there_before = self.count(filter)
        self._ask(lambda client: client.delete(self._name, models.FilterSelector(filter=filter_of(filter))))
        return there_before

    def count(self, filter: FilterLike = None) -> int:
        wanted = filter_of(filter)
        return self._ask(lambda client: client.count(self._name, count_filter=wanted, exact=True)).count

    def modalities(self) -> None:
        """Not counted: a search for each of them is one request, which tells those that are not there."""

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        wanted, name, offset = filter_of(filter), self._name, None
        while True:
            page = methodcaller(
                "scroll",
                name,
                scroll_filter=wanted,
                limit=batch_size,
                offset=offset,
                with_payload=True,
                with_vectors=with_vectors,
            )
            points, offset = self._ask(page)
            if points:
                records = [from_payload(point.id, point.payload) for point in points]
                rows = [dense(point) if with_vectors else [] for point in points]
                yield Batch(records, np.array(rows, np.float32))
            if offset is None:
                return

    def close(self) -> None:
        if self._is_the_parent_s:
            return
        with self._lock, self._client_errors():
            client = self._client
            self._let_go()
            if client is not None and self._is_ours:
                self._client = None
                client.close()

    @property
    def place(self) -> object:
        return self._url or self._path or self._client or self

    def _is_embedded(self) -> bool:
        return self._url is None

    def _connected_now(self) -> QdrantClient:
        client = self._client = self._client or self._connected()
        if is_in_folder(client):
            self._opened_here()
        return client

    def ask_client(self, request: Callable[[QdrantClient], T]) -> T:
        self._check_process()
        with self._lock, self._client_errors():
            return request(self._connected_now())

    def _connected(self) -> QdrantClient:
        self._check_key()
        client = connected(
            location=self._location, path=self._path, url=self._url, api_key=self._api_key, timeout_s=self._timeout_s
        )
        weakref.finalize(self, _closed_by, os.getpid(), client)
        return client

    def _client_errors(self) -> AbstractContextManager[None]:
        way_out = (
            "local mode allows one at a time: close that one first, or share an index by a server, QdrantStore(url=...)"
        )
        return engine_errors(self, lock_sign="already accessed by another instance", way_out=way_out)

    @contextmanager
    def _ready(self) -> Iterator[QdrantClient]:
        """The client of the open store; one caller at a time in local mode, which is not made for threads."""
        self._check_process()
        client = opened(self, self._client if self._fingerprint else None)
        with self._lock if is_local(client) else nullcontext(), self._client_errors(), self._gone_told():
            yield client

    def _ask(self, request: Callable[[QdrantClient], T]) -> T:
        """The answer to a request that may be repeated without changing anything: while the server is away, it is."""
        with self._ready() as client:
            return persist(partial(request, client), passes, self._retry_for_s)


def _closed_by(process: int, client: QdrantClient) -> None:
    """A store left open ends without the noise of the client's own ending, in the process that opened it."""
    if process == os.getpid():
        client.close()
