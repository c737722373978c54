"""How exactly to search: what means nothing is refused before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import InputError, Precision
from gemini_embed.searching import Wanted

CODES_ALONE = Precision(rescore=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"oversampling": 0.5}, "a number from 1 up", id="below-one"),
        pytest.param({"oversampling": float("nan")}, "a number from 1 up", id="nan"),
        pytest.param({"oversampling": float("inf")}, "a number from 1 up", id="infinite"),
        pytest.param({"oversampling": "3"}, "a number from 1 up", id="text"),
        pytest.param({"oversampling": True}, "a number from 1 up", id="switch"),
        pytest.param({"rescore": "no"}, "must be True or False", id="rescore"),
        pytest.param({"exact": 1}, "must be True or False", id="exact"),
        pytest.param({"exact": True, "oversampling": 2}, "would be ignored", id="exact-and-oversampling"),
        pytest.param({"exact": True, "rescore": False}, "would be ignored", id="exact-and-rescore"),
    ],
)
def test_values_that_mean_nothing(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Precision(**options)


@pytest.mark.parametrize("options", [{}, {"oversampling": 1}, {"oversampling": 2.5, "rescore": False}, {"exact": True}])
def test_values_that_mean_something(options: dict[str, Any]) -> None:
    assert Wanted(k=1, precision=Precision(**options)).precision == Precision(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"precision": {"exact": True}}, r"must be a gemini_embed.Precision", id="a-mapping"),
        pytest.param({"precision": CODES_ALONE, "score_threshold": 0.5}, "needs cosines", id="threshold"),
        pytest.param({"precision": CODES_ALONE, "fusion": "standardized"}, "standardized", id="fusion"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Wanted(k=1, **options)
