"""langchain-postgres's `PGVector` as a store of an index.

All its collections share one table, whose ids are one for all, so a record is there under its id, an @ and the name of
the collection. The fingerprint is kept in the collection's metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gemini_embed import ConfigurationError, Fingerprint, InputError, Record, StoreError
from gemini_embed.adapters import warn
from gemini_embed.stores import FloatArray
from gemini_embed.stores.borrowed import BorrowedStore, Row
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.telling import Telling, Told

KEPT = "gemini_embed"
"""Where the fingerprint is in the collection's metadata."""
_MOST_INDEXED = 2_000
"""Dimensions of a vector that pgvector's indexes take; of half precision 4,000."""
_PAGE = 1_000
_NUL = "\x00"
"""No text or JSON of Postgres holds it."""
_REFUSED = re.compile("[\x00\ud800-\udfff]")
"""It, and what UTF-8 cannot carry."""


class _Words(Telling[Any]):
    """SQLAlchemy's conditions on the JSON of the metadata; values and names are parameters."""

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Told[Any]:
        import sqlalchemy as sql

        if any(_NUL in text for text in (*path, *values) if isinstance(text, str)):
            return Told(None, None)
        held = _at(path)  # a list holds what one of its elements is
        return _both_ways(sql.or_(sql.false(), *(held.op("@>")(_json(value)) for value in values)))

    def missing(self, path: Path) -> Told[Any]:
        import sqlalchemy as sql

        held = _at(path)
        return _both_ways(sql.or_(held.is_(None), held == _json(None), held == _json([])))

    def between(self, path: Path, bounds: Mapping[str, Any]) -> Told[Any]:
        import sqlalchemy as sql

        if not all(isinstance(bound, float) for bound in bounds.values()):
            return Told(None, None)
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        test = " && ".join(f"@ {signs[name]} ${name}" for name in bounds)
        named = sql.cast(f"$[*] ? ({test})", _types().JSONPATH)
        return _both_ways(sql.func.jsonb_path_exists(_at(path), named, _json(dict(bounds))))

    def both(self, conditions: Sequence[Any]) -> Any:
        import sqlalchemy as sql

        return sql.and_(*conditions)

    def either(self, conditions: Sequence[Any]) -> Any:
        import sqlalchemy as sql

        return sql.or_(*conditions)


class PGVectorStore(BorrowedStore):
    """What a `PGVector` store's collection holds. The store must be made with a sync connection.

    pgvector's indexes take vectors of 2,000 dimensions, of half precision 4,000: larger ones are searched by reading
    all. `langchain_postgres` makes no such index by itself. Where one finds fewer than were asked for, all are read.
    """

    words = _Words()

    def __init__(self, vectorstore: Any) -> None:
        if vectorstore.async_mode:
            raise ConfigurationError(
                "an index asks PGVector by its sync methods, in a thread where you await: make the store without "
                "async_mode=True, and with a sync connection such as postgresql+psycopg://..."
            )
        self._theirs = vectorstore
        super().__init__(vectorstore.collection_name)

    def check_new(self, record: Record) -> None:
        if any(map(_REFUSED.search, _texts_in([record.id, record.page_content, record.metadata]))):
            raise InputError("Postgres holds no texts with NUL characters or lone surrogates: take them out")

    @contextmanager
    def _session(self) -> Iterator[Any]:
        with self._theirs._make_sync_session() as session:
            yield session

    def _collection(self, session: Any) -> Any:
        found = self._theirs.get_collection(session)
        if found is None:
            raise StoreError(f"{self}: there is no collection of this name any more")
        return found

    def _size(self) -> int | None:
        import sqlalchemy as sql

        held = self._theirs.EmbeddingStore.embedding
        with self._session() as session:
            wanted = self._of_collection(session, sql.func.vector_dims(held)).limit(1)
            return session.execute(wanted).scalar()  # type: ignore[no-any-return]  # an integer, or None

    def _measures_cosine(self) -> bool:
        return str(self._theirs._distance_strategy.value) == "cosine"

    def _check_fits(self, fingerprint: Fingerprint) -> None:
        import sqlalchemy as sql

        table = self._theirs.EmbeddingStore.__tablename__
        typed = "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attname = 'embedding'"
        with self._session() as session:
            size = session.execute(sql.text(typed), {"t": table}).scalar()
        if size not in (None, -1, fingerprint.dimensions):
            raise ConfigurationError(
                f"table {table} was made for vectors of {size} dimensions, and the embedder makes "
                f"{fingerprint.dimensions}: use another database or schema, or output_dimensionality={size}"
            )
        if fingerprint.dimensions > _MOST_INDEXED and self._size() is None:
            warn(
                f"pgvector's indexes take vectors of {_MOST_INDEXED:,} dimensions (halfvec: 4,000), so those of "
                f"{fingerprint.dimensions:,} are searched by reading all: output_dimensionality=1536 can be indexed"
            )

    def _kept(self) -> Mapping[str, Any] | None:
        with self._session() as session:
            kept: Mapping[str, Any] | None = (self._collection(session).cmetadata or {}).get(KEPT)
        return kept

    def _keep(self, fingerprint: Mapping[str, Any]) -> None:
        with self._session() as session:
            collection = self._collection(session)
            collection.cmetadata = {**(collection.cmetadata or {}), KEPT: dict(fingerprint)}
            session.commit()

    def _nearest(self, query: FloatArray, n: int, told: Any) -> list[tuple[Record, float]]:
        table, strategy = self._theirs.EmbeddingStore, str(self._theirs._distance_strategy.value)
        compared = {"cosine": "cosine_distance", "l2": "l2_distance", "inner": "max_inner_product"}[strategy]
        distance = getattr(table.embedding, compared)(query)
        with self._session() as session:
            wanted = self._of_collection(session, table.id, table.document, table.cmetadata, distance)
            wanted = (wanted if told is None else wanted.where(told)).limit(n)
            rows = session.execute(wanted.order_by(distance)).all()
            if len(rows) < n:  # an index picks some first (HNSW 40) and filters then: no index knows of a sum
                rows = session.execute(wanted.order_by(distance + 0)).all()
        return [(self._record(*row), _cosine(away, strategy)) for *row, away in rows]

    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        named = self._theirs.EmbeddingStore.id.in_([*ids, *map(self._id, ids)])
        return [row for page in self._pages(named, with_vectors=with_vectors) for row in page]

    def _pages(self, told: Any, *, with_vectors: bool) -> Iterator[list[Row]]:
        table, last = self._theirs.EmbeddingStore, ""
        columns = [table.id, table.document, table.cmetadata, *([table.embedding] if with_vectors else [])]
        while True:
            with self._session() as session:
                wanted = self._of_collection(session, *columns).where(table.id > last)
                wanted = wanted if told is None else wanted.where(told)
                rows = session.execute(wanted.order_by(table.id).limit(_PAGE)).all()
            if not rows:
                return
            last = rows[-1][0]
            yield [Row(self._record(*row[:3]), row[3] if with_vectors else None) for row in rows]

    def _of_collection(self, session: Any, *columns: Any) -> Any:
        import sqlalchemy as sql

        return sql.select(*columns).where(self._theirs.EmbeddingStore.collection_id == self._collection(session).uuid)

    def _total(self) -> int:
        import sqlalchemy as sql

        with self._session() as session:
            return int(session.execute(self._of_collection(session, sql.func.count())).scalar())

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        for start in range(0, len(records), _PAGE):
            some = records[start : start + _PAGE]
            texts, metadata = [record.page_content for record in some], [record.metadata for record in some]
            vectors, ids = rows[start : start + _PAGE].tolist(), [self._id(record.id) for record in some]
            self._theirs.add_embeddings(texts, vectors, metadata, ids)

    def _remove(self, ids: Sequence[str]) -> None:
        self._theirs.delete([*ids, *map(self._id, ids)], collection_only=True)

    def _id(self, id_: str) -> str:
        return f"{id_}@{self._name}"

    def _record(self, id_: str, text: str | None, metadata: Mapping[str, Any] | None) -> Record:
        return Record(id_.removesuffix(f"@{self._name}"), text or "", dict(metadata or {}))


def _cosine(distance: float, strategy: str) -> float:
    """Of unit vectors; pgvector's inner product is negative, so that less is nearer."""
    return float({"cosine": 1 - distance, "l2": 1 - distance**2 / 2, "inner": -distance}[strategy])


def _texts_in(value: Any) -> Iterator[str]:
    """All of a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, Mapping)):
        for one in [*value, *value.values()] if isinstance(value, Mapping) else value:
            yield from _texts_in(one)


def _types() -> Any:
    from sqlalchemy.dialects import postgresql

    return postgresql


def _at(path: Path) -> Any:
    """The value at a path of the metadata; NULL where there is none."""
    import sqlalchemy as sql

    names = sql.cast(list(path), _types().ARRAY(sql.Text))
    return sql.column("cmetadata", _types().JSONB).op("#>", return_type=_types().JSONB())(names)


def _json(value: Any) -> Any:
    import sqlalchemy as sql

    return sql.cast(sql.literal(json.dumps(value), sql.Text), _types().JSONB)


def _both_ways(condition: Any) -> Told[Any]:
    """What is not told to be true, is not: NULL neither."""
    return Told(condition.is_(True), condition.is_not(True))
