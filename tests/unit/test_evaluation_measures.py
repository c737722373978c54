"""Recall and nDCG of ranked lists, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import InputError
from gemini_embed.evaluation import ndcg_at, recall_at


@pytest.mark.parametrize(
    ("found", "relevant", "k", "recall", "ndcg"),
    [
        pytest.param("a x b", {"a", "b"}, 3, 1.0, 1.5 / 1.63093, id="third, not second"),
        pytest.param("a x b", {"a", "b"}, 2, 0.5, 1 / 1.63093, id="looked at two"),
        pytest.param("x y", {"a"}, 2, 0.0, 0.0, id="nothing"),
        pytest.param("", {"a"}, 2, 0.0, 0.0, id="no hits"),
        pytest.param("a b", {"a": 1, "b": 3}, 2, 1.0, (1 + 3 * 0.63093) / (3 + 0.63093), id="the better one second"),
        pytest.param("a a b", {"a", "b"}, 3, 1.0, 1.5 / 1.63093, id="a name that comes again"),
        pytest.param("a", {"a", "b", "c"}, 1, 1 / 3, 1.0, id="more than k are relevant: the best that one hit can be"),
    ],
)
def test_measures(found: str, relevant: Any, k: int, recall: float, ndcg: float) -> None:
    assert recall_at(found.split(), relevant, k) == pytest.approx(recall)
    assert ndcg_at(found.split(), relevant, k) == pytest.approx(ndcg, abs=1e-5)


@pytest.mark.parametrize(
    ("relevant", "k", "said"),
    [
        pytest.param(set(), 5, "name something", id="nothing"),
        pytest.param({"a": 0.0}, 5, "grades above 0", id="a grade of 0"),
        pytest.param({"a": float("nan")}, 5, "grades above 0", id="no number"),
        pytest.param("abc", 5, r"\[name\] for a single one", id="a text"),
        pytest.param({"a"}, 0, "k=0", id="no hits"),
    ],
)
def test_what_means_nothing(relevant: Any, k: int, said: str) -> None:
    for measure in (recall_at, ndcg_at):
        with pytest.raises(InputError, match=said):
            measure(["a"], relevant, k)
