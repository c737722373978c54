"""What a query scores against records that nobody chose: what hits have to be compared with.

A sample is the first records in the order of ids. Ours are hashes, so these are a random sample, the same for every
process and every query, which is kept nowhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from gemini_embed.errors import StoreError

if TYPE_CHECKING:
    from gemini_embed.hits import Hit
    from gemini_embed.records import Record
    from gemini_embed.stores.batch import Batch, FilterLike, FloatArray
    from gemini_embed.stores.precision import Precision

SAMPLE = 64
"""Records of a modality that a query is compared with: their mean is known to an eighth of a standard deviation."""
_IDS = 2**128


class Sample(NamedTuple):
    """What a query scores against a sample of some records."""

    scores: FloatArray
    """Cosines, shape (n,)."""
    sources: Sequence[str]
    """Of each of these records: windows of one source are much alike."""
    population: int
    """How many records there are that it was taken of, or about so many; n at least."""


class GivesSamples(ABC):
    """The part of a store that hits are compared with. It keeps no sample: a census does."""

    gives_vectors: bool = True
    """Whether `iterate` gives vectors. Of a store that does not there is no sample."""

    @property
    def samples_along(self) -> bool:
        """Whether the open store takes `search_with_samples`: a server, which vectors of samples would be far from."""
        return False

    def search_with_samples(
        self,
        vector: FloatArray,
        k: int,
        filters: Sequence[FilterLike],
        samples: Sequence[FilterLike],
        *,
        precision: Precision | None = None,
    ) -> tuple[list[list[Hit]], list[Sample]]:
        """`search_each`, and what `vector` scores against a sample of what passes each of `samples`, in one
        request. Only a store that says `samples_along` is asked."""
        raise StoreError(f"{self} takes no samples along with a search")

    def sample_each(self, filters: Sequence[FilterLike], count: int = SAMPLE) -> list[Batch | None]:
        """The first `count` records that pass each of the filters, with their vectors; None where nothing does. A store
        that can ask for all at once overrides it."""
        return [next(self.iterate(batch_size=count, filter=filter), None) for filter in filters]

    @abstractmethod
    def iterate(self, *, batch_size: int, filter: FilterLike) -> Iterator[Batch]:
        """As of `Store`."""


def source_of(record: Record) -> str:
    """Which other records it is much alike; of none that is known its own id."""
    return record.source or record.id


def estimated_count(ids: Sequence[str], wanted: int = SAMPLE) -> int:
    """About how many records there are of which these have the first ids; exact for fewer than `wanted`.

    Where ids are spread evenly, the n-th of N lies about n / N of the way: with 64 to an eighth. What are no such ids,
    or not in their order, tells only that there are so many at least.
    """
    if len(ids) < wanted:
        return len(ids)
    try:
        places = [UUID(id_).int for id_ in ids]
    except ValueError:
        return len(ids)
    if places != sorted(places):
        return len(ids)
    return max(len(ids), round((len(ids) - 1) * _IDS / max(places[-1], 1)))
