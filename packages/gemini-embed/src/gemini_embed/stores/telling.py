"""Filters for engines that understand a part of them: what can be told, so that less is left to test here.

An engine is told what may match: a condition that holds for all that a filter finds, and perhaps for more. So that NOT
can be told too, every condition goes with one for what may not match.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import Path, Scalar, Vocabulary, parse, translate
from gemini_embed.stores.matching import matches

T = TypeVar("T")


class Told(NamedTuple, Generic[T]):
    """A filter in an engine's own words; None where it has none, which restricts nothing."""

    yes: T | None
    """Holds for all that match."""
    no: T | None
    """Holds for all that do not."""


class Telling(Vocabulary[Told[T]]):
    """An engine's words. A subclass says leaves, where it can, and joins conditions."""

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Told[T]:
        return Told(None, None)

    def missing(self, path: Path) -> Told[T]:
        return Told(None, None)

    def between(self, path: Path, bounds: Mapping[str, Any]) -> Told[T]:
        return Told(None, None)

    @abstractmethod
    def both(self, conditions: Sequence[T]) -> T:
        """All of two conditions or more."""

    @abstractmethod
    def either(self, conditions: Sequence[T]) -> T:
        """At least one of two or more."""

    def every(self, parts: Sequence[Told[T]]) -> Told[T]:
        return Told(self._joined([one.yes for one in parts]), self._any([one.no for one in parts]))

    def some(self, parts: Sequence[Told[T]]) -> Told[T]:
        return Told(self._any([one.yes for one in parts]), self._joined([one.no for one in parts]))

    def negated(self, part: Told[T]) -> Told[T]:
        return Told(part.no, part.yes)

    def _joined(self, conditions: Sequence[T | None]) -> T | None:
        said = [one for one in conditions if one is not None]
        return self.both(said) if len(said) > 1 else said[0] if said else None

    def _any(self, conditions: Sequence[T | None]) -> T | None:
        said = [one for one in conditions if one is not None]
        if len(said) < len(conditions):  # what was not said may be the one that holds
            return None
        return self.either(said) if len(said) > 1 else said[0] if said else None


class Asked(NamedTuple, Generic[T]):
    """A filter as an engine is asked, and as its answers are tested."""

    told: T | None
    """None: everything."""
    keeps: Callable[[Mapping[str, Any]], bool]
    """Whether a record with these metadata matches."""
    is_open: bool
    """Whether there is a filter of which the engine is told nothing."""


def asked(filter: FilterLike, words: Telling[T] | None) -> Asked[T]:
    """A neutral filter in an engine's words, as far as it has some. A mistake is an InputError."""
    node = parse(filter)
    if node is None:
        return Asked(None, lambda _: True, False)
    told = translate(node, words).yes if words else None
    return Asked(told, lambda metadata: matches(node, metadata), told is None)
