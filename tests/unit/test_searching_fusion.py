"""Ranked lists made one, near-duplicates left out, variety, and neighbouring windows merged: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pytest
from gemini_embed import Hit, InputError, Record
from gemini_embed.searching.chance import Spread, spreads_beside
from gemini_embed.searching.fusion import Ranked, fused
from gemini_embed.searching.merging import merged, text_of
from gemini_embed.searching.options import Wanted
from gemini_embed.searching.variety import collapsed, diversified
from gemini_embed.stores.sampling import Sample, estimated_count


def hit(name: str, score: float, **metadata: Any) -> Hit:
    return Hit(Record(name, f"text of {name}", metadata), score)


FOUND: Mapping[str | None, Sequence[Hit]] = {
    "text": [hit("t1", 0.80), hit("t2", 0.78), hit("t3", 0.60)],
    "video": [hit("v1", 0.41), hit("v2", 0.20)],
    None: [hit("other", 0.50)],
}
SPREADS = {"text": Spread(0.6, 0.1, 1.9), "video": Spread(0.2, 0.05, 2.5), None: Spread(0.5, 0.1)}


@pytest.mark.parametrize(
    ("fusion", "order"),
    [
        pytest.param("raw", "t1 t2 t3 other v1 v2", id="raw"),
        pytest.param("rrf", "t1 other v1 t2 v2 t3", id="rrf: rank by rank, equal ranks by score"),
        pytest.param("above_chance", "t1 other v1 t2 t3 v2", id="above_chance: others by rank, those below at the end"),
        pytest.param("standardized", "v1 t1 t2 t3 other v2", id="standardized: by how far above the usual"),
    ],
)
def test_fusion(fusion: Any, order: str) -> None:
    assert [one.hit.record.id for one in fused(FOUND, fusion, SPREADS)] == order.split()


def test_hits_keep_their_scores() -> None:
    assert {one.hit.score for one in fused(FOUND, "rrf")} == {h.score for hits in FOUND.values() for h in hits}


def test_fusion_of_nothing() -> None:
    assert fused({}, "rrf") == []
    assert fused({}, "above_chance") == []


def order(found: Mapping[Any, Sequence[Hit]], spreads: Mapping[Any, Spread]) -> str:
    return " ".join(one.hit.record.id for one in fused(found, "above_chance", spreads))


def test_what_lies_no_higher_than_chance_comes_behind() -> None:
    """Behind all that does, by how far it lies above the usual; nothing is lost."""
    at_chance = {**SPREADS, "text": Spread(0.6, 0.1, 2.5)}
    assert order(FOUND, at_chance) == "other v1 t1 t2 t3 v2"
    found = {modality: FOUND[modality] for modality in ("text", "video")}
    assert order(found, {"text": Spread(0.6, 0.1, 9.0), "video": Spread(0.2, 0.05, 9.0)}) == "v1 t1 t2 t3 v2"
    assert order(found, {"text": Spread(0.6, 0.1, 1.0), "video": Spread(0.2, 0.05, 9.0)}) == "t1 t2 v1 t3 v2"


def test_what_tells_nothing_is_ranked_as_by_rrf() -> None:
    assert order(FOUND, {}) == order(FOUND, dict.fromkeys(FOUND, Spread(0.0, 0.1))) == "t1 other v1 t2 v2 t3"


def test_what_words_have_found_is_not_behind() -> None:
    """It takes the next rank of what is before, however low its cosine."""
    named = replace(hit("named", 0.3), found_by=("words",))
    found = {"text": [hit("t1", 0.8), hit("t2", 0.7), named], "video": [hit("v1", 0.3)]}
    assert order(found, SPREADS) == "t1 named v1 t2"


def sample(scores: Sequence[float], population: int = 0, source: str = "") -> Sample:
    sources = [source or f"s{number}" for number in range(len(scores))]
    return Sample(np.array(scores, np.float32), sources, population or len(scores))


def test_chance_grows_with_the_number_of_records() -> None:
    """Of N unrelated ones the best is expected near the square root of 2 ln N deviations."""
    scores = np.random.default_rng(0).normal(0.5, 0.1, 64).tolist()
    found: Any = {"text": hit("t", 0.9, source="elsewhere")}
    chances = [spreads_beside({"text": sample(scores, n)}, found)["text"].chance for n in (64, 1000, 100_000)]
    assert chances == pytest.approx([2.884, 3.717, 4.799], abs=1e-3)


def test_the_source_of_the_best_is_compared_with_others() -> None:
    """All pages of one manual may fit, and are much alike; where nothing else is there nothing can be told."""
    best: Any = {"pdf": hit("p", 0.9, source="manual.pdf")}
    alone = spreads_beside({"pdf": sample([0.88, 0.9, 0.86] * 10, source="manual.pdf")}, best)["pdf"]
    assert alone.chance is None
    others = sample([0.5, 0.52, 0.48, 0.51] * 4, source="other.pdf")
    both = Sample(np.append(others.scores, [0.9] * 9), [*others.sources, *["manual.pdf"] * 9], 25)
    spread = spreads_beside({"pdf": both}, best)["pdf"]
    assert spread.mean == pytest.approx(0.5025)
    assert spread.chance is not None
    assert spread.above(best["pdf"]) > spread.chance


@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_a_few_records_tell_nothing(count: int) -> None:
    spread = spreads_beside({"image": sample([0.1] * count)}, {})["image"]
    assert (spread.chance is None) == (count < 8)


@pytest.mark.parametrize("count", [10, 64, 1000, 50_000])
def test_the_first_ids_tell_how_many_there_are(count: int) -> None:
    """Ours are hashes. Other ids, or those in another order, tell only that there are so many at least."""
    ids = sorted(str(uuid5(NAMESPACE_URL, str(number))) for number in range(count))[:64]
    assert estimated_count(ids) == pytest.approx(count, rel=0.3)
    assert estimated_count(ids[::-1]) == len(ids)
    assert estimated_count([str(number) for number in range(64)]) == 64


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
        pytest.param({"fusion": "sum"}, "fusion='sum' is none of above_chance, rrf, standardized, raw", id="fusion"),
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


def test_lines_that_no_text_has() -> None:
    """Anybody may have written where a passage stands."""
    first = Record("a", "a", {"char_start": 0, "char_end": 1, "line_start": 1, "line_end": 1})
    far = {"char_start": 10**12, "char_end": 10**12 + 1, "line_start": 10**12, "line_end": 10**12}
    assert text_of([first, Record("b", "b", far)]).split() == ["a", "b"]
