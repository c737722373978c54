"""langchain-lancedb's `LanceDB` as a store of an index.

Its table has a vector, a text, metadata as JSON and an id. Two columns more, `source` and `modality`, let filters on
these be told to the engine; rows that langchain-lancedb writes have nothing there, and are tested one by one. The
fingerprint is kept in the metadata of the column `id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gemini_embed import ConfigurationError, Record
from gemini_embed.stores import FloatArray
from gemini_embed.stores.borrowed import BorrowedStore, Row
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.telling import Telling, Told

KEPT = "gemini_embed"
"""Where the fingerprint is among the metadata of the column `id`."""
_TOLD = ("source", "modality")
"""Metadata that have a column of their own."""
_RECORD = ["id", "text", "metadata"]
_IDS_AT_ONCE = 1_000
_PAGE = 1_000


class _Words(Telling[str]):
    """SQL on the columns of `_TOLD`, which hold texts, or nothing in rows of others."""

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Told[str]:
        if len(path) > 1 or path[0] not in _TOLD:
            return Told(None, None)
        (name,) = path
        texts = [value for value in values if isinstance(value, str)]
        if not texts:
            return Told(f"{name} IS NULL", None)
        return Told(
            f"({name} IN ({_quoted(texts)}) OR {name} IS NULL)", f"({name} NOT IN ({_quoted(texts)}) OR {name} IS NULL)"
        )

    def both(self, conditions: Sequence[str]) -> str:
        return f"({' AND '.join(conditions)})"

    def either(self, conditions: Sequence[str]) -> str:
        return f"({' OR '.join(conditions)})"


class LanceStore(BorrowedStore):
    """What a `LanceDB` store's table holds. A table that is not there yet is made when the index is opened."""

    words = _Words()

    def __init__(self, vectorstore: Any) -> None:
        self._theirs = vectorstore
        super().__init__(vectorstore._full_table_name)

    @property
    def _table(self) -> Any:
        return self._theirs._get_or_create_table()[0]

    @contextmanager
    def _ready(self) -> Iterator[None]:
        with super()._ready():
            self._look_again()
            yield

    def _look_again(self) -> None:
        """A table that is open stays at the version it was opened at, whatever others write."""
        if (table := self._table) is not None:
            table.checkout_latest()

    def optimize(self) -> None:
        """Put together what was written in many parts, and bring the table's indexes up to date."""
        with self._ready():
            self._table.optimize()

    def _size(self) -> int | None:
        table = self._table
        if table is None:
            return None
        schema = table.schema
        missing = {*_RECORD, "vector"} - {*schema.names}
        if missing or str(schema.field("metadata").type) not in ("string", "large_string"):
            raise ConfigurationError(
                f"table {self._name!r} is not laid out as langchain-lancedb does it (vector, text, metadata as JSON, "
                f"id), but has {', '.join(schema.names)}: use another table"
            )
        return int(schema.field("vector").type.list_size)

    def _kept(self) -> Mapping[str, Any] | None:
        self._look_again()
        table = self._table
        told = (table.schema.field("id").metadata or {}) if table is not None and "id" in table.schema.names else {}
        return json.loads(told[KEPT.encode()]) if KEPT.encode() in told else None

    def _keep(self, fingerprint: Mapping[str, Any]) -> None:
        import pyarrow as pa

        added = [pa.field(name, pa.string()) for name in _TOLD]
        if self._table is None:
            vector = pa.field("vector", pa.list_(pa.float32(), fingerprint["dimensions"]))
            texts = [pa.field(name, pa.string()) for name in ("text", "metadata", "id")]
            self._make(pa.schema([vector, *texts, *added]))
        elif missing := [field for field in added if field.name not in self._table.schema.names]:
            self._table.add_columns(pa.schema(missing))
        self._table.update_field_metadata({"path": "id", "metadata": {KEPT: json.dumps(fingerprint)}})

    def _make(self, schema: Any) -> None:
        import lancedb

        lancedb.connect(self._theirs._uri).create_table(self._name, schema=schema)

    def _nearest(self, query: FloatArray, n: int, told: str | None) -> list[tuple[Record, float]]:
        measure = self._measure()
        search = self._table.search(query, vector_column_name="vector").distance_type(measure).limit(n)
        found = (search.where(told, prefilter=True) if told else search).select([*_RECORD, "_distance"]).to_list()
        # Of unit vectors a squared L2 is 2 - 2 cosines; the others are 1 - cosine.
        scale = 0.5 if measure == "l2" else 1.0
        return [(_record(row), 1 - scale * row["_distance"]) for row in found]

    def _measure(self) -> str:
        """That of an index of its vectors; without one a search may choose."""
        for index in self._table.list_indices():
            stats = self._table.index_stats(index.name) if index.columns == ["vector"] else None
            if stats is not None and stats.distance_type:
                return str(stats.distance_type).lower()
        return "cosine"

    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        some = (f"id IN ({_quoted(part)})" for part in _parts(ids))
        return [row for told in some for page in self._pages(told, with_vectors=with_vectors) for row in page]

    def _pages(self, told: str | None, *, with_vectors: bool) -> Iterator[list[Row]]:
        table = self._table
        search = table.search().limit(table.count_rows()).select([*_RECORD, *(["vector"] if with_vectors else [])])
        for batch in (search.where(told) if told else search).to_batches(_PAGE):
            vectors = _rows_of(batch) if with_vectors else [None] * batch.num_rows
            rows = batch.select(_RECORD).to_pylist()
            if rows:
                yield [Row(_record(row), vector) for row, vector in zip(rows, vectors, strict=True)]

    def _total(self) -> int:
        return int(self._table.count_rows())

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        import pyarrow as pa

        columns: dict[str, Any] = {
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1]),
            "text": [record.page_content for record in records],
            "metadata": [json.dumps(record.metadata, ensure_ascii=False) for record in records],
            "id": [record.id for record in records],
            "source": pa.array([record.source for record in records], pa.string()),
            "modality": pa.array([record.modality for record in records], pa.string()),
        }
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.execute(pa.table(columns))

    def _remove(self, ids: Sequence[str]) -> None:
        for part in _parts(ids):
            self._table.delete(f"id IN ({_quoted(part)})")


def _record(row: Mapping[str, Any]) -> Record:
    return Record(str(row["id"]), row["text"] or "", json.loads(row["metadata"] or "{}"))


def _rows_of(batch: Any) -> FloatArray:
    """Its vectors, shape (n, d)."""
    rows: FloatArray = batch["vector"].flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1)
    return rows


def _quoted(texts: Sequence[str]) -> str:
    """In SQL a text ends at a single quote, and two stand for one."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))
