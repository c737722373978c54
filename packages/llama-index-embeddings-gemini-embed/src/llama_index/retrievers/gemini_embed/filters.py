"""LlamaIndex's `MetadataFilters` as the neutral filters of the core, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from gemini_embed import InputError
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import Path, Scalar, Vocabulary, parse, translate

Neutral = dict[str, Any]


def neutral(filters: MetadataFilters) -> Neutral | None:
    """The same restriction as a neutral filter; None when there is none.

    Raises:
        InputError: an operator or a value that the neutral form has no word for.
    """
    parts = [part for part in map(_one, filters.filters) if part is not None]
    if not parts:
        return None
    if filters.condition == FilterCondition.OR:
        return {"$or": parts}
    if filters.condition == FilterCondition.NOT:  # none of them, as LlamaIndex's own stores read it
        return {"$not": {"$or": parts}}
    return {"$and": parts}


def as_neutral(filter: FilterLike) -> FilterLike:
    """LlamaIndex's filters as a neutral one, empty when they restrict nothing; others as they are.

    Raises:
        InputError: as `neutral`.
    """
    return (neutral(filter) or {}) if isinstance(filter, MetadataFilters) else filter


def as_metadata_filters(filter: Mapping[str, Any]) -> MetadataFilters:
    """A neutral filter in LlamaIndex's words, for its own stores.

    Raises:
        InputError: a mistake in it.
    """
    node = parse(filter)
    if node is None:
        return MetadataFilters(filters=[])
    found = translate(node, _Words())
    return found if isinstance(found, MetadataFilters) else MetadataFilters(filters=[found])


class _Words(Vocabulary[MetadataFilter | MetadataFilters]):
    def any_of(self, path: Path, values: Sequence[Scalar]) -> MetadataFilter:
        if len(values) == 1:
            return MetadataFilter(key=".".join(path), value=values[0])
        return MetadataFilter(key=".".join(path), operator=FilterOperator.IN, value=cast("Any", list(values)))

    def missing(self, path: Path) -> MetadataFilter:
        return MetadataFilter(key=".".join(path), operator=FilterOperator.IS_EMPTY, value=None)

    def between(self, path: Path, bounds: Mapping[str, Any]) -> MetadataFilters:
        operators = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        key = ".".join(path)
        told = {name: bound.isoformat() if isinstance(bound, datetime) else bound for name, bound in bounds.items()}
        return self.every(
            [MetadataFilter(key=key, operator=FilterOperator(operators[name]), value=told[name]) for name in told]
        )

    def every(self, parts: Sequence[MetadataFilter | MetadataFilters]) -> MetadataFilters:
        return MetadataFilters(filters=list(parts), condition=FilterCondition.AND)

    def some(self, parts: Sequence[MetadataFilter | MetadataFilters]) -> MetadataFilters:
        return MetadataFilters(filters=list(parts), condition=FilterCondition.OR)

    def negated(self, part: MetadataFilter | MetadataFilters) -> MetadataFilters:
        return MetadataFilters(filters=[part], condition=FilterCondition.NOT)


def _one(entry: MetadataFilter | MetadataFilters) -> Neutral | None:
    if isinstance(entry, MetadataFilters):
        return neutral(entry)
    if entry.operator not in _OPERATORS:
        raise InputError(
            f"filter on {entry.key!r}: {entry.operator.value} has no neutral form; "
            "pass the store's own filter object as filters="
        )
    return _OPERATORS[entry.operator](entry.key, entry.value)


def _bound(name: str) -> Callable[[str, Any], Neutral]:
    def range_of(key: str, value: Any) -> Neutral:
        return {key: {name: _moment(key, value) if isinstance(value, str) else value}}

    return range_of


def _moment(key: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InputError(f"filter on {key!r}: a range is over numbers or ISO dates, not {value!r}") from None


def _all_of(key: str, value: Any) -> Neutral:
    return {"$and": [{key: one} for one in _list(value)]}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# A neutral field that holds a list matches when any element does, which is what CONTAINS and ANY ask for.
_OPERATORS: dict[FilterOperator, Callable[[str, Any], Neutral]] = {
    FilterOperator.EQ: lambda key, value: {key: value},
    FilterOperator.NE: lambda key, value: {"$not": {key: value}},
    FilterOperator.GT: _bound("gt"),
    FilterOperator.GTE: _bound("gte"),
    FilterOperator.LT: _bound("lt"),
    FilterOperator.LTE: _bound("lte"),
    FilterOperator.IN: lambda key, value: {key: _list(value)},
    FilterOperator.NIN: lambda key, value: {"$not": {key: _list(value)}},
    FilterOperator.ANY: lambda key, value: {key: _list(value)},
    FilterOperator.ALL: _all_of,
    FilterOperator.CONTAINS: lambda key, value: {key: value},
    FilterOperator.IS_EMPTY: lambda key, _: {key: None},
}
