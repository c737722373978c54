"""`FromQdrant`: a Qdrant collection of ours, of langchain-qdrant, of LlamaIndex's, or of anybody's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gemini_embed.errors import ConfigurationError
from gemini_embed.migrating.llama_layout import FIELDS, NODE_KEY, of_node
from gemini_embed.migrating.source import Elsewhere, unknown_layout
from gemini_embed.migrating.standing import Layout, Standing, carried, named
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray
from gemini_embed.stores.points import METADATA_KEY, TEXT_KEY, point_ids
from gemini_embed.stores.qdrant import QdrantStore
from gemini_embed.stores.qdrant.away import persist
from gemini_embed.stores.qdrant.client import passes
from gemini_embed.stores.qdrant.requests import filter_of

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

T = TypeVar("T")
_AWAY_FOR_S = 60.0


class FromQdrant(Elsewhere[QdrantStore]):
    """A collection of a Qdrant server, or of qdrant-client's local mode, to migrate from.

    Args:
        client_or_url: a QdrantClient of yours (not closed here), the address of a server, or a folder of local mode.
        collection: its name, or an alias of it.
        vector_name: of the vector that neighbours are compared by; "" is the unnamed one, or the only one.
        api_key: for a server's address.
    """

    def __init__(
        self,
        client_or_url: QdrantClient | str | os.PathLike[str],
        collection: str,
        vector_name: str = "",
        *,
        api_key: str | None = None,
    ) -> None:
        where: dict[str, Any] = {"client": client_or_url}
        if isinstance(client_or_url, str | os.PathLike):
            place = os.fspath(client_or_url)
            where = {"url": place, "api_key": api_key} if "://" in place else {"path": place}
        super().__init__(QdrantStore(collection=collection, **where), vector_name)

    def _look(self) -> None:
        found = self.collection
        info = self._ask(lambda client: client.get_collection(found))
        self._using = self._vector_of(info)
        points, _ = self._ask(lambda client: client.scroll(found, limit=16, with_payload=True))
        self.layout = self._layout_of([point.payload or {} for point in points])

    def count(self, where: FilterLike = None) -> int:
        wanted = filter_of(where)
        return self._ask(lambda client: client.count(self.collection, count_filter=wanted, exact=True)).count

    def batches(self, size: int, where: FilterLike = None) -> Iterator[list[Standing]]:
        wanted, offset = filter_of(where), None
        while True:
            points, offset = self._ask(self._page(size, wanted, offset))
            if points:
                yield [self._standing(point) for point in points]
            if offset is None:
                return

    def vectors(self, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        wanted = point_ids(ids)
        points = self._ask(
            lambda client: client.retrieve(self.collection, wanted, with_payload=False, with_vectors=True)
        )
        return {str(point.id): np.array(self._vector(point.vector), np.float32) for point in points}

    def nearest(self, vector: FloatArray, k: int) -> list[str]:
        query = vector.tolist()
        found = self._ask(
            lambda client: client.query_points(
                self.collection, query=query, using=self._using or None, limit=k, with_payload=False
            )
        )
        return [str(point.id) for point in found.points]

    def indexed_fields(self) -> Mapping[str, Any]:
        schema = self._ask(lambda client: client.get_collection(self.collection)).payload_schema
        kept = ("doc_id", TEXT_KEY)
        return {
            name if name.startswith(f"{METADATA_KEY}.") or name in kept else f"{METADATA_KEY}.{name}": index.params
            or index.data_type
            for name, index in schema.items()
            if name != self._names.text
        }

    def _page(self, size: int, wanted: Any, offset: Any) -> Callable[[QdrantClient], Any]:
        return lambda client: client.scroll(
            self.collection, scroll_filter=wanted, limit=size, offset=offset, with_payload=True
        )

    def _ask(self, request: Callable[[QdrantClient], T]) -> T:
        """The answer; a server that is away is asked again, since nothing is changed here."""

        def is_away(error: Exception) -> bool:
            return isinstance(error.__cause__, Exception) and passes(error.__cause__)

        return persist(lambda: self.store.ask_client(request), is_away, _AWAY_FOR_S)

    def _vector_of(self, info: models.CollectionInfo) -> str:
        vectors = info.config.params.vectors
        names = [*vectors] if isinstance(vectors, dict) else [""]
        if self._vector_name in names:
            return self._vector_name
        if self._vector_name or len(names) != 1:
            raise ConfigurationError(
                f"{self.store} has the vectors {', '.join(map(repr, names))}, not {self._vector_name!r}: name one, "
                "FromQdrant(..., vector_name=...)"
            )
        return names[0]

    def _vector(self, vector: Any) -> Any:
        return vector[self._using] if isinstance(vector, dict) else vector

    def _layout_of(self, payloads: Sequence[Mapping[str, Any]]) -> Layout:
        if self._names.text is not None:
            return "named fields"
        if self.fingerprint is not None:
            return "gemini-embed"
        fields = {name for payload in payloads for name in payload}
        if NODE_KEY in fields:
            return "gemini-embed" if TEXT_KEY in fields else "llama-index"
        if TEXT_KEY in fields or not payloads:
            return "langchain"
        raise unknown_layout(self.store, sorted(fields))

    def _standing(self, point: models.Record) -> Standing:
        payload: Mapping[str, Any] = point.payload or {}
        ours = self.layout == "gemini-embed"
        if self.layout == "named fields":
            text = payload.get(self._names.text or "")
            metadata = carried({}, payload, [self._names.text or ""])
        elif NODE_KEY in payload and TEXT_KEY not in payload:  # LlamaIndex adds to collections of ours too
            text, metadata = of_node(payload)
            metadata = carried(metadata, payload, FIELDS)
        else:
            text, told = payload.get(TEXT_KEY), payload.get(METADATA_KEY)
            known = [TEXT_KEY, METADATA_KEY, *(FIELDS if NODE_KEY in payload else ())]
            metadata = carried(told if isinstance(told, Mapping) else {}, payload, known)
        record = Record(str(point.id), text if isinstance(text, str) else "", metadata)
        return named(Standing(record), self._names, ours=ours)
