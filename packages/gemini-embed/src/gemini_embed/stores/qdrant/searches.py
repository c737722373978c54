"""The searches of a `QdrantStore`: any number of them, and samples to compare their hits with, in one request."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from gemini_embed.hits import Hit
from gemini_embed.stores.aliases import OfOneCollection
from gemini_embed.stores.base import FilterLike, FloatArray, check_query
from gemini_embed.stores.precision import Precision
from gemini_embed.stores.qdrant.client import is_local
from gemini_embed.stores.qdrant.requests import hits_of, params_of, queries_of, sample_of, samples_of
from gemini_embed.stores.sampling import Sample

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


class ClientSearches(OfOneCollection):
    """What `QdrantStore` does with queries."""

    _client: QdrantClient | None
    _oversampling: float

    @abstractmethod
    def _ready(self) -> AbstractContextManager[QdrantClient]:
        """The client, for a request that is made once."""

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        (hits,) = self.search_each(vector, k, [filter])
        return hits

    def search_each(
        self, vector: FloatArray, k: int, filters: Sequence[FilterLike], *, precision: Precision | None = None
    ) -> list[list[Hit]]:
        hits, _ = self.search_with_samples(vector, k, filters, [], precision=precision)
        return hits

    @property
    def samples_along(self) -> bool:
        return self._client is not None and not is_local(self._client)

    def search_with_samples(
        self,
        vector: FloatArray,
        k: int,
        filters: Sequence[FilterLike],
        samples: Sequence[FilterLike],
        *,
        precision: Precision | None = None,
    ) -> tuple[list[list[Hit]], list[Sample]]:
        query = check_query(vector, k, self._dimensions)
        if precision is not None:
            self.check_precision(precision)
        with self._ready() as client:
            params = None if is_local(client) else params_of(precision or Precision(), self._oversampling)
            asked = [*queries_of(query, k, filters, params), *samples_of(query, samples, params)]
            answers = client.query_batch_points(self._name, asked)
        return hits_of(answers[: len(filters)]), [sample_of(answer) for answer in answers[len(filters) :]]
