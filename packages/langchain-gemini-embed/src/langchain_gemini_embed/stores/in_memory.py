"""langchain-core's `InMemoryVectorStore` as a store of an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Any

from gemini_embed import Record
from gemini_embed.stores import FloatArray
from gemini_embed.stores.borrowed import BorrowedStore, Row, by_modality

from langchain_gemini_embed.stores.documents import record_of

if TYPE_CHECKING:
    from langchain_core.vectorstores import InMemoryVectorStore

_PAGE = 1_000


class InMemoryStore(BorrowedStore):
    """What an `InMemoryVectorStore` holds. It keeps no fingerprint: a dump (`store.dump(path)`) is yours to load with
    the embeddings it was made with."""

    keeps_fingerprint = False

    def __init__(self, vectorstore: InMemoryVectorStore) -> None:
        super().__init__(type(vectorstore).__name__)
        self._theirs = vectorstore

    def modalities(self) -> Mapping[str | None, int]:
        with self._ready():
            return by_modality(entry["metadata"] for entry in self._theirs.store.values())

    def _size(self) -> int | None:
        entry = next(iter(self._theirs.store.values()), None)
        return None if entry is None else len(entry["vector"])

    def _nearest(self, query: FloatArray, n: int, told: Any) -> list[tuple[Record, float]]:
        found = self._theirs.similarity_search_with_score_by_vector(query.tolist(), n)
        return [(record_of(document), score) for document, score in found]

    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        return [_row(entry) for id_ in ids if (entry := self._theirs.store.get(id_))]

    def _pages(self, told: Any, *, with_vectors: bool) -> Iterator[list[Row]]:
        entries = iter(list(self._theirs.store.values()))
        while page := list(islice(entries, _PAGE)):
            yield [_row(entry) for entry in page]

    def _total(self) -> int:
        return len(self._theirs.store)

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        for record, row in zip(records, rows.tolist(), strict=True):
            self._theirs.store[record.id] = {
                "id": record.id,
                "vector": row,
                "text": record.page_content,
                "metadata": deepcopy(record.metadata),
            }

    def _remove(self, ids: Sequence[str]) -> None:
        self._theirs.delete(ids)


def _row(entry: Mapping[str, Any]) -> Row:
    return Row(Record(str(entry["id"]), entry["text"], dict(entry["metadata"])), entry["vector"])
