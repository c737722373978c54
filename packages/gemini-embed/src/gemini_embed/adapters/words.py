"""The sparse vectors of an index, for other libraries that write into its collection or search it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from gemini_embed.errors import InputError, StoreError
from gemini_embed.stores import Store
from gemini_embed.stores.keeping import no_words_yet
from gemini_embed.stores.lexical import SPARSE_NAME, Bm25Encoder, Lexical, Sparse

__all__ = ["SPARSE_NAME", "Indexed", "Sparse", "SparseWords"]


class Indexed(Protocol):
    """What is needed of a `MultimodalIndex`."""

    @property
    def store(self) -> Store:
        """Where its records are."""

    def count(self) -> int:
        """How many; its store is open then."""


class SparseWords:
    """Texts as sparse vectors of their words, as an index with `lexical=` makes them. Needs the extra `edge`.

    Args:
        lexical: how texts are cut; None: the defaults of `Lexical`.
        mean_length: words of a text, on average; None: 256, which is too long for most. `of` knows that of an index.

    Raises:
        InputError: a mean length that is none.
    """

    def __init__(self, lexical: Lexical | None = None, mean_length: float | None = None) -> None:
        if mean_length is not None and not mean_length > 0:
            raise InputError(f"mean_length={mean_length!r}: words of a text on average, more than 0")
        self.lexical, self.mean_length = lexical or Lexical(), mean_length
        self._encoder = Bm25Encoder(self.lexical, mean_length)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lexical!r}, mean_length={self.mean_length!r})"

    @classmethod
    def of(cls, index: Indexed) -> Self:
        """As an index makes them, whose store is opened.

        Raises:
            StoreError: it keeps no words.
        """
        index.count()
        kept = index.store.kept_words()
        if kept is None:
            raise StoreError(no_words_yet(index.store))
        return cls(kept.lexical, kept.mean_length)

    def documents(self, texts: Sequence[str]) -> list[Sparse]:
        """One for each text, with `indices` and `values`."""
        return self._encoder.documents(texts)

    def query(self, text: str) -> Sparse:
        """Of words that are looked for."""
        return self._encoder.query(text)
