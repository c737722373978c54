"""Where records come from: a store of ours, or a collection of others in Qdrant or Milvus."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.migrating.standing import Layout, Names, Standing, named
from gemini_embed.stores.aliases import HasAliases
from gemini_embed.stores.base import FilterLike, FloatArray, Store

S = TypeVar("S", bound=HasAliases)


class Source(ABC):
    """What stands in a collection, read and never written. Each is opened first."""

    layout: Layout
    """Who made it, found by looking."""
    collection: str
    """Its own name, whichever alias it was named by."""
    fingerprint: Fingerprint | None = None
    """How its vectors were made, where it tells."""
    store: Store
    """What it is asked through."""

    @abstractmethod
    def open(self, names: Names) -> None:
        """Connect, and find the layout.

        Raises:
            StoreError: there is no such collection.
            ConfigurationError: a layout that nobody here knows, and no name of the text's field.
        """

    @abstractmethod
    def count(self, where: FilterLike = None) -> int:
        """How many records there are, or match."""

    @abstractmethod
    def batches(self, size: int, where: FilterLike = None) -> Iterator[list[Standing]]:
        """All records, or those that match, some at a time."""

    @abstractmethod
    def vectors(self, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        """Their stored vectors, by id."""

    @abstractmethod
    def nearest(self, vector: FloatArray, k: int) -> list[str]:
        """The ids of the records nearest to a vector, best first."""

    def indexed_fields(self) -> Mapping[str, Any]:
        """Indexes, by the field of `metadata` (or of the payload) that they are on, of which kind in Qdrant's words;
        {}: none, or it is not asked for them."""
        return {}

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of what was opened here."""


class StoreSource(Source):
    """A store that tells of its records itself, such as an `EdgeStore`."""

    layout: Layout = "gemini-embed"

    def __init__(self, store: Store) -> None:
        self.store = store
        self._names = Names()

    def __repr__(self) -> str:
        return repr(self.store)

    def open(self, names: Names) -> None:
        self._names = names
        kept = self.store.made_with() if isinstance(self.store, HasAliases) else self.store.kept_fingerprint()
        if kept is None:
            raise StoreError(
                f"{self.store} is no index of ours yet, since it keeps no fingerprint: name the collection of others "
                "by FromQdrant(...) or FromMilvus(...)"
            )
        self.store.open(kept)
        self.fingerprint = kept
        self.collection = (self.store.leads_to() if isinstance(self.store, HasAliases) else None) or repr(self.store)

    def count(self, where: FilterLike = None) -> int:
        return self.store.count(where)

    def batches(self, size: int, where: FilterLike = None) -> Iterator[list[Standing]]:
        for batch in self.store.iterate(batch_size=size, filter=where, with_vectors=False):
            yield [named(Standing(record), self._names, ours=True) for record in batch.records]

    def vectors(self, ids: Sequence[str]) -> Mapping[str, FloatArray]:
        return self.store.vectors(ids)

    def nearest(self, vector: FloatArray, k: int) -> list[str]:
        return [hit.record.id for hit in self.store.search(vector, k)]


class Elsewhere(Source, Generic[S]):
    """A collection that may be of others, asked through a store of ours."""

    store: S
    _is_ours = True
    """Whether the store was made here, and so is closed here."""

    def __init__(self, store: S, vector_name: str = "") -> None:
        self.store, self._vector_name = store, vector_name
        self._names = Names()

    @classmethod
    def of(cls, store: S) -> Self:
        """A store of ours, whose connection is used, and stays open."""
        made = cls.__new__(cls)
        Elsewhere.__init__(made, store)
        made._is_ours = False
        return made

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.store!r})"

    def open(self, names: Names) -> None:
        found = self.store.leads_to()
        if found is None:
            raise StoreError(f"{self.store}: there is no such collection to migrate from")
        self.collection, self._names = found, names
        self.fingerprint = self.store.made_with()
        self._look()

    @abstractmethod
    def _look(self) -> None:
        """Find the layout of what was opened."""

    def close(self) -> None:
        if self._is_ours:
            self.store.close()


def unknown_layout(where: object, fields: Sequence[str]) -> ConfigurationError:
    """The error for a collection in which the text was not found."""
    return ConfigurationError(
        f"{where} is laid out by none of the libraries that are known here (this one, LangChain's, LlamaIndex's): "
        f"its records have the fields {', '.join(sorted(fields)) or '(none)'}. Name the one that holds the text, "
        'Migration(..., text="body"), and title= and source_field= where there are such'
    )
