"""LlamaIndex's `MetadataFilters` in the neutral form that every store of the core understands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from gemini_embed import InputError

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
