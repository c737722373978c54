"""Aliases: other names of collections, which their owner may point at another collection at any moment.

That one may hold another model's vectors: queries would find nothing right there, without an error. So an alias is
looked up when a store is opened, and the store keeps to the collection that it named; one that follows looks again now
and then, and says so where the vectors there were made another way.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Self, TypeAlias

from gemini_embed.checks import one_of
from gemini_embed.errors import StoreError, StoreMovedError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.base import Store, opened

AliasUse: TypeAlias = Literal["pin", "follow"]
"""pin: an open store keeps to the collection that its alias led to. follow: it looks again every 30 s."""

LOOK_EVERY_S = 30.0
"""How old what is known of an alias may be where it is followed."""


class HasAliases(Store):
    """A store of a collection (of a folder, for an embedded one) that can be called by other names, each of which is
    pointed at another one in one step. None of this opens the store, or makes a collection."""

    @property
    @abstractmethod
    def place(self) -> object:
        """Where its collections are: stores of equal places share collections and aliases."""

    @abstractmethod
    def aliases(self) -> Mapping[str, str]:
        """All aliases where this store is, and the collection that each leads to now."""

    @abstractmethod
    def point_alias(self, name: str, collection: str) -> None:
        """Have an alias lead to this collection from now on, in one step; it is made where there is none.

        Raises:
            StoreError: there is no such collection, or `name` is a collection's own name.
        """

    @abstractmethod
    def leads_to(self) -> str | None:
        """The collection, by its own name, that the name of this store leads to now; None: there is none."""

    @abstractmethod
    def made_with(self) -> Fingerprint | None:
        """How the vectors were made that this store's name leads to now; None: nothing is there, or does not tell."""

    @abstractmethod
    def twin(self, collection: str) -> Self:
        """Another store with the same settings, of this collection; it shares what is connected, and leaves it open."""

    @abstractmethod
    def drop(self, collection: str) -> None:
        """Remove a collection and all that is in it. Nothing happens where there is none."""


def check_is_collection(store: Store, collection: str, known: bool) -> None:
    """Refuse to point an alias at what is not there.

    Raises:
        StoreError: it is not `known`.
    """
    if not known:
        raise StoreError(f"{store}: there is no collection {collection!r} that an alias could lead to")


def is_collection(name: str, way_out: str) -> StoreError:
    """The error for an alias that is a collection's own name."""
    return StoreError(f"{name!r} is a collection itself, and cannot be an alias while it is: {way_out}")


class OfOneCollection(HasAliases):
    """A store of the collection that its name leads to when it is opened."""

    collection: str
    """The name that was given: of the collection, or an alias of it."""
    alias: AliasUse = "pin"
    """Whether it looks again where the alias leads."""
    _pinned: str | None = None
    _fingerprint: Fingerprint | None
    """That of what is pinned; None: not open."""
    _looked_at_s = 0.0

    @property
    def pinned(self) -> str | None:
        """The collection that the open store keeps to, by its own name, wherever an alias leads since; None: not open.

        `close()`, and the next `open()` follows the alias to where it leads then.
        """
        return self._pinned

    @property
    def _name(self) -> str:
        """Of the collection that the open store keeps to."""
        return opened(self, self._pinned)

    @property
    def _dimensions(self) -> int:
        """Of the vectors."""
        return opened(self, self._fingerprint).dimensions

    def _names(self) -> str:
        """For the repr: the name that was given, and the one it is an alias of."""
        is_alias = self._pinned not in (None, self.collection)
        return f"collection={self.collection!r}" + (f", pinned={self._pinned!r}" if is_alias else "")

    def _let_go(self) -> None:
        """Forget the collection that it is pinned to, so that it is opened anew."""
        raise NotImplementedError

    def _just_looked(self) -> None:
        """The alias was looked up now."""
        self._looked_at_s = time.monotonic()

    def _leads_elsewhere(self, kept: Fingerprint, wanted: Fingerprint) -> bool:
        """To be asked whenever an open store is opened: whether it follows an alias that leads elsewhere since. Other
        threads may be using what it is pinned to, so that stays until the other one is open.

        Raises:
            StoreMovedError: the vectors there were made another way than `kept`.
        """
        now = time.monotonic()
        if self._pinned is None or self.alias == "pin" or now < self._looked_at_s + LOOK_EVERY_S:
            return False
        leads_to = self.leads_to()
        self._looked_at_s = now
        if leads_to in (None, self._pinned):
            return False
        made = self.made_with()
        if made is not None and made.difference(wanted):
            self._looked_at_s = 0.0
            raise self._moved(f"leads to {leads_to!r} now", kept, made)
        return True

    @contextmanager
    def _while_it_is_there(self, is_gone: Callable[[Exception], bool], kept: Fingerprint | None) -> Iterator[None]:
        """Tell of a collection that was removed under the open store, which is what errors that are `is_gone` say.

        Raises:
            StoreMovedError: with the way out.
        """
        try:
            yield
        except Exception as error:
            if self._pinned is None or not is_gone(error):
                raise
            gone, self._looked_at_s = self._pinned, 0.0
            if gone == self.collection:
                raise StoreMovedError(
                    f"{self}: the collection {gone!r} is gone; it was removed while this store was open. close() the "
                    "store, and its next use makes a new one",
                    was=kept,
                ) from error
            now = self.made_with()
            raise self._moved(f"the collection {gone!r} is gone", kept, now) from error

    def _moved(self, what: str, kept: Fingerprint | None, now: Fingerprint | None) -> StoreMovedError:
        differs = now and kept and kept.difference(now)
        made = f" (its vectors were made another way, before against now: {differs})" if differs else ""
        return StoreMovedError(
            f"{self}: {what}; when this store was opened, {self.collection!r} was an alias of {self._pinned!r}{made}. "
            "close() the store or make a new one, which follows the alias to where it leads now; "
            "MultimodalIndex.following(store) does so by itself, with an embedder that fits",
            was=kept,
            now=now,
        )


def alias_use(alias: AliasUse) -> AliasUse:
    """`alias`, if it is one of the two; ConfigurationError else."""
    checked: AliasUse = one_of("alias", alias, AliasUse)
    return checked
