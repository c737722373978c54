"""The words of an `EdgeStore`: sparse vectors in its shard, settings in `lexical.json`."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray, check_query
from gemini_embed.stores.edge.folder import check_room, engine, read_object, write_whole
from gemini_embed.stores.keeping import DEEPEST, KeepsWords
from gemini_embed.stores.lexical import SPARSE_NAME, KeptWords, Sparse
from gemini_embed.stores.point_filters import EdgeConditions
from gemini_embed.stores.points import from_payload, point_id
from gemini_embed.stores.words import WordHit

if TYPE_CHECKING:
    import qdrant_edge

_BYTES_PER_WORD = 32
"""In the log, the vectors and their index, at most."""


class EdgeWords(KeepsWords):
    """What `EdgeStore` does with words."""

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Where the files of the open store are."""

    @abstractmethod
    def _open_shard(self) -> AbstractContextManager[qdrant_edge.EdgeShard]:
        """The engine's shard, for one caller at a time."""

    @property
    @abstractmethod
    def _dimensions(self) -> int:
        """Of the vectors."""

    def _with_words(self, records: Sequence[Record], rows: FloatArray) -> Iterable[Any]:
        """What points have for vectors, one after the other: a row of `rows`, and words where the store keeps them."""
        sparse = self._sparse_of(records)
        if sparse is None:
            return map(memoryview, rows)
        check_room(self.folder, _size(sparse))
        return ({"": memoryview(row), SPARSE_NAME: _sparse_vector(one)} for row, one in zip(rows, sparse, strict=True))

    def _update_words(self, records: Sequence[Record]) -> None:
        """Of records whose text or metadata changed."""
        if self.kept_words() is None:
            return
        there = {record.id for record in self.get([record.id for record in records])}
        known = [record for record in records if record.id in there]
        self._put_sparse([record.id for record in known], self._sparse_of(known) or [])

    def _undisturbed(self) -> AbstractContextManager[object]:
        return self._open_shard()

    def _read_words(self) -> KeptWords | None:
        file = self.folder / "lexical.json"
        return KeptWords.from_dict(read_object(file)) if file.exists() else None

    def _write_words(self, kept: KeptWords) -> None:
        write_whole(self.folder / "lexical.json", json.dumps(kept.to_dict(), indent=2))

    def _make_sparse(self) -> None:
        edge = engine()
        with self._open_shard() as shard:  # to one that has it, the engine does nothing
            shard.update(edge.UpdateOperation.create_sparse_vector(SPARSE_NAME, edge.Modifier.Idf))

    def _put_sparse(self, ids: Sequence[str], sparse: Sequence[Sparse]) -> None:
        if not ids:
            return
        edge = engine()
        check_room(self.folder, _size(sparse))
        changes = [
            edge.PointVectors(point_id(id_), {SPARSE_NAME: _sparse_vector(one)})
            for id_, one in zip(ids, sparse, strict=True)
        ]
        with self._open_shard() as shard:
            shard.update(edge.UpdateOperation.update_vectors(changes))

    def _search_sparse(
        self, asked: Sparse, needed: Sparse | None, vector: FloatArray, k: int, filter: FilterLike
    ) -> list[WordHit]:
        query = check_query(vector, k, self._dimensions)
        edge, only = engine(), EdgeConditions(engine()).filter(filter)
        words = edge.Query.Nearest(_sparse_vector(asked), using=SPARSE_NAME)
        among: list[Any] | None = None
        if needed is not None:
            having = edge.Query.Nearest(_sparse_vector(needed), using=SPARSE_NAME)
            among = [edge.Prefetch(limit=DEEPEST, query=having, filter=only)]
        best = edge.Prefetch(limit=k, query=words, prefetches=among, filter=only)
        exact = edge.SearchParams(quantization=edge.QuantizationSearchParams(ignore=True))
        by_words = edge.QueryRequest(limit=k, query=words, prefetches=among, filter=only, with_payload=True)
        cosines = edge.QueryRequest(
            limit=k, query=edge.Query.Nearest(query.tolist()), prefetches=[best], params=exact, with_payload=False
        )
        with self._open_shard() as shard:
            found, scored = shard.query(by_words), shard.query(cosines)
        cosine_of = {point.id: point.score for point in scored}
        return [
            WordHit(Hit(from_payload(one.id, one.payload), cosine_of[one.id], found_by=("words",)), one.score)
            for one in found
            if one.id in cosine_of
        ]

    def _count_wordless(self) -> int:
        edge = engine()
        without = edge.Filter(must_not=[edge.HasVectorCondition(SPARSE_NAME)])
        with self._open_shard() as shard:
            return shard.count(edge.CountRequest(exact=True, filter=without))


def _sparse_vector(one: Sparse) -> qdrant_edge.SparseVector:
    return engine().SparseVector(one.indices, one.values)  # type: ignore[no-any-return]  # the engine is loaded late


def _size(sparse: Sequence[Sparse]) -> int:
    return _BYTES_PER_WORD * sum(len(one.indices) for one in sparse)
