"""The words of a `QdrantStore`: sparse vectors in its collection, settings in the collection's metadata."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from gemini_embed.errors import StoreError
from gemini_embed.hits import Hit
from gemini_embed.notices import warn
from gemini_embed.records import Record
from gemini_embed.stores.aliases import OfOneCollection
from gemini_embed.stores.base import FilterLike, FloatArray, check_query
from gemini_embed.stores.keeping import DEEPEST, KeepsWords
from gemini_embed.stores.lexical import SPARSE_NAME, KeptWords, Sparse
from gemini_embed.stores.points import from_payload, point_id
from gemini_embed.stores.qdrant.client import is_local
from gemini_embed.stores.qdrant.collection import WORDS_KEY
from gemini_embed.stores.qdrant.requests import filter_of, sparse_vector
from gemini_embed.stores.words import WordHit

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

T = TypeVar("T")


class ClientWords(OfOneCollection, KeepsWords):
    """What `QdrantStore` does with words."""

    _adopt: bool
    _sparse: tuple[str, ...]
    """Names of sparse vectors that the collection had when it was opened, until it is warned of them."""

    @abstractmethod
    def _ask(self, request: Callable[[QdrantClient], T]) -> T:
        """The answer to a request that may be repeated."""

    @abstractmethod
    def _ready(self) -> AbstractContextManager[QdrantClient]:
        """The client, for a request that is made once."""

    def _warn_of_sparse(self) -> None:
        """Once, before the first write."""
        others = [name for name in self._sparse if self.kept_words() is None or name != SPARSE_NAME]
        if others:
            names, self._sparse = ", ".join(map(repr, others)), ()
            warn(
                f"{self} has sparse vectors too ({names}), which are not made here: what is written is found by the "
                "dense half of a hybrid search only. Add by the program that makes them, or use another collection"
            )

    def _word_changes(self, records: Sequence[Record]) -> list[models.UpdateOperation]:
        """The words of records whose text or metadata changed."""
        from qdrant_client import models

        if self.kept_words() is None:
            return []
        there = {record.id for record in self.get([record.id for record in records])}
        known = [record for record in records if record.id in there]
        points = _points([record.id for record in known], self._sparse_of(known) or [])
        return [models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=points))] if points else []

    def _write_words(self, kept: KeptWords) -> None:
        self._ask(lambda client: client.update_collection(self._name, metadata={WORDS_KEY: kept.to_dict()}))

    def _make_sparse(self) -> None:
        from qdrant_client import models

        if self._has_sparse():
            return
        config = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig(modifier=models.Modifier.IDF))
        try:
            self._ask(lambda client: client.create_vector_name(self._name, SPARSE_NAME, config))
        except StoreError as error:
            error.add_note(
                "A collection that exists gets sparse vectors from Qdrant 1.18 on; a new one has them before."
            )
            raise

    def _may_adopt_words(self) -> bool:
        return self._adopt and self._has_sparse()

    def _has_sparse(self) -> bool:
        """Whether there is room for words; StoreError where another program made it for other vectors."""
        from qdrant_client import models

        params = (self._info().config.params.sparse_vectors or {}).get(SPARSE_NAME)
        if params is not None and params.modifier != models.Modifier.IDF:
            raise StoreError(
                f"{self}: its sparse vectors {SPARSE_NAME!r} are not weighed by how rare a word is, which words need "
                "(modifier IDF): make it with SparseVectorParams(modifier=Modifier.IDF), or leave lexical= out"
            )
        return params is not None

    def _info(self) -> models.CollectionInfo:
        return self._ask(lambda client: client.get_collection(self._name))

    def _put_sparse(self, ids: Sequence[str], sparse: Sequence[Sparse]) -> None:
        points = _points(ids, sparse)
        self._ask(lambda client: client.update_vectors(self._name, points))

    def _search_sparse(
        self, asked: Sparse, needed: Sparse | None, vector: FloatArray, k: int, filter: FilterLike
    ) -> list[WordHit]:
        """In one request: the best by words, and again what cosines they have."""
        from qdrant_client import models

        query, only, words = check_query(vector, k, self._dimensions), filter_of(filter), sparse_vector(asked)
        among: list[models.Prefetch] | None = None
        if needed is not None:
            having = sparse_vector(needed)
            among = [models.Prefetch(query=having, using=SPARSE_NAME, limit=DEEPEST, filter=only)]
        best = models.Prefetch(query=words, using=SPARSE_NAME, limit=k, prefetch=among, filter=only)
        exact = models.SearchParams(quantization=models.QuantizationSearchParams(ignore=True))
        by_words = models.QueryRequest(
            query=words, using=SPARSE_NAME, limit=k, prefetch=among, filter=only, with_payload=True
        )
        cosines = models.QueryRequest(query=query.tolist(), limit=k, prefetch=best, with_payload=False)
        with self._ready() as client:
            if not is_local(client):  # which has no codes to look past, and says so
                cosines.params = exact
            found, scored = client.query_batch_points(self._name, [by_words, cosines])
        cosine_of = {point.id: point.score for point in scored.points}
        return [
            WordHit(Hit(from_payload(one.id, one.payload), cosine_of[one.id], found_by=("words",)), one.score)
            for one in found.points
            if one.id in cosine_of
        ]

    def _count_wordless(self) -> int:
        from qdrant_client import models

        without = models.Filter(must_not=[models.HasVectorCondition(has_vector=SPARSE_NAME)])
        return self._ask(lambda client: client.count(self._name, without, exact=True)).count


def _points(ids: Sequence[str], sparse: Sequence[Sparse]) -> list[models.PointVectors]:
    from qdrant_client import models

    return [
        models.PointVectors(id=point_id(id_) or id_, vector={SPARSE_NAME: sparse_vector(one)})
        for id_, one in zip(ids, sparse, strict=True)
    ]
