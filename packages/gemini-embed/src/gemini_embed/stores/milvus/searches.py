"""What a `MilvusStore` finds and counts: several requests at once, where there is a server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from gemini_embed.errors import InputError
from gemini_embed.hits import Hit
from gemini_embed.stores.aliases import OfOneCollection
from gemini_embed.stores.base import Batch, FilterLike, FloatArray, check_query
from gemini_embed.stores.milvus.filters import expression
from gemini_embed.stores.milvus.iterating import MOST, first_of
from gemini_embed.stores.milvus.rows import VECTOR_FIELD, WITHOUT_VECTOR, from_row
from gemini_embed.stores.milvus.together import together
from gemini_embed.stores.precision import Precision
from gemini_embed.stores.sampling import SAMPLE

if TYPE_CHECKING:
    from pymilvus import MilvusClient

T = TypeVar("T")
Consistency: TypeAlias = Literal["Strong", "Session", "Bounded", "Eventually"]
"""How soon a search sees what was written, in Milvus's own words."""


class ClientSearches(OfOneCollection):
    """What `MilvusStore` does with queries and filters."""

    _file: Path | None
    """That of Lite; None: a server."""
    _search_params: Mapping[str, Any]
    _consistency: Consistency
    _timeout_s: float

    @abstractmethod
    def _ready(self) -> AbstractContextManager[MilvusClient]:
        """The client of the open store."""

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        (hits,) = self.search_each(vector, k, [filter])
        return hits

    def search_each(
        self, vector: FloatArray, k: int, filters: Sequence[FilterLike], *, precision: Precision | None = None
    ) -> list[list[Hit]]:
        query = check_query(vector, k, self._dimensions)
        if precision is not None:
            self.check_precision(precision)
        if k > MOST:
            raise InputError(f"Milvus gives at most {MOST:,} hits of one search, not {k:,}")
        wanted = [self._where(filter) for filter in filters]
        with self._ready() as client:
            return self._at_once([partial(self._search, client, query, k, where) for where in wanted])

    def count(self, filter: FilterLike = None) -> int:
        with self._ready() as client:
            return self._count(client, self._where(filter))

    def count_each(self, filters: Sequence[FilterLike]) -> list[int]:
        wanted = [self._where(filter) for filter in filters]
        with self._ready() as client:
            return self._at_once([partial(self._count, client, where) for where in wanted])

    def sample_each(self, filters: Sequence[FilterLike], count: int = SAMPLE) -> list[Batch | None]:
        wanted = [self._where(filter) for filter in filters]
        with self._ready() as client:
            first = partial(first_of, client, self._name, count=count, timeout_s=self._timeout_s)
            return self._at_once([partial(first, where) for where in wanted])

    def _where(self, filter: FilterLike) -> str:
        return expression(filter, is_lite=self._file is not None)

    def _at_once(self, requests: Sequence[Callable[[], T]]) -> list[T]:
        """Their answers; with a file one after the other, since its engine computes in this process."""
        return together(requests) if self._file is None else [request() for request in requests]

    def _search(self, client: MilvusClient, query: FloatArray, k: int, where: str) -> list[Hit]:
        (found,) = client.search(
            self._name,
            data=[query.tolist()],
            anns_field=VECTOR_FIELD,
            limit=k,
            filter=where,
            output_fields=WITHOUT_VECTOR,
            search_params={"metric_type": "COSINE", "params": self._search_params},
            consistency_level=self._consistency,
            timeout=self._timeout_s,
        )
        return [Hit(from_row(hit["entity"]), hit["distance"]) for hit in found]

    def _query(self, client: MilvusClient, where: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        found = client.query(
            self._name,
            filter=where,
            output_fields=list(fields),
            consistency_level="Strong",
            timeout=self._timeout_s,
        )
        return list(found)

    def _count(self, client: MilvusClient, where: str) -> int:
        return int(self._query(client, where, ["count(*)"])[0]["count(*)"])
