"""MilvusStore: a Milvus server, Zilliz Cloud, or a file of Milvus Lite.

Rows are laid out so that langchain-milvus and LlamaIndex's Milvus store open a collection of ours (`milvus_rows`). The
fingerprint is kept in the collection's properties.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gemini_embed.errors import missing_extra
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
from gemini_embed.stores.milvus import lite as milvus_lite
from gemini_embed.stores.milvus.aliases import ClientAliases
from gemini_embed.stores.milvus.collection import MAX_ID_BYTES, ensure, index_of
from gemini_embed.stores.milvus.filters import ids_in
from gemini_embed.stores.milvus.iterating import rows_of
from gemini_embed.stores.milvus.rows import (
    ID_FIELD,
    VECTOR_FIELD,
    WITHOUT_VECTOR,
    batch_of,
    check_size,
    from_row,
    to_row,
)
from gemini_embed.stores.milvus.searches import ClientSearches
from gemini_embed.stores.milvus.searches import Consistency as Consistency
from gemini_embed.stores.pickling import SettingsOnly
from gemini_embed.stores.quantization import Quantization

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")

_NUMBERS_PER_REQUEST = 2**20
"""Vector numbers in one upsert: 4 MB, well under the 64 MB of a gRPC message."""


_LOOKED_UP = 1_000
"""Rows in one reply to `look_up`, of which there are seldom more."""


class MilvusStore(SettingsOnly, OfOneProcess, ClientAliases, ClientSearches):
    """Records and vectors in one Milvus collection, made on first use. Needs the extra `milvus`.

    Stored text is cut at 65,535 bytes, Milvus's limit, with a mark at its end; the vector is of the whole text.

    Args:
        uri: "http://host:19530" of a server, an endpoint of Zilliz Cloud, or the path of a file that ends in ".db", for
            Milvus Lite (one process at a time; meant for small collections).
        token: of a server: an API key, or "user:password". A pickle leaves it behind, and finds it in MILVUS_TOKEN.
        collection: its name (letters, digits and underscores), or an alias, which is looked up when the store is
            opened; see `pinned`.
        alias: "follow" looks again every 30 s where the alias leads, and goes there; where the vectors there were made
            another way it raises StoreMovedError (`MultimodalIndex.following` takes another embedder then). "pin" keeps
            to the collection that was found.
        adopt: take over a collection that holds vectors but no fingerprint, such as one made by langchain-milvus. By
            this you vouch that its vectors were made as your embedder makes them; the fingerprint is written once.
        quantization: "int8" makes its index HNSW_SQ; Milvus has no other codes of `Quantization`.
        index_type: Milvus's name of the index to make, such as "HNSW", "IVF_SQ8" or "DISKANN".
        index_params: its parameters in Milvus's words, such as {"M": 16, "efConstruction": 200}.
        search_params: those of a search, such as {"ef": 128}. What Lite would ignore is a ConfigurationError.
        consistency: of searches; "Strong" also finds what other processes have just written, some 0.2 s later. All
            else (`get`, `count`, `iterate`, `delete`) is strong.
        timeout_s: of each request, in seconds.
    """

    _key_name, _key_variable = "_token", "MILVUS_TOKEN"

    def __init__(
        self,
        uri: str | os.PathLike[str],
        *,
        token: str | None = None,
        collection: str = "gemini_embed",
        alias: AliasUse = "pin",
        adopt: bool = False,
        quantization: Quantization | None = None,
        index_type: str = "AUTOINDEX",
        index_params: Mapping[str, Any] | None = None,
        search_params: Mapping[str, Any] | None = None,
        consistency: Consistency = "Session",
        timeout_s: float = 60.0,
    ) -> None:
        self._index = index_of(index_type, index_params or {}, quantization)
        place = os.fspath(uri)
        self._file = None if "://" in place else Path(place).absolute()  # a later change of directory changes nothing
        if self._file is not None:
            milvus_lite.check_file(place, token)
            milvus_lite.check_settings(self._index.index_type, self._index.params, search_params or {})
        self.collection, self.alias = collection, alias_use(alias)
        self._place, self._token, self._adopt = str(self._file or place), token, adopt
        self._search_params = dict(search_params or {})
        self._consistency, self._timeout_s = consistency, timeout_s
        self._client: MilvusClient | None = None
        self._address = self._place
        self._fingerprint: Fingerprint | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        place = self._place if self._file is not None else without_userinfo(self._place)
        return f"MilvusStore({place!r}, {self._names()})"

    def open(self, fingerprint: Fingerprint) -> None:
        self._check_process()
        with self._lock, engine_errors(self):
            if self._fingerprint is None or self._leads_elsewhere(self._fingerprint, fingerprint):
                client = self._client = self._client or self._connect()
                found = ensure(client, self.collection, fingerprint, self._index, adopt=self._adopt)
                self._pinned, self._fingerprint = found
                self._just_looked()
            self._fingerprint = self._fingerprint.check(fingerprint, where=str(self))

    def kept_fingerprint(self) -> Fingerprint | None:
        return self._fingerprint

    def check_new(self, record: Record) -> None:
        if self._file is None:
            check_size(to_row(record, np.zeros(0, np.float32)))

    def takes_id(self, id_: str) -> bool:
        return len(id_.encode()) <= MAX_ID_BYTES

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = check_rows(records, vectors, self._dimensions)
        last = {record.id: to_row(record, row) for record, row in zip(records, rows, strict=True)}
        self._write(list(last.values()))

    def update(self, records: Sequence[Record]) -> None:
        wanted = {record.id: record for record in records}
        with self._ready() as client:
            held = self._query(client, ids_in(wanted), [ID_FIELD, VECTOR_FIELD])
            self._write(
                [to_row(wanted[row[ID_FIELD]], np.asarray(row[VECTOR_FIELD], dtype=np.float32)) for row in held]
            )

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        with self._ready() as client:
            rows = self._query(client, ids_in(ids), [ID_FIELD, VECTOR_FIELD])
        return {str(row[ID_FIELD]): np.asarray(row[VECTOR_FIELD], dtype=np.float32) for row in rows}

    def get(self, ids: Sequence[str]) -> list[Record]:
        with self._ready() as client:
            rows = self._query(client, ids_in(ids), WITHOUT_VECTOR)
        found = {row[ID_FIELD]: from_row(row) for row in rows}
        return [found[id_] for id_ in ids if id_ in found]

    def look_up(self, ids: Sequence[str], sources: Sequence[str]) -> Iterator[list[Record]]:
        if not sources:
            yield self.get(ids)
            return
        either = f"({ids_in(ids)}) or {self._where({'source': sources})}"
        for batch in self.iterate(batch_size=_LOOKED_UP, filter=either, with_vectors=False):
            yield batch.records

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        doomed = self._where(filter) if ids is None else ids_in(ids)
        with self._ready() as client:
            there_before = self._count(client, doomed)
            if there_before:
                client.delete(self._name, filter=doomed, timeout=self._timeout_s)
            return there_before

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        where = self._where(filter)
        with self._ready() as client:
            # pymilvus reads iterators at the collection's own consistency, whatever it is told: what was just written
            # would be missing. A strong read first makes the server catch up.
            if self._file is None and self._count(client, where) == 0:
                return
            rows = rows_of(client, self._name, where, batch_size, self._timeout_s, with_vectors=with_vectors)
        try:
            while True:
                with self._ready():
                    some = rows.next()
                if not some:
                    return
                yield batch_of(some, with_vectors)
        finally:
            rows.close()

    def optimize(self) -> None:
        """Seal what was written, so that it is indexed; Lite then searches several times faster."""
        with self._ready() as client:
            client.flush(self._name, timeout=self._timeout_s)
            if self._file is not None:
                client.release_collection(self._name)
                client.load_collection(self._name)

    def close(self) -> None:
        if self._is_the_parent_s:
            return
        with self._lock, engine_errors(self):
            client, self._client = self._client, None
            self._let_go()
            if client is not None and self._is_ours:
                client.close()
                if self._file is not None:
                    milvus_lite.stop(self._file, self._address)

    @contextmanager
    def _ready(self) -> Iterator[MilvusClient]:
        """The client of the open store; one caller at a time with a file, which takes one writer."""
        self._check_process()
        client = opened(self, self._client if self._fingerprint else None)
        lock = nullcontext() if self._file is None else self._lock
        with lock, engine_errors(self), self._gone_told():
            yield client

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if self._file is None:
            for row in rows:
                check_size(row)
        step = max(1, _NUMBERS_PER_REQUEST // self._dimensions)
        for start in range(0, len(rows), step):
            with self._ready() as client:
                client.upsert(self._name, rows[start : start + step], timeout=self._timeout_s)

    @property
    def place(self) -> object:
        return self._place

    def _is_embedded(self) -> bool:
        return self._file is not None

    def ask_client(self, request: Callable[[MilvusClient], T]) -> T:
        self._check_process()
        with self._lock, engine_errors(self):
            self._client = self._client or self._connect()
            return request(self._client)

    def _connect(self) -> MilvusClient:
        self._check_key()
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise missing_extra("milvus", "pymilvus") from error
        if self._file is not None:
            self._address, self._lock = milvus_lite.start(self._file)
            self._opened_here()
        return MilvusClient(uri=self._address, token=self._token or "", timeout=self._timeout_s)
