"""EdgeStore: Qdrant's engine embedded in the process, in one folder, with nothing to start. The default store.

The folder holds `fingerprint.json` and `shard/`, the engine's own files. One process at a time can have it open.
Writes go through the engine's log, so a killed process loses nothing that `upsert` returned from. Searches read codes
of all vectors (some 3 ms for 20,000 x 3072) until `optimize` has built the graph index.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.errors import InputError, StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.stores.base import (
    Batch,
    FilterLike,
    FloatArray,
    check_one_of,
    check_query,
    check_rows,
    engine_errors,
    opened,
)
from gemini_embed.stores.edge.child import optimize
from gemini_embed.stores.edge.folder import LOCK_SIGN, check_room, damaged, engine, kept_fingerprint, load
from gemini_embed.stores.edge.log import close_shard
from gemini_embed.stores.edge.memory import release_mapped
from gemini_embed.stores.edge.pointer import FolderPointers
from gemini_embed.stores.edge.requantizing import codes_made, kept_quantization, needed_bytes, requantized
from gemini_embed.stores.edge.searches import filter_of, hit_of, params_of, request_of
from gemini_embed.stores.edge.words import EdgeWords
from gemini_embed.stores.forking import OfOneProcess
from gemini_embed.stores.lexical import LexicalLike, check_lexical
from gemini_embed.stores.pickling import SettingsOnly
from gemini_embed.stores.points import dense, from_payload, point_id, point_ids, to_payload
from gemini_embed.stores.precision import Precision, check_codes
from gemini_embed.stores.quantization import Quantization, check_name, check_quantization

if TYPE_CHECKING:
    import qdrant_edge

_WRITTEN_AT_BYTES = 2**20
"""Vectors given to the engine at once, about: it makes several copies of them, and of their records."""
_RELEASED_AT_BYTES = 4 * 2**20
"""Vectors written before the memory of their files is given back: 1,300 of 768 dimensions."""


class EdgeStore(SettingsOnly, OfOneProcess, FolderPointers, EdgeWords):
    """Records and vectors in the folder `path`, made on first use.

    Nothing is read or written before the first call. Needs the extra `edge`.

    Args:
        path: of the folder, or of a file that points to one (`point_alias`), which is looked up when the store is
            opened; see `folder`.
        quantization: the codes that searches read first, see `Quantization`; the best are scored again with the full
            vectors. None: those that the folder has, "turbo4" in a new one, which loses next to nothing. Another code
            than it has is a ConfigurationError: `requantize` changes it. Where it has none, they are made by the next
            `optimize`; those of int8 are in any case.
        oversampling: how many times `k` candidates are scored again, from 1 up.
        lexical: True, or `Lexical(...)`, has a new index keep the words of its records too, for searches by words
            (`index.search(..., lexical=True)`). None: as the folder has it.
    """

    takes_precision = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        quantization: Quantization | None = None,
        oversampling: float = 3.0,
        lexical: LexicalLike = None,
    ) -> None:
        check_quantization(quantization, oversampling)
        check_lexical(lexical)
        self._lexical = lexical
        self.path = Path(path).absolute()  # a later change of directory changes nothing
        self._quantization, self._oversampling = quantization, oversampling
        self._lock = threading.RLock()
        self._shard: qdrant_edge.EdgeShard | None = None
        self._fingerprint: Fingerprint | None = None
        self._made: set[str] = set()  # codes, when the shard was loaded
        self._has_upserted = False  # since the shard was loaded
        self._written_bytes = 0  # since pages were last given back

    def __repr__(self) -> str:
        return f"EdgeStore({str(self.path)!r})"

    def open(self, fingerprint: Fingerprint) -> None:
        with self._alone():
            if self._fingerprint is None:
                self._pinned = self.folder
                self._fingerprint = kept_fingerprint(self._pinned, fingerprint)
            self._fingerprint = self._fingerprint.check(fingerprint, where=str(self))
            if self._shard is None:
                self._shard = self._load()
                self._opened_here()
            if self._words is None:
                self._open_words(self._read_words())

    def kept_fingerprint(self) -> Fingerprint | None:
        return self._fingerprint

    def takes_id(self, id_: str) -> bool:
        return point_id(id_) is not None

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = check_rows(records, vectors, self._dimensions)
        if not records:
            return
        parts = ceil(rows.nbytes / _WRITTEN_AT_BYTES)
        step = ceil(len(records) / parts)
        with self._alone():
            check_room(self.folder, 4 * rows.nbytes)
            for start in range(0, len(records), step):
                self._write(records[start : start + step], rows[start : start + step])
            self._written_bytes += rows.nbytes
            if self._written_bytes >= _RELEASED_AT_BYTES:
                self._written_bytes = 0
                release_mapped(self.folder)

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        edge = engine()
        points = [
            edge.Point(point_id(record.id), vector, to_payload(record))
            for record, vector in zip(records, self._with_words(records, rows), strict=True)
        ]
        self._update(edge.UpdateOperation.upsert_points(points))
        self._has_upserted = True

    def update(self, records: Sequence[Record]) -> None:
        self._update_words(records)  # first: what a kill leaves undone is found out by the payload, and done again
        for record in records:
            self._update(engine().UpdateOperation.overwrite_payload(point_ids([record.id]), to_payload(record)))

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        (hits,) = self.search_each(vector, k, [filter])
        return hits

    def search_each(
        self, vector: FloatArray, k: int, filters: Sequence[FilterLike], *, precision: Precision | None = None
    ) -> list[list[Hit]]:
        query = check_query(vector, k, self._dimensions)
        if precision is not None:
            self.check_precision(precision)
        params = params_of(k, precision or Precision(), self._oversampling)
        requests = [request_of(query, k, filter, params) for filter in filters]
        with self._open_shard() as shard:
            return [[hit_of(point) for point in shard.search(request)] for request in requests]

    def check_precision(self, precision: Precision) -> None:
        kept = self.kept_quantization()
        check_codes(self, precision, kept)
        if precision.reads_codes and kept not in self._made:
            raise InputError(
                f"{self} has made no codes yet, so oversampling and rescore would be ignored: optimize() makes them "
                "(those of int8 not below some 10 MB of vectors)"
            )
        if precision.rescore is False and kept == "binary" and self._made != {kept}:
            raise InputError(
                f"{self}: some vectors have no codes yet, whose scores cannot be compared with those of binary codes: "
                "optimize() first, or leave rescore=False out"
            )

    def kept_quantization(self) -> str:
        opened(self, self._shard)
        return kept_quantization(self.folder)

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        with self._open_shard() as shard:
            points = shard.retrieve(point_ids(ids), with_payload=False, with_vector=True)
        return {str(point.id): np.array(dense(point), np.float32) for point in points}

    def get(self, ids: Sequence[str]) -> list[Record]:
        wanted = point_ids(ids)
        with self._open_shard() as shard:
            points = shard.retrieve(wanted, with_payload=True, with_vector=False)
        found = {point_id(point.id): from_payload(point.id, point.payload) for point in points}
        return [found[id_] for id_ in wanted if id_ in found]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        operation = engine().UpdateOperation
        with self._alone():
            if ids is not None:
                there = [record.id for record in self.get(ids)]
                self._update(operation.delete_points(point_ids(there)))
                return len(there)
            there_before = self.count(filter)
            self._update(operation.delete_points_by_filter(filter_of(filter)))
            return there_before

    def count(self, filter: FilterLike = None) -> int:
        with self._open_shard() as shard:
            return shard.count(engine().CountRequest(exact=True, filter=filter_of(filter)))

    def iterate(
        self,
        *,
        batch_size: int = 256,
        filter: FilterLike = None,
        with_vectors: bool = True,
    ) -> Iterator[Batch]:
        wanted, offset = filter_of(filter), None
        while True:
            request = engine().ScrollRequest(
                offset=offset, limit=batch_size, filter=wanted, with_payload=True, with_vector=with_vectors
            )
            with self._open_shard() as shard:
                points, offset = shard.scroll(request)
            if points:
                yield _batch(points, with_vectors)
            if offset is None:
                return

    def optimize(self) -> None:
        """Build the graph index, and what codes are missing; all other calls wait meanwhile.

        Takes a while (some 10 s for 20,000 x 3072 on two cores, and without codes several times that) in a child
        process; worth it from some 100,000 vectors on, after large additions. Searches are right without it.
        """
        with self._open_shard() as shard:
            close_shard(self.folder, shard, self._has_upserted)
            self._shard = None
            try:
                optimize(self.folder)
            finally:
                self._shard = self._load()

    def requantize(self, quantization: Quantization) -> None:
        """Hold these codes instead of what is there, made of the vectors that are stored, and `optimize`.

        A child process works on a copy of the folder's vectors, which takes the place of them at the end: so much disk
        is needed meanwhile, twice, and a kill leaves the folder as it was before or after. All other calls wait.
        """
        check_name(quantization)
        with self._open_shard() as held:
            held.flush()
            check_room(self.folder, needed_bytes(self.folder))
            requantized(self.folder, quantization)
            self._quantization = None if self._quantization is None else quantization
            self._shard = self._load()  # before the lock of the old one goes
            held.close()

    def close(self) -> None:
        if self._is_the_parent_s:
            return
        with self._alone():
            shard, self._shard, self._fingerprint, self._words = self._shard, None, None, None
            folder, self._pinned = self.folder, None
            if shard is not None:
                close_shard(folder, shard, self._has_upserted)

    def _of_folder(self, folder: Path) -> EdgeStore:
        return EdgeStore(folder, oversampling=self._oversampling, lexical=self._lexical)

    @property
    def _dimensions(self) -> int:
        return opened(self, self._fingerprint).dimensions

    def _load(self) -> qdrant_edge.EdgeShard:
        loaded = load(self.folder, self._dimensions, self._quantization)
        self._made, self._has_upserted = codes_made(self.folder), False
        return loaded

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One caller at a time, the engine's errors in our words."""
        self._check_process()
        with self._lock, self._engine_errors():
            yield

    @contextmanager
    def _open_shard(self) -> Iterator[qdrant_edge.EdgeShard]:
        with self._alone():
            yield opened(self, self._shard)

    @contextmanager
    def _engine_errors(self) -> Iterator[None]:
        way_out = "its engine allows one at a time: close that one first, or use QdrantStore(url=...) to share an index"
        try:
            with engine_errors(self, lock_sign=LOCK_SIGN, way_out=way_out):
                yield
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":  # its PanicException is no Exception, and has no home
                raise
            raise StoreError(damaged(self.folder, error)) from error

    def _update(self, operation: qdrant_edge.UpdateOperation) -> None:
        with self._open_shard() as shard:
            shard.update(operation)


def _batch(points: Sequence[qdrant_edge.Record], with_vectors: bool) -> Batch:
    records = [from_payload(point.id, point.payload) for point in points]
    if not with_vectors:
        return Batch(records, np.empty((len(points), 0), np.float32))
    return Batch(records, np.array([dense(point) for point in points], np.float32))
