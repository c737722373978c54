"""What an engine is told of a filter: never less than what may match, whatever it has no words for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.telling import Telling, Told, asked


class Words(Telling[str]):
    """An engine that knows fields of one name, and no ranges."""

    def any_of(self, path: Path, values: Sequence[Scalar]) -> Told[str]:
        return Told(f"{path[0]}={values[0]}", f"{path[0]}!={values[0]}") if len(path) == 1 else Told(None, None)

    def both(self, conditions: Sequence[str]) -> str:
        return f"({' and '.join(conditions)})"

    def either(self, conditions: Sequence[str]) -> str:
        return f"({' or '.join(conditions)})"


A, B, UNSAID = {"a": 1}, {"b": 2}, {"c": {"gt": 3}}


@pytest.mark.parametrize(
    ("filter", "told", "is_open"),
    [
        pytest.param(None, None, False, id="none"),
        pytest.param(A, "a=1", False, id="leaf"),
        pytest.param(UNSAID, None, True, id="no-word"),
        pytest.param({**A, **B}, "(a=1 and b=2)", False, id="both"),
        pytest.param({**A, **UNSAID}, "a=1", False, id="a-part-of-all"),
        pytest.param({"$or": [A, B]}, "(a=1 or b=2)", False, id="either"),
        pytest.param({"$or": [A, UNSAID]}, None, True, id="what-was-not-said-may-hold"),
        pytest.param({"$not": A}, "a!=1", False, id="not"),
        pytest.param({"$not": {**A, **B}}, "(a!=1 or b!=2)", False, id="not-both"),
        pytest.param({"$not": {**A, **UNSAID}}, None, True, id="not-a-part"),
        pytest.param({"$not": {"$or": [A, UNSAID]}}, "a!=1", False, id="not-either"),
        pytest.param({"$not": {"$not": {**A, **UNSAID}}}, "a=1", False, id="not-not"),
    ],
)
def test_what_is_told(filter: Any, told: str | None, is_open: bool) -> None:
    wanted = asked(filter, Words())
    assert (wanted.told, wanted.is_open) == (told, is_open)
