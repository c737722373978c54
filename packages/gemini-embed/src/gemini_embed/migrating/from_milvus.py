"""`FromMilvus`: a Milvus collection of ours, of langchain-milvus, of LlamaIndex's, or of anybody's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from gemini_embed.errors import ConfigurationError
from gemini_embed.migrating.llama_layout import FIELDS, NODE_KEY, of_node
from gemini_embed.migrating.source import Elsewhere, unknown_layout
from gemini_embed.migrating.standing import Layout, Standing, carried, named
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray
from gemini_embed.stores.milvus import MilvusStore
from gemini_embed.stores.milvus.filters import expression
from gemini_embed.stores.milvus.iterating import MOST
from gemini_embed.stores.milvus.rows import ID_FIELD, TEXT_FIELD, TRACES_FIELD, field_name, from_row
from gemini_embed.stores.points import METADATA_KEY

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_VECTOR_TYPES = (100, 101, 102, 103, 104, 105, 106)
"""Milvus's DataType of binary, float, half and sparse vectors, and of structures of them."""
_FLOAT_VECTOR = 101
_KINDS = {1: "bool", **dict.fromkeys(range(2, 6), "integer"), 10: "float", 11: "float", 21: "keyword"}
"""Of a payload index, by Milvus's DataType; of arrays that of their elements."""
_NO_METADATA = ("$meta", "id", TRACES_FIELD)


class FromMilvus(Elsewhere[MilvusStore]):
    """A collection of a Milvus server, of Zilliz Cloud or of a file of Milvus Lite, to migrate from.

    Args:
        uri: as `MilvusStore` takes it.
        collection: its name, or an alias of it.
        vector_name: the field of the vector that neighbours are compared by; "" is the only one.
        token: of a server.
    """

    def __init__(
        self, uri: str | os.PathLike[str], collection: str, vector_name: str = "", *, token: str | None = None
    ) -> None:
        super().__init__(MilvusStore(uri, collection=collection, token=token), vector_name)

    def _look(self) -> None:
        found = self.collection
        described = self.store.ask_client(lambda client: client.describe_collection(found))
        fields = {one["name"]: one for one in described["fields"]}
        self._id = next(name for name, one in fields.items() if one.get("is_primary"))
        self._id_is_number = int(fields[self._id]["type"]) == 5
        self._scalars = [name for name, one in fields.items() if int(one["type"]) not in _VECTOR_TYPES]
        self._kinds = {name: _KINDS.get(int(one.get("element_type") or one["type"])) for name, one in fields.items()}
        self._dynamic = bool(described.get("enable_dynamic_field"))
        self._using = self._vector_of([name for name, one in fields.items() if int(one["type"]) == _FLOAT_VECTOR])
        self.store.ask_client(lambda client: client.load_collection(found))
        indexes = self.store.ask_client(lambda client: client.list_indexes(found, field_name=self._using))
        index = self.store.ask_client(lambda client: client.describe_index(found, indexes[0])) if indexes else {}
        self._metric = str(index.get("metric_type", "COSINE"))
        some = self.store.ask_client(
            lambda client: client.query(found, filter=self._all, output_fields=self._fields, limit=16)
        )
        self.layout = self._layout_of(some)

    def count(self, where: FilterLike = None) -> int:
        wanted = expression(where)
        found = self.store.ask_client(
            lambda client: client.query(
                self.collection, filter=wanted, output_fields=["count(*)"], consistency_level="Strong"
            )
        )
        return int(found[0]["count(*)"])

    def batches(self, size: int, where: FilterLike = None) -> Iterator[list[Standing]]:
        wanted = expression(where)
        if self.count(where) == 0:  # a strong read first: iterators are not, see MilvusStore.iterate
            return
        rows = self.store.ask_client(
            lambda client: client.query_iterator(
                self.collection, batch_size=min(size, MOST), filter=wanted, output_fields=self._fields
            )
        )
        with closing(rows):
            while some := self.store.ask_client(lambda _: rows.next()):
                yield [self._standing(row) for row in some]

    def vectors(self, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        wanted: list[Any] = [int(id_) for id_ in ids] if self._id_is_number else [*ids]
        if not wanted:
            return {}
        rows = self.store.ask_client(
            lambda client: client.query(self.collection, ids=wanted, output_fields=[self._id, self._using])
        )
        return {str(row[self._id]): np.array(row[self._using], np.float32) for row in rows}

    def nearest(self, vector: FloatArray, k: int) -> list[str]:
        (found,) = self.store.ask_client(
            lambda client: client.search(
                self.collection,
                data=[vector.tolist()],
                anns_field=self._using,
                limit=k,
                search_params={"metric_type": self._metric},
                output_fields=[self._id],
            )
        )
        return [str(hit[self._id] if self._id in hit else hit["id"]) for hit in found]

    def indexed_fields(self) -> Mapping[str, Any]:
        def indexed(client: MilvusClient) -> list[str]:
            return [name for name in metadata if client.list_indexes(self.collection, field_name=name)]

        text = self._names.text or TEXT_FIELD
        metadata = [name for name in self._scalars if name not in (self._id, text) and self._kinds[name]]
        return {f"{METADATA_KEY}.{name}": self._kinds[name] for name in self.store.ask_client(indexed)}

    @property
    def _all(self) -> str:
        return f"{self._id} >= {-(2**63) + 1}" if self._id_is_number else f'{self._id} >= ""'

    @property
    def _fields(self) -> list[str]:
        return [*self._scalars, *(["$meta"] if self._dynamic else [])]

    def _vector_of(self, names: Sequence[str]) -> str:
        if self._vector_name in names or (not self._vector_name and len(names) == 1):
            return self._vector_name or names[0]
        raise ConfigurationError(
            f"{self.store} has the vectors {', '.join(map(repr, names)) or '(none)'}, not {self._vector_name!r}: "
            "name one, FromMilvus(..., vector_name=...)"
        )

    def _layout_of(self, rows: Sequence[Mapping[str, Any]]) -> Layout:
        if self._names.text is not None:
            return "named fields"
        if self.fingerprint is not None:
            return "gemini-embed"
        fields = {*self._scalars, *(name for row in rows for name in row)}
        if NODE_KEY in fields:
            return "gemini-embed" if TRACES_FIELD in fields else "llama-index"
        if TEXT_FIELD in fields:
            return "langchain"
        raise unknown_layout(self.store, sorted(fields))

    def _standing(self, row: Mapping[str, Any]) -> Standing:
        text: Any = row.get(self._names.text or TEXT_FIELD)
        beside = {name: _plain(value) for name, value in row.items() if name not in (self._id, "$meta")}
        if self.layout == "named fields":
            metadata = carried({}, beside, [self._names.text or ""])
        elif NODE_KEY in row and TRACES_FIELD not in row:
            text, metadata = of_node(row, text if isinstance(text, str) else None)
            metadata = carried(metadata, beside, [*FIELDS, TEXT_FIELD])
        elif TRACES_FIELD in row:  # ours: the exact metadata are in the node, flattened beside it
            metadata = from_row({**row, ID_FIELD: row[self._id]}).metadata
            known = [*map(field_name, metadata), *FIELDS, *_NO_METADATA, TEXT_FIELD]
            metadata = carried(metadata, beside, known)
        else:
            metadata = carried({}, beside, [TEXT_FIELD, TRACES_FIELD])
        record = Record(str(row[self._id]), text if isinstance(text, str) else "", metadata)
        return named(Standing(record), self._names, ours=self.layout == "gemini-embed")


def _plain(value: Any) -> Any:
    """Arrays come as pymilvus's own sequences."""
    is_array = hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)
    return [*value] if is_array else value
