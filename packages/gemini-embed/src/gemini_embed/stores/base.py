"""The contract between the index and a vector store, and what both speak of: records and hits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from gemini_embed.errors import ConfigurationError, GeminiEmbedError, InputError, StoreError, StoreLockedError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.hits import Hit
from gemini_embed.records import MODALITIES, Record
from gemini_embed.stores.batch import Batch as Batch
from gemini_embed.stores.batch import FilterLike as FilterLike
from gemini_embed.stores.batch import FloatArray as FloatArray
from gemini_embed.stores.lexical import KeptWords, Lexical
from gemini_embed.stores.precision import Precision
from gemini_embed.stores.quantization import Quantization, check_name
from gemini_embed.stores.sampling import GivesSamples
from gemini_embed.stores.words import WordHit, WordQuery

T = TypeVar("T")


class Store(GivesSamples):
    """A place for records and vectors. All methods block; the index's async doors call them in a thread.

    Any thread may call; a store that cannot take that locks inside. Everything acknowledged survives a killed process,
    unless the store says that it lives in memory. Engine failures surface as StoreError.
    """

    finds_every_modality: bool = True
    """Whether a search for a modality finds nothing only where there is nothing of it."""
    takes_precision: bool = False
    """Whether `search_each` takes `precision`, which is passed only where a search asks for one."""
    takes_words: bool = False
    """Whether it can keep and search words; of one that does not, none of the methods of words is called."""

    @abstractmethod
    def open(self, fingerprint: Fingerprint) -> None:
        """Connect, create the collection if there is none, and check that it was made with `fingerprint`.

        Called before anything else, as often as wanted: an open store only checks. Raises FingerprintMismatchError,
        StoreLockedError when another process holds the files, MissingExtraError when the engine is not installed.
        """

    def kept_fingerprint(self) -> Fingerprint | None:
        """The fingerprint as this open store keeps it, equal to the one it was opened with; None: it does not tell.

        Ids of records are made with it: an older record may say the same in other words.
        """
        return None

    def check_new(self, record: Record) -> None:
        """InputError for a record that this open store does not hold and would not take. Called before it is embedded,
        so that nothing is paid for what cannot be written; most stores take any."""

    def takes_id(self, id_: str) -> bool:
        """Whether a record may have this id here; most stores take any."""
        return True

    @abstractmethod
    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        """Write records with their vectors, shape (n, d); a record whose id exists is replaced. Returns when safe."""

    @abstractmethod
    def update(self, records: Sequence[Record]) -> None:
        """Replace text and metadata of records that exist, keeping their vectors."""

    @abstractmethod
    def search(self, vector: FloatArray, k: int, filter: FilterLike = None) -> list[Hit]:
        """The `k` records nearest to `vector`, shape (d,), best first; fewer when there are fewer."""

    def search_each(
        self, vector: FloatArray, k: int, filters: Sequence[FilterLike], *, precision: Precision | None = None
    ) -> list[list[Hit]]:
        """`search` with each of the filters in turn. A store that can ask them all at once overrides it, and so does
        one that `takes_precision`."""
        if precision is not None:
            self.check_precision(precision)
        return [self.search(vector, k, filter) for filter in filters]

    def check_precision(self, precision: Precision) -> None:
        """InputError for what the open store would ignore; all of it by default."""
        raise InputError(f"{self} takes no precision, and would ignore {precision}: leave it out")

    @abstractmethod
    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The vectors of the records with these ids, float32, shape (d,), by id; ids that are not there are left out.

        Their length is the store's affair: many keep them at unit length.
        """

    @abstractmethod
    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records with these ids, in the order asked; ids that are not there are left out."""

    def look_up(self, ids: Sequence[str], sources: Sequence[str]) -> Iterator[list[Record]]:
        """The records with these ids, and all records of these sources, some at a time; one may come twice.

        What an add asks once a batch. A store that can be asked for both at once overrides it.
        """
        yield self.get(ids)
        if sources:
            for batch in self.iterate(filter={"source": sources}, with_vectors=False):
                yield batch.records

    @abstractmethod
    def delete(self, ids: Sequence[str] | None = None, *, filter: FilterLike = None) -> int:
        """Remove records by id or by filter (one of the two); returns how many were there."""

    @abstractmethod
    def count(self, filter: FilterLike = None) -> int:
        """How many records match, exactly."""

    def count_each(self, filters: Sequence[FilterLike]) -> list[int]:
        """`count` with each of the filters in turn. A store that can ask them all at once overrides it."""
        return [self.count(filter) for filter in filters]

    def modalities(self) -> Mapping[str | None, int] | None:
        """How many records there are of each modality; None stands for those that tell none, or none of ours.

        None instead of a mapping: the store cannot tell, and searches ask for all modalities.
        """
        total, *each = self.count_each([None, *({"modality": name} for name in MODALITIES)])
        counts: dict[str | None, int] = {**dict(zip(MODALITIES, each, strict=True)), None: total - sum(each)}
        return {modality: count for modality, count in counts.items() if count > 0}

    @abstractmethod
    def iterate(
        self,
        *,
        batch_size: int = 256,
        filter: FilterLike = None,
        with_vectors: bool = True,
    ) -> Iterator[Batch]:
        """All matching records in the store's own order, in batches of at most `batch_size`."""

    def optimize(self) -> None:
        """Build what makes searches in a large store fast, where the engine does not see to it by itself.

        Blocks, and other calls may wait until it is done. Nothing to do by default.
        """

    def kept_quantization(self) -> str | None:
        """The codes that this open store holds beside its vectors, see `Quantization`; None: it does not tell, or its
        engine has no such codes."""
        return None

    def requantize(self, quantization: Quantization) -> None:
        """Hold these codes instead of what is there, made of the vectors that are stored, and optimise.

        Raises:
            ConfigurationError: a name that is none, or a store that cannot, as most cannot.
        """
        check_name(quantization)
        raise ConfigurationError(
            f"{self} cannot change the codes of its vectors to {quantization!r}: index.copy_to(a store made with it) "
            "moves them, embedding nothing"
        )

    def kept_words(self) -> KeptWords | None:
        """What this open store keeps about its words; None: it has none."""
        return None

    def search_words(self, query: WordQuery, vector: FloatArray, k: int, filter: FilterLike = None) -> list[WordHit]:
        """The `k` records that fit the words best (BM25), best first; their hits have the cosine to `vector`."""
        raise no_words(self)

    def add_words(self, lexical: Lexical | None = None) -> int:
        """Make the words of all records, anew where there are some, and embed nothing; returns how many records.

        None: cut as they are now, or by the defaults.
        """
        raise no_words(self)

    def take_words(self, kept: KeptWords) -> None:
        """An empty store that was not told otherwise keeps its words as another does."""
        raise no_words(self)

    def check_words(self) -> None:
        """Warn once where what was written since the last time makes another mean length. Called after each add."""
        raise no_words(self)

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; closing twice is fine."""


def no_words(store: Store) -> ConfigurationError:
    """The error of a store that knows vectors only."""
    return ConfigurationError(f"{store} does not search by words: EdgeStore and QdrantStore do, with lexical=True")


def opened(store: Store, held: T | None) -> T:
    """What an open store holds; StoreError where it is None, since the store is not open."""
    if held is None:
        raise StoreError(f"{store} is not open: call open(fingerprint) first")
    return held


@contextmanager
def engine_errors(store: Store, *, lock_sign: str = "", way_out: str = "") -> Iterator[None]:
    """Give an engine's errors our words: engines raise built-in ones and bare Exception too.

    An error whose text holds `lock_sign` says that the files are open elsewhere; `way_out` then goes on: "and ...".

    Raises:
        StoreLockedError, StoreError: from the engine's error.
    """
    try:
        yield
    except GeminiEmbedError:
        raise
    except Exception as error:
        if lock_sign and lock_sign in str(error):
            where = "open elsewhere (another process, or another object in this one)"
            raise StoreLockedError(f"{store} is {where}, and {way_out}") from error
        raise StoreError(f"{store}: {error}") from error


def check_rows(records: Sequence[Record], vectors: FloatArray, dimensions: int) -> FloatArray:
    """`vectors` as contiguous float32, once it fits the records and the store; else InputError."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.shape != (len(records), dimensions):
        raise InputError(
            f"{len(records)} records need vectors of shape ({len(records)}, {dimensions}), not {rows.shape}"
        )
    return _finite(rows)


def check_k(k: int) -> None:
    """InputError unless at least one hit is wanted."""
    if k < 1:
        raise InputError(f"k is the number of hits wanted, a whole number from 1 up, not {k!r}")


def check_query(vector: FloatArray, k: int, dimensions: int) -> FloatArray:
    """The query as contiguous float32, once it and `k` make sense; else InputError."""
    check_k(k)
    query = np.ascontiguousarray(vector, dtype=np.float32)
    if query.shape != (dimensions,):
        raise InputError(f"the store holds vectors of {dimensions} dimensions, the query has shape {query.shape}")
    return _finite(query)


def ids_of(ids: Sequence[str]) -> Sequence[str]:
    """`ids`, unless it is one id, whose letters would be taken for some."""
    if isinstance(ids, str):
        raise InputError("ids is a list of ids, not one string: [id] for a single one")
    return ids


def copied(
    source: Store, target: Store, fingerprint: Fingerprint, changed: Callable[[Batch], Batch] | None = None
) -> int:
    """Write all records and vectors of an open store, `changed` on the way, to another, which is opened with
    `fingerprint`; returns how many."""
    target.open(fingerprint)
    if target.takes_words and (kept := source.kept_words()) is not None:
        target.take_words(kept)
    count = 0
    for batch in source.iterate():
        if changed:
            batch = changed(batch)
        target.upsert(batch.records, batch.vectors)
        count += len(batch.records)
    return count


def check_one_of(ids: Sequence[str] | None, filter: FilterLike) -> None:
    """Refuse a deletion that names nothing, or names it twice: an empty filter would empty the store."""
    if (ids is None) == (filter is None):
        raise InputError("say what to delete: either ids or a filter")
    if filter is not None and isinstance(filter, Mapping) and not filter:
        raise InputError("an empty filter matches everything; to remove everything, remove the collection or folder")


def _finite(values: FloatArray) -> FloatArray:
    if not np.isfinite(values).all():
        raise InputError("a vector holds NaN or infinity")
    return values
