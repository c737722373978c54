"""langchain-chroma's `Chroma` as a store of an index.

Chroma's metadata are flat, so they hold a record's texts, numbers and truths, for filters of either side; a record with
more has all of it as JSON under `gemini_embed` too, and under `gemini_embed.<field>` a mark for each field that is only
there. The fingerprint is kept in the collection's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from gemini_embed import Record
from gemini_embed.stores import FloatArray
from gemini_embed.stores.borrowed import BorrowedStore, Row
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.telling import Telling, Told

KEPT = "gemini_embed"
"""In the collection's metadata the fingerprint, in a record's the metadata that Chroma's own cannot hold."""
_LEGACY = "hnsw:"
"""Begins settings among a collection's metadata, which Chroma refuses to write again: they are in its configuration."""
_PAGE = 1_000
_NUMBERS_PER_REQUEST = 2**20
"""Vector numbers in one upsert: some 20 MB of JSON where a server is asked."""

Where = dict[str, Any]


class _Words(Telling[Where]):
    """Chroma's `where`, of fields that are texts, numbers or truths; a field that holds more has a mark."""

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Told[Where]:
        name = path[0]
        if not _is_plain_name(name) or not values:
            return Told(None, None)
        if len(path) > 1:
            return Told({_mark(name): True}, None)
        texts = [value for value in values if isinstance(value, str)]
        others = [{name: value} for value in values if not isinstance(value, str)]
        yes = [{name: {"$in": texts}}] * bool(texts) + others + [{_mark(name): True}]
        no = None if others else {name: {"$nin": texts}}  # finds records without the field too, as it should
        return Told(self.either(yes), no)

    def between(self, path: Path, bounds: Mapping[str, Any]) -> Told[Where]:
        name = path[0]
        if not _is_plain_name(name) or not all(isinstance(bound, float) for bound in bounds.values()):
            return Told(None, None)
        if len(path) > 1:
            return Told({_mark(name): True}, None)
        within: list[Where] = [{name: {f"${bound}": value}} for bound, value in bounds.items()]
        return Told({"$or": [within[0] if len(within) == 1 else self.both(within), {_mark(name): True}]}, None)

    def both(self, conditions: Sequence[Where]) -> Where:
        return {"$and": [*conditions]}

    def either(self, conditions: Sequence[Where]) -> Where:
        return {"$or": [*conditions]}


class ChromaStore(BorrowedStore):
    """What a `Chroma` store's collection holds.

    However it measures, hits of the index have cosines. What the store's own methods call a score is a distance: the
    squared L2 unless `Chroma` was made with `collection_configuration={"hnsw": {"space": "cosine"}}`.
    """

    words = _Words()

    def __init__(self, vectorstore: Any) -> None:
        self._theirs = vectorstore
        super().__init__(vectorstore._collection.name)

    @property
    def _collection(self) -> Any:
        return self._theirs._collection

    def _metadata(self) -> Mapping[str, Any]:
        """The collection's own, as they are now."""
        return self._theirs._client.get_collection(self._name, embedding_function=None).metadata or {}

    def _size(self) -> int | None:
        held = self._collection.get(limit=1, include=["embeddings"])["embeddings"]
        return len(held[0]) if len(held) else None

    def _space(self) -> str:
        """How it compares: "l2", unless its owner said otherwise."""
        told = self._collection.configuration_json
        return str(((told.get("hnsw") or told.get("spann")) or {}).get("space") or "l2")

    def _measures_cosine(self) -> bool:
        return self._space() == "cosine"

    def _kept(self) -> Mapping[str, Any] | None:
        told = self._metadata()
        return json.loads(told[KEPT]) if KEPT in told else None

    def _keep(self, fingerprint: Mapping[str, Any]) -> None:
        others = {name: value for name, value in self._metadata().items() if not name.startswith(_LEGACY)}
        self._collection.modify(metadata={**others, KEPT: json.dumps(fingerprint)})

    def _nearest(self, query: FloatArray, n: int, told: Where | None) -> list[tuple[Record, float]]:
        include = ["documents", "metadatas", "distances"]
        found = self._collection.query(query_embeddings=[query], n_results=n, where=told, include=include)
        columns = (found[name][0] for name in ("ids", "documents", "metadatas", "distances"))
        # Of unit vectors a squared L2 is 2 - 2 cosines; "cosine" and "ip" are 1 - cosine.
        scale = 0.5 if self._space() == "l2" else 1.0
        return [(_record(*one), float(1 - scale * distance)) for *one, distance in zip(*columns, strict=True)]

    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        return self._got(with_vectors, ids=list(ids))

    def _pages(self, told: Where | None, *, with_vectors: bool) -> Iterator[list[Row]]:
        offset = 0
        while page := self._got(with_vectors, where=told, limit=_PAGE, offset=offset):
            yield page
            offset += len(page)

    def _got(self, with_vectors: bool, **asked: Any) -> list[Row]:
        include = ["documents", "metadatas", *(["embeddings"] if with_vectors else [])]
        found = self._collection.get(**asked, include=include)
        vectors = found["embeddings"] if with_vectors else [None] * len(found["ids"])
        columns = (found["ids"], found["documents"], found["metadatas"], vectors)
        return [Row(_record(*one), vector) for *one, vector in zip(*columns, strict=True)]

    def _total(self) -> int:
        return int(self._collection.count())

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        most = self._theirs._client.get_max_batch_size()
        step = max(1, min(most, _NUMBERS_PER_REQUEST // rows.shape[1]))
        for start in range(0, len(records), step):
            some = records[start : start + step]
            ids = [record.id for record in some]
            held = self._collection.get(ids=ids, include=["metadatas"])
            before = dict(zip(held["ids"], held["metadatas"], strict=True))
            # Chroma adds the new fields of a record to the old ones; None takes one away.
            stale = [dict.fromkeys(before.get(id_) or ()) for id_ in ids]
            self._collection.upsert(
                ids,
                np.ascontiguousarray(rows[start : start + step]),
                [(old | _flat(record.metadata)) or None for old, record in zip(stale, some, strict=True)],
                [record.page_content for record in some],
            )

    def _remove(self, ids: Sequence[str]) -> None:
        self._collection.delete(ids=list(ids))


def _flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What Chroma holds of metadata; all of them beside that as JSON, where there is more."""
    flat = {name: value for name, value in metadata.items() if _is_plain_name(name) and isinstance(value, Scalar)}
    if len(flat) == len(metadata):
        return flat
    marks = {_mark(name): True for name in metadata.keys() - flat.keys() if _is_plain_name(name)}
    return {**flat, **marks, KEPT: json.dumps(metadata, ensure_ascii=False)}


def _record(id_: str, text: str | None, metadata: Mapping[str, Any] | None) -> Record:
    metadata = metadata or {}
    whole = json.loads(metadata[KEPT]) if KEPT in metadata else dict(metadata)
    return Record(id_, text or "", whole)


def _mark(name: str) -> str:
    return f"{KEPT}.{name}"


def _is_plain_name(name: str) -> bool:
    """Whether Chroma takes it for a field's name, and it is none of ours."""
    return bool(name) and not name.startswith(("$", "#", "chroma:", KEPT))
