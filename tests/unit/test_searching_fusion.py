"""Ranked lists made one, near-duplicates left out, variety, and neighbouring windows merged: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from gemini_embed import Hit, InputError, Record
from gemini_embed.searching.fusion import Ranked, Spread, fused
from gemini_embed.searching.merging import merged
from gemini_embed.searching.options import Wanted
from gemini_embed.searching.variety import collapsed, diversified


def hit(name: str, score: float, **metadata: Any) -> Hit:
    return Hit(Record(name, f"text of {name}", metadata), score)


FOUND: Mapping[str | None, Sequence[Hit]] = {
    "text": [hit("t1", 0.80), hit("t2", 0.78), hit("t3", 0.60)],
    "video": [hit("v1", 0.41), hit("v2", 0.20)],
    None: [hit("other", 0.50)],
}
SPREADS = {"text": Spread(0.6, 0.1), "video": Spread(0.2, 0.05), None: Spread(0.5, 0.1)}


@pytest.mark.parametrize(
    ("fusion", "order"),
    [
        pytest.param("raw", "t1 t2 t3 other v1 v2", id="raw"),
        pytest.param("rrf", "t1 other v1 t2 v2 t3", id="rrf: rank by rank, equal ranks by score"),
        pytest.param("standardized", "v1 t1 t2 t3 other v2", id="standardized: by how far above the usual"),
    ],
)
def test_fusion(fusion: Any, order: str) -> None:
    assert [one.hit.record.id for one in fused(FOUND, fusion, SPREADS)] == order.split()


def test_hits_keep_their_scores() -> None:
    assert {one.hit.score for one in fused(FOUND, "rrf")} == {h.score for hits in FOUND.values() for h in hits}


def test_fusion_of_nothing() -> None:
    assert fused({}, "rrf") == []


def ranked(*names: str) -> list[Ranked]:
    return [Ranked(hit(name, 1 - 0.1 * i), 1 - 0.1 * i) for i, name in enumerate(names)]


def ids(found: Sequence[Ranked]) -> str:
    return " ".join(one.hit.record.id for one in found)


VECTORS = {
    "a": np.array([1.0, 0.0], np.float32),
    "a-again": np.array([2.0, 0.02], np.float32),  # another length, the same direction
    "b": np.array([0.0, 1.0], np.float32),
}


@pytest.mark.parametrize(
    ("names", "threshold", "expected"),
    [
        pytest.param("a a-again b", 0.98, "a b", id="the better one stays"),
        pytest.param("a-again a b", 0.98, "a-again b", id="whichever it is"),
        pytest.param("a a-again b", 1.0, "a a-again b", id="almost is not equal"),
        pytest.param("a b", 0.0, "a", id="everything is alike"),
        pytest.param("a unknown b", 0.98, "a unknown b", id="what has no vector is like nothing"),
        pytest.param("", 0.98, "", id="nothing"),
    ],
)
def test_near_duplicates(names: str, threshold: float, expected: str) -> None:
    found = ranked(*names.split())
    assert ids(collapsed(found, VECTORS, threshold) if found else found) == expected


@pytest.mark.parametrize(
    ("relevance", "expected"),
    [
        pytest.param(1.0, "a a-again b", id="relevance alone"),
        pytest.param(0.5, "a b a-again", id="both"),
        pytest.param(0.0, "a b a-again", id="unlikeness alone"),
    ],
)
def test_maximal_marginal_relevance(relevance: float, expected: str) -> None:
    assert ids(diversified(ranked("a", "a-again", "b"), VECTORS, relevance)) == expected
    assert diversified([], VECTORS, relevance) == []


def page(number: int, score: float, source: str = "a.pdf") -> Hit:
    return hit(f"{source}-{number}", score, source=source, modality="pdf", page_start=number, page_end=number)


def test_neighbouring_windows_become_one_hit() -> None:
    """In the place of the best, with its score and link; a hit in between joins what were two."""
    hits = [page(3, 0.9), page(8, 0.8), page(5, 0.7), page(3, 0.6, "b.pdf"), page(4, 0.5), hit("x", 0.4)]
    found = merged(hits, 6)
    assert found[0].link == "a.pdf#page=3"
    assert [(one.source, one.window.page_start, one.window.page_end, one.score) for one in found] == [
        ("a.pdf", 3, 5, 0.9),
        ("a.pdf", 8, 8, 0.8),
        ("b.pdf", 3, 3, 0.6),
        (None, None, None, 0.4),
    ]
    assert found[0].page_content == "text of a.pdf-3\n\ntext of a.pdf-4\n\ntext of a.pdf-5"
    assert found[0].metadata["page_end"] == 5
    assert found[0].link == "a.pdf#page=3"
    assert found[0].record.metadata["page_end"] == 3, "the record is what the store holds"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"k": 0}, "k is the number of hits wanted", id="k"),
        pytest.param({"k": "5"}, "k is the number of hits wanted", id="k as text"),
        pytest.param({"fusion": "sum"}, "fusion='sum' is none of rrf, standardized, raw", id="fusion"),
        pytest.param({"mmr": 2}, "mmr=2 must lie between 0 and 1", id="mmr"),
        pytest.param({"collapse": -0.1}, "collapse=-0.1 must lie between 0 and 1", id="collapse"),
        pytest.param({"score_threshold": {"films": 0.1}}, "score_threshold names films; there are text", id="modality"),
        pytest.param({"score_threshold": "0.5"}, "must be a number, or a number for each", id="a threshold as text"),
        pytest.param({"padding": {"video": "8"}}, "must be a number, or a number for each", id="padding as text"),
        pytest.param({"quotas": {"text": 1.5}}, "a whole number each", id="half a hit"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Wanted(**{"k": 1, **options})


def test_only_the_best_are_merged() -> None:
    """Later ones fill up: of a small source all windows are found, and would become one."""
    hits = [page(5, 0.9), page(1, 0.8), page(4, 0.7), page(9, 0.6), page(2, 0.5)]
    assert [(one.window.page_start, one.window.page_end) for one in merged(hits, 2)] == [(5, 5), (1, 1), (9, 9)]
    assert [(one.window.page_start, one.window.page_end) for one in merged(hits, 3)] == [(4, 5), (1, 1), (9, 9)]
