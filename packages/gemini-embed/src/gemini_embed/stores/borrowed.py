"""A collection in a store that belongs to others, such as a framework's, asked in the few words that all engines have.

What an engine cannot say of a filter is tested here, and a search asks for more until enough match, so that answers are
the same over every engine.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gemini_embed.errors import ConfigurationError, FingerprintMismatchError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.hits import Hit
from gemini_embed.models.shortening import unit_rows
from gemini_embed.records import MODALITIES, Record
from gemini_embed.stores.base import (
    Batch,
    FilterLike,
    FloatArray,
    Store,
    check_one_of,
    check_query,
    check_rows,
    engine_errors,
    ids_of,
    opened,
)
from gemini_embed.stores.telling import Asked, Telling, asked

_MORE = 4
"""How many times as many records are asked for when too few of those before matched."""


class Row(NamedTuple):
    """A record as an engine has it."""

    record: Record
    vector: Sequence[float] | None
    """None where it was not asked for."""


class BorrowedStore(Store):
    """Records and vectors of unit length in a collection that is another library's to open and to close.

    One call at a time asks the engine. A collection that holds vectors and no fingerprint is taken over: its owner says
    by the embeddings it has how they were made.
    """

    words: ClassVar[Telling[Any] | None] = None
    """What the engine understands of filters."""
    keeps_fingerprint: ClassVar[bool] = True
    """Whether the collection has a place for it. Where it has none only the size of its vectors can be checked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._fingerprint: Fingerprint | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"

    # What a subclass says of its engine; each is called with the lock held, and may raise what the engine raises.

    @abstractmethod
    def _size(self) -> int | None:
        """The length of the vectors that are there; None when there are none."""

    def _measures_cosine(self) -> bool:
        """Whether it compares by cosine; all others do so with vectors of unit length only."""
        return True

    def _check_fits(self, fingerprint: Fingerprint) -> None:
        """ConfigurationError for vectors that the engine cannot hold, a warning for a limit that will be felt."""

    def _kept(self) -> Mapping[str, Any] | None:
        """The fingerprint that the collection keeps, as `Fingerprint.to_dict` made it."""
        return None

    def _keep(self, fingerprint: Mapping[str, Any]) -> None:
        """Write it beside what else is kept there."""

    @abstractmethod
    def _nearest(self, query: FloatArray, n: int, told: Any) -> list[tuple[Record, float]]:
        """The `n` nearest to a unit vector of those that `told` holds for, with their cosines, best first."""

    @abstractmethod
    def _with_ids(self, ids: Sequence[str], *, with_vectors: bool) -> list[Row]:
        """Those that are there, in any order; `ids` are some, each once."""

    @abstractmethod
    def _pages(self, told: Any, *, with_vectors: bool) -> Iterator[Sequence[Row]]:
        """All that `told` holds for, some at a time."""

    @abstractmethod
    def _total(self) -> int:
        """How many there are."""

    @abstractmethod
    def _write(self, records: Sequence[Record], rows: FloatArray) -> None:
        """Write records, whose ids differ, in the place of those with the same ids; unit vectors, shape (n, d)."""

    @abstractmethod
    def _remove(self, ids: Sequence[str]) -> None:
        """Remove records that are there; `ids` are some."""

    # The contract of a store.

    def open(self, fingerprint: Fingerprint) -> None:
        with self._lock, engine_errors(self):
            if self._fingerprint is None:
                kept = self._kept()
                if kept is None:
                    self._take_over(fingerprint)
                self._fingerprint = fingerprint if kept is None else Fingerprint.from_dict(kept)
            self._fingerprint = self._fingerprint.check(fingerprint, where=str(self))

    def kept_fingerprint(self) -> Fingerprint | None:
        return self._fingerprint

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        rows = unit_rows(check_rows(records, vectors, self._dimensions))
        last = {record.id: position for position, record in enumerate(records)}
        with self._ready():
            if last:
                self._write([records[position] for position in last.values()], rows[[*last.values()]])

    def update(self, records: Sequence[Record]) -> None:
        wanted = {record.id: record for record in records}
        with self._ready():
            held = self._with_ids([*wanted], with_vectors=True) if wanted else []
            if held:
                rows = np.array([row.vector for row in held], np.float32)
                self._write([wanted[row.record.id] for row in held], unit_rows(rows))

    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        query = unit_rows(check_query(vector, k, self._dimensions))
        wanted = asked(filter, self.words)
        with self._ready():
            n = _MORE * k if wanted.is_open else k
            while True:
                found = self._nearest(query, n, wanted.told)
                hits = [Hit(record, score) for record, score in found if wanted.keeps(record.metadata)]
                if len(hits) >= k or len(found) < n:
                    return hits[:k]
                n *= _MORE

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        with self._ready():
            rows = self._with_ids([*dict.fromkeys(ids_of(ids))], with_vectors=True) if ids else []
        return {row.record.id: np.array(row.vector, np.float32) for row in rows}

    def get(self, ids: Sequence[str]) -> list[Record]:
        with self._ready():
            rows = self._with_ids([*dict.fromkeys(ids_of(ids))], with_vectors=False) if ids else []
        found = {row.record.id: row.record for row in rows}
        return [found[id_] for id_ in ids if id_ in found]

    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        check_one_of(ids, filter)
        wanted = asked(filter, self.words)
        with self._ready():
            there = self._with_ids([*dict.fromkeys(ids)], with_vectors=False) if ids else []
            if ids is None:
                there = [row for page in self._pages_of(wanted, with_vectors=False) for row in page]
            if there:
                self._remove([row.record.id for row in there])
        return len(there)

    def count(self, filter: FilterLike = None) -> int:
        wanted = asked(filter, self.words)
        with self._ready():
            if not filter:
                return self._total()
            return sum(len(page) for page in self._pages_of(wanted, with_vectors=False))

    def modalities(self) -> Mapping[str | None, int] | None:
        """Not counted: a search for each of them tells those that are not there."""
        return None

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        wanted = asked(filter, self.words)
        rows = self._one_by_one(wanted, with_vectors)
        while some := list(islice(rows, batch_size)):
            vectors = [row.vector if with_vectors else [] for row in some]
            yield Batch([row.record for row in some], np.array(vectors, np.float32).reshape(len(some), -1))

    def close(self) -> None:
        """Let go of it; the collection is its owner's."""
        self._fingerprint = None

    @property
    def _dimensions(self) -> int:
        return opened(self, self._fingerprint).dimensions

    @contextmanager
    def _ready(self) -> Iterator[None]:
        opened(self, self._fingerprint)
        with self._lock, engine_errors(self):
            yield

    def _take_over(self, fingerprint: Fingerprint) -> None:
        size = self._size()
        if size not in (None, fingerprint.dimensions):
            raise FingerprintMismatchError(
                f"{self} holds vectors of {size} dimensions, and the embedder makes {fingerprint.dimensions}: use the "
                "settings it was filled with, or another collection"
            )
        if fingerprint.normalization != "unit" and not self._measures_cosine():
            raise ConfigurationError(
                f"{self} does not compare by cosine, so its vectors must be of unit length: leave out normalize=False, "
                "or use a collection that measures by cosine"
            )
        self._check_fits(fingerprint)
        self._keep(fingerprint.to_dict())

    def _pages_of(self, wanted: Asked[Any], *, with_vectors: bool) -> Iterator[list[Row]]:
        for page in self._pages(wanted.told, with_vectors=with_vectors):
            yield [row for row in page if wanted.keeps(row.record.metadata)]

    def _one_by_one(self, wanted: Asked[Any], with_vectors: bool) -> Iterator[Row]:
        pages = self._pages_of(wanted, with_vectors=with_vectors)
        while True:
            with self._ready():
                page = next(pages, None)
            if page is None:
                return
            yield from page


def by_modality(metadata: Iterable[Mapping[str, Any]]) -> Mapping[str | None, int]:
    """`Store.modalities`, for an engine whose metadata are in memory."""
    told = (one.get("modality") for one in metadata)
    return Counter(modality if isinstance(modality, str) and modality in MODALITIES else None for modality in told)
