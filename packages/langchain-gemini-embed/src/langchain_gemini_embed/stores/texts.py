"""Any other store of LangChain as a store of an index: texts only, by the methods that all of them have."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from gemini_embed import Fingerprint, Hit, InputError, Record, Store, StoreError
from gemini_embed.stores import Batch, FilterLike, FloatArray
from gemini_embed.stores.base import check_one_of, check_query, check_rows, engine_errors, opened
from gemini_embed.stores.telling import asked
from langchain_core.documents import Document

from langchain_gemini_embed.ready import ready
from langchain_gemini_embed.stores.documents import record_of

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStore

logger = logging.getLogger(__name__)

TAKE_VECTORS = "Chroma, FAISS, InMemoryVectorStore, LanceDB, Milvus, PGVector and Qdrant"
"""The stores that media can be added to."""
_WITH_SCORES = (
    "similarity_search_with_score_by_vector",
    "similarity_search_by_vector_with_score",
    "similarity_search_by_vector_with_relevance_scores",
)
"""What stores call a search by vector that tells scores."""
_MORE = 4
_COMPARED = 2
"""How many scores tell whether they are distances."""


class TextsStore(Store):
    """What some store of LangChain's holds, as far as LangChain's methods tell.

    Texts are embedded once, by the index. The store finds them by vector, its own order is kept, and scores are what it
    makes of them: distances with a minus, 0 where it tells none. No fingerprint is kept; nothing is counted or listed,
    so nothing of a source is replaced, and only stores with `get_by_ids` re-use what they hold; elsewhere an embedder's
    `cache=` saves the cost. MMR, near-duplicates and standardised fusion need vectors, which it does not give.
    """

    gives_vectors = False

    def __init__(self, vectorstore: VectorStore) -> None:
        self._theirs = vectorstore
        self._fingerprint: Fingerprint | None = None
        self._is_told = False

    def __repr__(self) -> str:
        return f"TextsStore({type(self._theirs).__name__})"

    def open(self, fingerprint: Fingerprint) -> None:
        self._fingerprint = (self._fingerprint or fingerprint).check(fingerprint, where=str(self))

    def check_new(self, record: Record) -> None:
        if record.modality != "text":
            raise InputError(
                f"a {type(self._theirs).__name__} takes texts only, and this is {record.modality} "
                f"({record.link()}): {TAKE_VECTORS} take vectors, so media too"
            )

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = check_rows(records, vectors, self._dimensions)
        for record in records:
            self.check_new(record)
        left = {record.id: (record, row) for record, row in zip(records, rows.tolist(), strict=True)}
        while left:  # the same text may stand in several records, each with a vector of its own
            some = {record.page_content: (record, row) for record, row in left.values()}
            documents = [
                Document(id=record.id, page_content=record.page_content, metadata=record.metadata)
                for record, _ in some.values()
            ]
            with engine_errors(self), ready({text: row for text, (_, row) in some.items()}):
                self._theirs.add_documents(documents, ids=[record.id for record, _ in some.values()])
            for record, _ in some.values():
                del left[record.id]

    def update(self, records: Sequence[Record]) -> None:
        if records:
            self._cannot("change metadata of what it holds, since it does not give vectors back: delete it first")

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = check_query(vector, k, self._dimensions).tolist()
        keeps, n = asked(filter, None).keeps, _MORE * k if filter else max(k, _COMPARED)
        while True:
            with engine_errors(self):
                found = self._nearest(query, n)
            hits = [Hit(record_of(one), float(score)) for one, score in found if keeps(one.metadata)]
            if len(hits) >= k or len(found) < n:
                return hits[:k]
            n *= _MORE

    def modalities(self) -> dict[str | None, int]:
        """There are texts, and some may tell no modality: a search asks for all together."""
        return {None: 1}

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        self._cannot("give vectors back, which mmr= and collapse= need")

    def get(self, ids: Sequence[str]) -> list[Record]:
        if not ids:
            return []
        with engine_errors(self):
            try:
                documents = self._theirs.get_by_ids(list(ids))
            except NotImplementedError:
                self._cannot_tell()
                return []
        held = {record.id: record for record in map(record_of, documents)}
        return [held[id_] for id_ in ids if id_ in held]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        if ids is None:
            self._cannot("delete by a filter or a source: pass ids=")
        there = self.get(ids)
        with engine_errors(self):
            if ids:
                self._theirs.delete(list(ids))
        return len(there)

    def count(self, filter: FilterLike = None) -> int:
        self._cannot("count")

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        if with_vectors:
            self._cannot("give vectors back")
        self._cannot_tell()
        return iter(())

    def close(self) -> None:
        """Let go of it; the store is its owner's."""
        self._fingerprint = None

    @property
    def _dimensions(self) -> int:
        return opened(self, self._fingerprint).dimensions

    def _nearest(self, query: list[float], n: int) -> list[tuple[Document, float]]:
        told = next((method for name in _WITH_SCORES if (method := getattr(self._theirs, name, None))), None)
        if told is not None:
            return _more_is_nearer(told(query, k=n))
        return [(document, 0.0) for document in self._theirs.similarity_search_by_vector(query, k=n)]

    def _cannot(self, what: str) -> NoReturn:
        raise StoreError(f"a {type(self._theirs).__name__} cannot {what}. {TAKE_VECTORS} can")

    def _cannot_tell(self) -> None:
        if not self._is_told:
            logger.warning("%r cannot tell what it holds: nothing is re-used, replaced or counted", self)
            self._is_told = True


def _more_is_nearer(found: list[tuple[Document, float]]) -> list[tuple[Document, float]]:
    """Best first, scores that rise are distances."""
    are_distances = bool(found) and found[0][1] < found[-1][1]
    return [(document, -score) for document, score in found] if are_distances else found
