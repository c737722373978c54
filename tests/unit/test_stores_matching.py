"""Neutral filters in Python, held against the table that every store is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from gemini_embed.stores.filters import parse
from gemini_embed.stores.matching import matches
from gemini_embed.testing.samples import FILTERS, METADATA


@pytest.mark.parametrize(("given", "expected"), FILTERS)
def test_means_what_stores_find(given: Any, expected: list[str]) -> None:
    assert [name for name, metadata in METADATA.items() if matches(parse(given), metadata)] == expected


@pytest.mark.parametrize(
    ("given", "metadata"),
    [
        pytest.param({"a": "x"}, {"a": [{"b": 1}, ["x"]]}, id="deeper-than-a-list"),
        pytest.param({"a.b": "x"}, {"a": "x"}, id="no-mapping-on-the-way"),
        pytest.param({"a": {"gt": 1}}, {"a": "2"}, id="text-is-no-number"),
    ],
)
def test_odd_metadata_matches_nothing(given: Any, metadata: Mapping[str, Any]) -> None:
    assert not matches(parse(given), metadata)
