"""langchain-community's `FAISS` as a store of an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

import numpy as np
from gemini_embed import ConfigurationError, Fingerprint, Record
from gemini_embed.stores import FloatArray
from gemini_embed.stores.borrowed import BorrowedStore, Row, by_modality

from langchain_gemini_embed.stores.documents import record_of

_INNER_PRODUCT, _L2 = 0, 1
"""FAISS's numbers of the two measures it shares with everyone."""
_PAGE = 1_000


class FaissStore(BorrowedStore):
    """What a `FAISS` store holds: vectors in an index of FAISS, documents in a docstore beside it.

    It keeps no fingerprint: what `save_local` wrote is yours to load with the embeddings it was made with, of which
    only the size is checked. Replacing and deleting need an index that can remove vectors: IndexFlat, IndexPQ and their
    like can, IndexHNSW cannot. IndexIVF and IndexIDMap are refused: they leave a gap where a vector was, and
    langchain-community counts on none.
    """

    keeps_fingerprint = False

    def __init__(self, vectorstore: Any) -> None:
        super().__init__(type(vectorstore).__name__)
        self._theirs = vectorstore

    def modalities(self) -> Mapping[str | None, int]:
        with self._ready():
            return by_modality(self._document(id_).metadata for id_ in self._ids.values())

    @property
    def _ids(self) -> Mapping[int, str]:
        """Ids by their vectors' positions."""
        found: Mapping[int, str] = self._theirs.index_to_docstore_id
        return found

    def _document(self, id_: str) -> Any:
        return self._theirs.docstore.search(id_)

    def _size(self) -> int | None:
        return int(self._theirs.index.d)

    def _measures_cosine(self) -> bool:
        return bool(self._theirs._normalize_L2)

    def _check_fits(self, fingerprint: Fingerprint) -> None:
        if self._theirs.index.metric_type not in (_INNER_PRODUCT, _L2):
            raise ConfigurationError(f"{self}: its index compares neither by L2 nor by inner product: use IndexFlatIP")
        if not _closes_gaps(self._theirs.index):
            raise ConfigurationError(
                f"{self}: its index keeps the vectors' numbers when one is removed, and langchain-community numbers "
                "its documents anew, so that searches would answer with others: use IndexFlatIP or IndexFlatL2"
            )

    def _nearest(self, query: FloatArray, n: int, told: Any) -> list[tuple[Record, float]]:
        index = self._theirs.index
        scores, positions = index.search(query[np.newaxis], min(n, max(1, index.ntotal)))
        found = [(self._ids[at], score) for at, score in zip(positions[0].tolist(), scores[0], strict=True) if at >= 0]
        is_distance = index.metric_type == _L2  # of unit vectors: 2 - 2 cosines
        return [
            (record_of(self._document(id_), id_), float(1 - score / 2 if is_distance else score))
            for id_, score in found
        ]

    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        wanted = set(ids)
        return self._rows([at for at, id_ in self._ids.items() if id_ in wanted], with_vectors)

    def _pages(self, told: Any, *, with_vectors: bool) -> Iterator[list[Row]]:
        positions = iter(list(self._ids))
        while page := list(islice(positions, _PAGE)):
            yield self._rows(page, with_vectors)

    def _rows(self, positions: Sequence[int], with_vectors: bool) -> list[Row]:
        """FAISS gives vectors back by their positions."""
        index = self._theirs.index
        ids = [self._ids[at] for at in positions]
        vectors = [index.reconstruct(at) if with_vectors else None for at in positions]
        return [Row(record_of(self._document(id_), id_), row) for id_, row in zip(ids, vectors, strict=True)]

    def _total(self) -> int:
        return len(self._ids)

    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        held = set(self._ids.values())
        if known := [record.id for record in records if record.id in held]:
            self._remove(known)
        self._theirs.add_embeddings(
            zip([record.page_content for record in records], rows.tolist(), strict=True),
            [deepcopy(record.metadata) for record in records],
            ids=[record.id for record in records],
        )

    def _remove(self, ids: Sequence[str]) -> None:
        self._theirs.delete(list(ids))


def _closes_gaps(index: Any) -> bool:
    """Whether vectors behind a removed one move up; IndexIVF, however it is wrapped, and IndexIDMap keep numbers."""
    import faiss

    inner = faiss.downcast_index(index)
    return faiss.try_extract_index_ivf(inner) is None and not isinstance(inner, faiss.IndexIDMap)
