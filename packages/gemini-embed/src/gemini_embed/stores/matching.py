"""What a neutral filter means, said in Python: for what an engine ignores, and to hold engines against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from gemini_embed.stores.filters import Node, Path, Scalar, Vocabulary, translate

_Test: TypeAlias = Callable[[Mapping[str, Any]], bool]
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def matches(node: Node | None, metadata: Mapping[str, Any]) -> bool:
    """Whether `metadata` fulfils a parsed filter; None restricts nothing."""
    return node is None or translate(node, _Tests())(metadata)


class _Tests(Vocabulary[_Test]):
    def any_of(self, path: Path, values: Sequence[Scalar]) -> _Test:
        wanted = [(_kind(value), value) for value in values]
        return lambda metadata: any((_kind(held), held) in wanted for held in _values(metadata, path))

    def missing(self, path: Path) -> _Test:
        return lambda metadata: not _values(metadata, path)

    def between(self, path: Path, bounds: Mapping[str, Any]) -> _Test:
        is_of_time = any(isinstance(bound, datetime) for bound in bounds.values())
        read = _moment if is_of_time else _number

        def is_within(held: Any) -> bool:
            value = read(held)
            return value is not None and all(_COMPARED[name](value, bound) for name, bound in bounds.items())

        return lambda metadata: any(map(is_within, _values(metadata, path)))

    def every(self, parts: Sequence[_Test]) -> _Test:
        return lambda metadata: all(part(metadata) for part in parts)

    def some(self, parts: Sequence[_Test]) -> _Test:
        return lambda metadata: any(part(metadata) for part in parts)

    def negated(self, part: _Test) -> _Test:
        return lambda metadata: not part(metadata)


def _values(metadata: Mapping[str, Any], path: Path) -> list[Any]:
    """The scalars of a field: none where it is missing, null or an empty list."""
    held: Any = metadata
    for name in path:
        held = held.get(name) if isinstance(held, Mapping) else None
    return list(held) if isinstance(held, list | tuple) else [] if held is None else [held]


def _kind(value: Any) -> str:
    """Values of different kinds are never equal: True is not 1, as in every engine."""
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _number(held: Any) -> float | None:
    return held if _kind(held) == "number" else None


def _moment(held: Any) -> datetime | None:
    if not isinstance(held, str):
        return None
    try:
        moment = datetime.fromisoformat(held)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
