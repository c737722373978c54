"""Filters in the Qdrant family's words. Edge and client have the same conditions under slightly different names."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from gemini_embed.errors import InputError
from gemini_embed.stores import filters
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.points import METADATA_KEY

_BARE_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_EXACT_FLOAT = 2**53
"""Whole numbers up to here are exact as a float, so a range can stand for equality."""


class Conditions(ABC):
    """Translates neutral filters; a subclass names one engine's condition classes. `Any` is such a condition."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        """The module that holds the classes."""

    def filter(self, given: FilterLike) -> Any:
        """The engine's `Filter` for a neutral or native filter, None when nothing is restricted."""
        if isinstance(given, self.engine.Filter):
            return given
        node = filters.parse(given)
        return None if node is None else self.every([filters.translate(node, self)])

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Any:
        """A match of 1 finds the stored 1 but not 1.0, so numbers become ranges from the value to itself."""
        key = field_key(path)
        texts = [value for value in values if isinstance(value, str)]
        parts = [self.text_in(key, texts)] if texts or not values else []
        for value in values:
            if isinstance(value, bool) or (isinstance(value, int) and abs(value) > _EXACT_FLOAT):
                parts.append(self.exactly(key, value))
            elif isinstance(value, (int, float)):
                parts.append(self.number_in(key, {"gte": value, "lte": value}))
        return parts[0] if len(parts) == 1 else self.some(parts)

    def missing(self, path: Path) -> Any:
        return self.empty(field_key(path))

    def between(self, path: Path, bounds: Mapping[str, Any]) -> Any:
        timed = any(isinstance(bound, datetime) for bound in bounds.values())
        return (self.time_in if timed else self.number_in)(field_key(path), bounds)

    def every(self, parts: Sequence[Any]) -> Any:
        return self.engine.Filter(must=list(parts))

    def some(self, parts: Sequence[Any]) -> Any:
        return self.engine.Filter(should=list(parts))

    def negated(self, part: Any) -> Any:
        return self.engine.Filter(must_not=[part])

    @abstractmethod
    def text_in(self, key: str, texts: list[str]) -> Any: ...
    @abstractmethod
    def exactly(self, key: str, value: bool | int) -> Any: ...
    @abstractmethod
    def number_in(self, key: str, bounds: Mapping[str, float]) -> Any: ...
    @abstractmethod
    def time_in(self, key: str, bounds: Mapping[str, datetime]) -> Any: ...
    @abstractmethod
    def empty(self, key: str) -> Any: ...


class EdgeConditions(Conditions):
    """With the classes of `qdrant_edge`."""

    def text_in(self, key: str, texts: list[str]) -> Any:
        return self.engine.FieldCondition(key, match=self.engine.MatchAny(texts))

    def exactly(self, key: str, value: bool | int) -> Any:
        # Edge takes Python's bool for an integer, and numpy's for what it is.
        plain = np.bool_(value) if isinstance(value, bool) else value
        return self.engine.FieldCondition(key, match=self.engine.MatchValue(plain))

    def number_in(self, key: str, bounds: Mapping[str, float]) -> Any:
        return self.engine.FieldCondition(key, range=self.engine.RangeFloat(**bounds))

    def time_in(self, key: str, bounds: Mapping[str, datetime]) -> Any:
        iso = {name: bound.isoformat() for name, bound in bounds.items()}
        return self.engine.FieldCondition(key, range=self.engine.RangeDateTime(**iso))

    def empty(self, key: str) -> Any:
        return self.engine.IsEmptyCondition(key)


class ClientConditions(Conditions):
    """With the classes of `qdrant_client.models`."""

    def text_in(self, key: str, texts: list[str]) -> Any:
        return self.engine.FieldCondition(key=key, match=self.engine.MatchAny(any=texts))

    def exactly(self, key: str, value: bool | int) -> Any:
        return self.engine.FieldCondition(key=key, match=self.engine.MatchValue(value=value))

    def number_in(self, key: str, bounds: Mapping[str, float]) -> Any:
        return self.engine.FieldCondition(key=key, range=self.engine.Range(**bounds))

    def time_in(self, key: str, bounds: Mapping[str, datetime]) -> Any:
        return self.engine.FieldCondition(key=key, range=self.engine.DatetimeRange(**bounds))

    def empty(self, key: str) -> Any:
        return self.engine.IsEmptyCondition(is_empty=self.engine.PayloadField(key=key))


def field_key(path: Path) -> str:
    """The engine's path of a metadata field; names that its grammar would trip over are quoted."""
    return ".".join((METADATA_KEY, *map(_segment, path)))


def _segment(name: str) -> str:
    if _BARE_SEGMENT.fullmatch(name):
        return name
    if '"' in name:
        raise InputError(f"filter: this store cannot filter on the field {name!r}: its name holds a double quote")
    return f'"{name}"'
