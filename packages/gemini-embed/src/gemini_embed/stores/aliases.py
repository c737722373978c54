"""Aliases: other names of collections, which their owner may point at another collection at any moment.

That one may hold another model's vectors: queries would find nothing right there, without an error. So an alias is
looked up once, when a store is opened, and the store keeps to the collection that it named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gemini_embed.errors import StoreError


class OfOneCollection:
    """A store of the collection that its name leads to when it is opened."""

    collection: str
    """The name that was given: of the collection, or an alias of it."""
    _pinned: str | None = None

    @property
    def pinned(self) -> str | None:
        """The collection that the open store keeps to, by its own name, wherever an alias leads since; None: not open.

        `close()`, and the next `open()` follows the alias to where it leads then.
        """
        return self._pinned

    def _names(self) -> str:
        """For the repr: the name that was given, and the one it is an alias of."""
        is_alias = self._pinned not in (None, self.collection)
        return f"collection={self.collection!r}" + (f", pinned={self._pinned!r}" if is_alias else "")

    @contextmanager
    def _while_it_is_there(self, is_gone: Callable[[Exception], bool]) -> Iterator[None]:
        """Tell of a collection that was removed under the open store, which is what errors that are `is_gone` say.

        Raises:
            StoreError: with the way out.
        """
        try:
            yield
        except Exception as error:
            if self._pinned is None or not is_gone(error):
                raise
            if self._pinned == self.collection:
                way_out = (
                    "it was removed while this store was open. close() the store, and its next use makes a new one"
                )
            else:
                way_out = (
                    f"when this store was opened, {self.collection!r} was an alias of it. close() the store or make a "
                    "new one, which follows the alias to where it leads now"
                )
            raise StoreError(f"{self}: the collection {self._pinned!r} is gone; {way_out}") from error
