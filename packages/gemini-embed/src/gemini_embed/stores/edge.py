"""EdgeStore: Qdrant's engine embedded in the process, in one folder, with nothing to start. The default store.

The folder holds `fingerprint.json` and `shard/`, the engine's own files. One process at a time can have it open.
Writes go through the engine's log, so a killed process loses nothing that `upsert` returned from. Searches scan all
vectors (about 9 ms for 20,000 x 768); the graph index is not built here, since building it blocks every thread.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gemini_embed.errors import GeminiEmbedError, StoreError, StoreLockedError, missing_extra
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.base import (
    Batch,
    FilterLike,
    FloatArray,
    Hit,
    Record,
    Store,
    check_one_of,
    check_query,
    check_rows,
)
from gemini_embed.stores.conditions import EdgeConditions
from gemini_embed.stores.payload import INDEXED_FIELDS, from_payload, point_id, point_ids, to_payload

if TYPE_CHECKING:
    import qdrant_edge


class EdgeStore(Store):
    """Records and vectors in the folder `path`, made on first use.

    Nothing is read or written before the first call. Needs the extra `edge`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._shard: qdrant_edge.EdgeShard | None = None
        self._fingerprint: Fingerprint | None = None

    def __repr__(self) -> str:
        return f"EdgeStore({str(self.path)!r})"

    def open(self, fingerprint: Fingerprint) -> None:
        with self._lock, _engine_errors(self):
            if self._fingerprint is None:
                self._fingerprint = self._kept_fingerprint(fingerprint)
            self._fingerprint.check(fingerprint, where=str(self))
            if self._shard is None:
                self._shard = self._load(fingerprint.dimensions)

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = check_rows(records, vectors, self._dimensions)
        if not records:
            return
        edge = _engine()
        points = [
            edge.Point(record.id, row.tolist(), to_payload(record)) for record, row in zip(records, rows, strict=True)
        ]
        self._update(edge.UpdateOperation.upsert_points(points))

    def update(self, records: Sequence[Record]) -> None:
        for record in records:
            self._update(_engine().UpdateOperation.overwrite_payload(point_ids([record.id]), to_payload(record)))

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = check_query(vector, k, self._dimensions)
        edge = _engine()
        request = edge.SearchRequest(
            query=edge.Query.Nearest(query.tolist()), limit=k, filter=_filter(filter), with_payload=True
        )
        with self._open_shard() as shard:
            points = shard.search(request)
        return [Hit(from_payload(point.id, point.payload), point.score) for point in points]

    def get(self, ids: Sequence[str]) -> list[Record]:
        with self._open_shard() as shard:
            points = shard.retrieve(point_ids(ids), with_payload=True, with_vector=False)
        found = {point_id(point.id): from_payload(point.id, point.payload) for point in points}
        return [found[id_] for id_ in point_ids(ids) if id_ in found]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        operation = _engine().UpdateOperation
        with self._lock:
            if ids is not None:
                there = [record.id for record in self.get(ids)]
                self._update(operation.delete_points(point_ids(there)))
                return len(there)
            there_before = self.count(filter)
            self._update(operation.delete_points_by_filter(_filter(filter)))
            return there_before

    def count(self, filter: FilterLike = None) -> int:
        with self._open_shard() as shard:
            return shard.count(_engine().CountRequest(exact=True, filter=_filter(filter)))

    def iterate(
        self,
        *,
        batch_size: int = 256,
        filter: FilterLike = None,
        with_vectors: bool = True,
    ) -> Iterator[Batch]:
        wanted, offset = _filter(filter), None
        while True:
            request = _engine().ScrollRequest(
                offset=offset, limit=batch_size, filter=wanted, with_payload=True, with_vector=with_vectors
            )
            with self._open_shard() as shard:
                points, offset = shard.scroll(request)
            if points:
                yield _batch(points, with_vectors)
            if offset is None:
                return

    def close(self) -> None:
        with self._lock, _engine_errors(self):
            shard, self._shard, self._fingerprint = self._shard, None, None
            if shard is not None:
                shard.close()

    @property
    def _dimensions(self) -> int:
        if self._fingerprint is None:
            raise StoreError(f"{self} is not open: call open(fingerprint) first")
        return self._fingerprint.dimensions

    @contextmanager
    def _open_shard(self) -> Iterator[qdrant_edge.EdgeShard]:
        with self._lock, _engine_errors(self):
            if self._shard is None:
                raise StoreError(f"{self} is not open: call open(fingerprint) first")
            yield self._shard

    def _update(self, operation: qdrant_edge.UpdateOperation) -> None:
        with self._open_shard() as shard:
            shard.update(operation)

    def _kept_fingerprint(self, wanted: Fingerprint) -> Fingerprint:
        """The fingerprint in the folder; `wanted` itself, once written, when the folder is new."""
        file = self.path / "fingerprint.json"
        if file.exists():
            return Fingerprint.from_dict(_read_object(file))
        if (self.path / "shard").exists():
            raise StoreError(f"{file} is missing beside its vectors: put it back, or use another folder")
        self.path.mkdir(parents=True, exist_ok=True)
        _write_whole(file, json.dumps(wanted.to_dict(), indent=2))
        return wanted

    def _load(self, dimensions: int) -> qdrant_edge.EdgeShard:
        """Open the shard, made under another name and renamed when complete: a kill leaves all of it or none."""
        shard, edge = self.path / "shard", _engine()
        if not shard.exists():
            draft = self.path / f"shard.{os.getpid()}.{threading.get_ident()}"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            vectors = edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)
            made = edge.EdgeShard.create(str(draft), edge.EdgeConfig(vectors=vectors))
            for field in INDEXED_FIELDS:
                made.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
            made.close()
            try:
                draft.rename(shard)
            except OSError:  # another opener was first; whether it still has it, loading tells
                shutil.rmtree(draft)
        loaded: qdrant_edge.EdgeShard = edge.EdgeShard.load(str(shard))
        return loaded


def _filter(given: FilterLike) -> qdrant_edge.Filter | None:
    return EdgeConditions(_engine()).filter(given)  # type: ignore[no-any-return]  # the conditions serve two engines


def _batch(points: Sequence[qdrant_edge.Record], with_vectors: bool) -> Batch:
    records = [from_payload(point.id, point.payload) for point in points]
    if not with_vectors:
        return Batch(records, np.empty((len(points), 0), np.float32))
    return Batch(records, np.array([point.vector for point in points], np.float32))


def _engine() -> Any:
    try:
        import qdrant_edge
    except ImportError as error:
        raise missing_extra("edge", "qdrant-edge-py") from error
    return qdrant_edge


@contextmanager
def _engine_errors(store: EdgeStore) -> Iterator[None]:
    """The engine raises bare Exception; give it our words. Its lock shows as WouldBlock from opening the log."""
    try:
        yield
    except GeminiEmbedError:
        raise
    except Exception as error:
        if "WouldBlock" in str(error):
            raise StoreLockedError(
                f"{store} is open elsewhere (another process, or another object in this one), and its engine "
                "allows one at a time: close that one first, or use QdrantStore(url=...) to share an index"
            ) from error
        raise StoreError(f"{store}: {error}") from error


def _read_object(file: Path) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", dict(json.loads(file.read_text())))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{file} is damaged: {error}") from error


def _write_whole(file: Path, text: str) -> None:
    """Write all of the file or none of it, and have it on disk before going on."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with draft.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
