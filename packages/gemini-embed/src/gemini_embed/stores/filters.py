"""The neutral filter: checked once, here, and translated by each store into its own vocabulary.

    {"modality": "image"}                          a metadata field equals a value
    {"author.name": ["Ann", "Bob"]}                any of them; dots reach into nested metadata
    {"page": {"gte": 3, "lt": 9}}                  a range: gt, gte, lt, lte over numbers or datetimes
    {"draft": None}                                missing, null or an empty list
    {"modality": "text", "page": 3}                several fields: all of them
    {"$or": [f, g]}, {"$and": [f, g]}, {"$not": f} combinations

A field that holds a list matches when any element does. Values are data: no store ever reads them as syntax.
"""

from __future__ import annotations

import math
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Protocol, TypeAlias, TypeVar

from gemini_embed.errors import InputError
from gemini_embed.records import LEAST_WHOLE, MODALITIES, MOST_WHOLE
from gemini_embed.stores.base import FilterLike

Scalar: TypeAlias = str | int | float | bool
"""What a field of the metadata is compared with."""
Path: TypeAlias = tuple[str, ...]
"""A field's name, split at the dots."""

_BOUNDS = ("gt", "gte", "lt", "lte")
_MAX_DEPTH = 32
T = TypeVar("T")


@dataclass(frozen=True)
class AnyOf:
    """The field equals one of `values`; with no values, nothing matches."""

    path: Path
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Missing:
    """The field is missing, null or an empty list."""

    path: Path


@dataclass(frozen=True)
class Range:
    """The field lies between bounds (keys gt, gte, lt, lte): all numbers, or all aware datetimes."""

    path: Path
    bounds: Mapping[str, float] | Mapping[str, datetime]


@dataclass(frozen=True)
class All:
    """Every one of `nodes` matches."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Some:
    """At least one of `nodes` matches."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """`node` does not match."""

    node: Node


Node: TypeAlias = AnyOf | Missing | Range | All | Some | Not
"""A filter, read: a condition on a field, or a combination of others."""


class Vocabulary(Protocol[T]):
    """A store's words for the leaves and the combinations of a filter; T is its own condition type."""

    @abstractmethod
    def any_of(self, path: Path, values: Sequence[Scalar]) -> T:
        """The field at `path` is one of `values`."""

    @abstractmethod
    def missing(self, path: Path) -> T:
        """The field at `path` is missing, null or an empty list."""

    @abstractmethod
    def between(self, path: Path, bounds: Mapping[str, Any]) -> T:
        """It lies within `bounds`, by "gt", "gte", "lt" and "lte"."""

    @abstractmethod
    def every(self, parts: Sequence[T]) -> T:
        """All of `parts` hold."""

    @abstractmethod
    def some(self, parts: Sequence[T]) -> T:
        """At least one of them does."""

    @abstractmethod
    def negated(self, part: T) -> T:
        """`part` does not hold."""


def translate(node: Node, words: Vocabulary[T]) -> T:
    """Say `node` in a store's own words."""
    match node:
        case AnyOf(path, values):
            return words.any_of(path, values)
        case Missing(path):
            return words.missing(path)
        case Range(path, bounds):
            return words.between(path, bounds)
        case All(nodes):
            return words.every([translate(part, words) for part in nodes])
        case Some(nodes):
            return words.some([translate(part, words) for part in nodes])
        case Not(part):
            return words.negated(translate(part, words))


def parse(filter: object) -> Node | None:
    """Check a neutral filter. None or an empty mapping restricts nothing and gives None; a mistake is an InputError."""
    if filter is None:
        return None
    if not isinstance(filter, Mapping):
        raise InputError(
            "a filter is a mapping such as {'modality': 'image'}, or this store's own filter object, "
            f"not {_kind(filter)}"
        )
    return _all(filter, 0) if filter else None


def _all(mapping: Mapping[Any, Any], depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise InputError(f"the filter is nested more than {_MAX_DEPTH} deep")
    nodes = tuple(_entry(key, value, depth + 1) for key, value in mapping.items())
    return nodes[0] if len(nodes) == 1 else All(nodes)


def _entry(key: object, value: Any, depth: int) -> Node:
    if key in ("$and", "$or"):
        parts = _operands(str(key), value, depth)
        return All(parts) if key == "$and" else Some(parts)
    if key == "$not":
        return Not(_operand("$not", value, depth))
    return _leaf(_path(key), value)


def _operands(name: str, value: object, depth: int) -> tuple[Node, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise InputError(f"filter: {name} takes a list of at least one filter, not {_kind(value)}")
    return tuple(_operand(name, part, depth) for part in value)


def _operand(name: str, value: object, depth: int) -> Node:
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"filter: {name} combines filters such as {{'page': 3}}, not {_kind(value)}")
    return _all(value, depth)


def _path(key: object) -> Path:
    if not isinstance(key, str):
        raise InputError(f"filter: a field is named by a string, not by {_kind(key)}")
    if key.startswith("$"):
        raise InputError(f"filter: unknown operator {key!r}; there are $and, $or and $not")
    path = tuple(key.split("."))
    if not all(path):
        raise InputError(f"filter: {key!r} is not a field's name; nested fields are joined by single dots")
    return path


def _leaf(path: Path, value: Any) -> Node:
    if value is None:
        return Missing(path)
    if isinstance(value, Mapping):
        return _range(path, value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return AnyOf(path, tuple(_scalar(path, one) for one in value))
    return AnyOf(path, (_scalar(path, value),))


def _scalar(path: Path, value: Any) -> Scalar:
    if isinstance(value, int) and not LEAST_WHOLE <= value <= MOST_WHOLE:
        raise InputError(f"filter: {'.'.join(path)}: no record holds a whole number of more than 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"filter: {'.'.join(path)}: {value} equals nothing")
    if isinstance(value, (str, int, float)):
        return value
    raise InputError(
        f"filter: {'.'.join(path)} is compared with a string, number, bool or None, not with {_kind(value)}"
    )


def _range(path: Path, bounds: Mapping[Any, Any]) -> Node:
    name = ".".join(path)
    if not bounds or any(key not in _BOUNDS for key in bounds):
        raise InputError(
            f"filter: {name}: a range has the keys {', '.join(_BOUNDS)}, not {sorted(map(str, bounds))}; "
            "for 'not equal' write {'$not': {field: value}}, for 'in' a list"
        )
    if all(_is_number(bound) for bound in bounds.values()):
        return Range(path, {key: float(bound) for key, bound in bounds.items()})
    if all(isinstance(bound, date) for bound in bounds.values()):
        return Range(path, {key: _moment(bound) for key, bound in bounds.items()})
    raise InputError(f"filter: {name}: the bounds of a range are all finite numbers or all dates and datetimes")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _moment(value: date) -> datetime:
    """A date is its midnight; a moment without a zone is read as UTC, as the stores read it."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kind(value: object) -> str:
    return "an empty list" if value == [] else f"{type(value).__name__}"


def of_modality(modality: str | None) -> dict[str, Any]:
    """The neutral filter for records of a modality; None finds those that tell none, or none that is known."""
    return {"modality": modality} if modality else {"$not": {"modality": [*MODALITIES]}}


def restricted(filter: FilterLike, modality: str | None) -> FilterLike:
    """A neutral filter, and of this modality."""
    return {"$and": [filter, of_modality(modality)]} if filter else of_modality(modality)
