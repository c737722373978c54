"""The neutral filter: what it means once checked, and how mistakes are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from gemini_embed import InputError
from gemini_embed.stores.filters import All, AnyOf, Missing, Node, Not, Range, Some, parse
from gemini_embed.stores.point_filters import field_key


@pytest.mark.parametrize(
    ("given", "node"),
    [
        pytest.param(None, None, id="none"),
        pytest.param({}, None, id="empty"),
        pytest.param({"source": "a.md"}, AnyOf(("source",), ("a.md",)), id="equals"),
        pytest.param({"a.b.c": 1}, AnyOf(("a", "b", "c"), (1,)), id="nested"),
        pytest.param({"draft": True}, AnyOf(("draft",), (True,)), id="bool"),
        pytest.param({"n": ["a", 1, 2.5]}, AnyOf(("n",), ("a", 1, 2.5)), id="any-of"),
        pytest.param({"n": ()}, AnyOf(("n",), ()), id="any-of-none"),
        pytest.param({"n": None}, Missing(("n",)), id="missing"),
        pytest.param({"n": {"gte": 3, "lt": 9}}, Range(("n",), {"gte": 3.0, "lt": 9.0}), id="range"),
        pytest.param(
            {"day": {"gt": date(2026, 1, 2)}}, Range(("day",), {"gt": datetime(2026, 1, 2, tzinfo=UTC)}), id="date"
        ),
        pytest.param(
            {"at": {"lte": datetime(2026, 1, 2, 3)}},
            Range(("at",), {"lte": datetime(2026, 1, 2, 3, tzinfo=UTC)}),
            id="naive-datetime-is-utc",
        ),
        pytest.param({"a": 1, "b": 2}, All((AnyOf(("a",), (1,)), AnyOf(("b",), (2,)))), id="several-fields"),
        pytest.param({"$and": [{"a": 1}, {"b": 2}]}, All((AnyOf(("a",), (1,)), AnyOf(("b",), (2,)))), id="and"),
        pytest.param({"$or": [{"a": 1}, {"b": 2}]}, Some((AnyOf(("a",), (1,)), AnyOf(("b",), (2,)))), id="or"),
        pytest.param({"$not": {"a": 1}}, Not(AnyOf(("a",), (1,))), id="not"),
    ],
)
def test_meaning(given: Any, node: Node | None) -> None:
    assert parse(given) == node


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param("source = 'x'", "a filter is a mapping", id="text"),
        pytest.param({3: 1}, "named by a string, not by int", id="key-not-str"),
        pytest.param({"$nor": [{"a": 1}]}, r"unknown operator '\$nor'", id="unknown-operator"),
        pytest.param({"$or": []}, "at least one filter", id="or-of-nothing"),
        pytest.param({"$and": {"a": 1}}, "takes a list", id="and-of-mapping"),
        pytest.param({"$not": {}}, "combines filters", id="not-of-nothing"),
        pytest.param({"$or": [{}]}, "combines filters", id="or-of-empty"),
        pytest.param({"a..b": 1}, "not a field's name", id="double-dot"),
        pytest.param({"": 1}, "not a field's name", id="no-name"),
        pytest.param({"a": {"ne": 1}}, r"write \{'\$not'", id="unknown-comparison"),
        pytest.param({"a": {}}, "a range has the keys", id="empty-range"),
        pytest.param({"a": {"gte": "b"}}, "finite numbers or all dates", id="range-of-text"),
        pytest.param({"a": {"gte": 1, "lt": date(2026, 1, 1)}}, "finite numbers or all dates", id="mixed-range"),
        pytest.param({"a": {"gte": True}}, "finite numbers or all dates", id="range-of-bool"),
        pytest.param({"a": {"gte": float("inf")}}, "finite numbers or all dates", id="infinite-range"),
        pytest.param({"a": float("nan")}, "equals nothing", id="nan"),
        pytest.param({"a": 2**63}, "more than 64 bits", id="too-large"),
        pytest.param({"a": ["b", -(2**70)]}, "more than 64 bits", id="too-small"),
        pytest.param({"a": {"gte": 10**5000}}, "finite numbers or all dates", id="range-of-a-huge-number"),
        pytest.param({"a": object()}, "compared with a string, number, bool or None", id="object"),
        pytest.param({"a": [[1]]}, "compared with a string, number, bool or None", id="list-in-list"),
        pytest.param({"a": [None]}, "compared with a string, number, bool or None", id="none-in-list"),
    ],
)
def test_mistakes_are_refused(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse(given)


def test_depth_is_limited() -> None:
    nested: dict[str, Any] = {"a": 1}
    for _ in range(2000):
        nested = {"$not": nested}
    with pytest.raises(InputError, match="nested more than 32 deep"):
        parse(nested)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        pytest.param(("source",), "metadata.source", id="plain"),
        pytest.param(("a", "b-c", "d_1"), "metadata.a.b-c.d_1", id="nested"),
        pytest.param(("a b",), 'metadata."a b"', id="space"),
        pytest.param(("tags[]",), 'metadata."tags[]"', id="brackets-are-a-name"),
        pytest.param(("größe",), 'metadata."größe"', id="unicode"),
    ],
)
def test_field_names_are_quoted(path: tuple[str, ...], key: str) -> None:
    assert field_key(path) == key


def test_a_quote_in_a_field_name_is_refused() -> None:
    with pytest.raises(InputError, match="double quote"):
        field_key(('x" or "1',))
