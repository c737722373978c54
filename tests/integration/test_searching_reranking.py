"""`rerank`: candidates of any origin by nearness to a query; hits of one's own index cost nothing."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import png
from gemini_embed import (
    BudgetError,
    Content,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    Hit,
    Image,
    InputError,
    MultimodalIndex,
    RefusedItemsError,
    Text,
    arerank,
    rerank,
    track_usage,
)
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]
QUERY = "bread that does not rise"
TEXTS = ["Glaciers calve in summer.", "The tide table.", "Bread does not rise when the yeast is old.", "A red bicycle."]
ANSWER = "A glacier calves in summer when its ice is warm."


@pytest.fixture
def embedder(make_embedder: MakeEmbedder) -> Embedder:
    return make_embedder(dimensions=256)


@pytest.fixture
def index(embedder: Embedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        index.add(TEXTS)
        yield index


def texts_sent(emulator: Emulator) -> list[str]:
    return [one["content"]["parts"][0]["text"] for request in emulator.requests for one in request.json["requests"]]


@pytest.mark.parametrize("door", ["sync", "async"])
def test_all_candidates_are_ranked_by_their_cosine(door: str, embedder: Embedder, emulator: Emulator) -> None:
    """Not the first alone: the query as a query, all candidates as documents."""
    query, rows = embedder.embed_query(QUERY).vector, embedder.embed_documents(TEXTS).values
    emulator.requests.clear()
    if door == "async":
        found = asyncio.run(arerank(embedder, QUERY, TEXTS, top_k=3))
    else:
        found = rerank(embedder, QUERY, TEXTS, top_k=3)
    order = np.argsort(-(rows @ query))[:3].tolist()
    assert order[0] == 2
    assert [one.position for one in found] == order
    assert [one.candidate for one in found] == [TEXTS[i] for i in order]
    assert [one.score for one in found] == pytest.approx([float(rows[i] @ query) for i in order], abs=1e-5)
    documents = [f"title: none | text: {text}" for text in TEXTS]
    assert sorted(texts_sent(emulator)) == sorted([f"task: search result | query: {QUERY}", *documents])


def test_more_are_wanted_than_there_are(embedder: Embedder) -> None:
    assert len(rerank(embedder, QUERY, TEXTS, top_k=99)) == 4


def test_hits_of_ones_own_index_cost_nothing(index: MultimodalIndex, emulator: Emulator) -> None:
    """The query alone is sent; with its vector nothing is."""
    hits = index.search("ice", 4)
    emulator.requests.clear()
    with track_usage() as spent:
        found = rerank(index.embedder, QUERY, hits, top_k=4)
    assert (len(emulator.requests), spent.usage.requests) == (1, 1)
    assert [one.candidate.record for one in found] == [hit.record for hit in index.search(QUERY, 4)]
    assert [one.score for one in found] == pytest.approx([hit.score for hit in index.search(QUERY, 4)], abs=1e-5)
    vector = index.embedder.embed_query(QUERY).vector
    emulator.requests.clear()
    assert [one.position for one in rerank(index.embedder, vector, hits, top_k=4)] == [one.position for one in found]
    assert len(emulator.requests) == 0


def test_hits_beside_texts(index: MultimodalIndex, emulator: Emulator) -> None:
    """Of the two kinds the texts alone are sent."""
    candidates = [*index.search("ice", 4), "Bread rises overnight.", Content("A cake", title="Baking")]
    emulator.requests.clear()
    found = rerank(index.embedder, QUERY, candidates, top_k=6)
    assert sorted(one.position for one in found) == list(range(6))
    assert len(texts_sent(emulator)) == 3


def test_a_hit_that_is_gone_or_of_no_index_is_embedded_anew(index: MultimodalIndex, emulator: Emulator) -> None:
    hits = index.search(QUERY, 4)
    index.delete([hits[3].record.id])
    travelled = pickle.loads(pickle.dumps(hits[0]))  # noqa: S301 - our own
    assert (travelled, travelled.origin) == (hits[0], None)
    foreign = Hit.of({"title": "Bread"}, "It rises.", 0.0)
    emulator.requests.clear()
    found = rerank(index.embedder, QUERY, [*hits, travelled, foreign], top_k=6)
    again = [hits[3].page_content, hits[0].page_content]
    documents = [*(f"title: none | text: {text}" for text in again), "title: Bread | text: It rises."]
    assert sorted(texts_sent(emulator)) == sorted([f"task: search result | query: {QUERY}", *documents])
    assert len(found) == 6


def test_media_are_ranked_among_themselves(embedder: Embedder) -> None:
    """Cosines of several modalities cannot be compared: the best of each comes first, unless told otherwise."""
    candidates = [*TEXTS, Image(png()), [Text("a picture"), Image(png())]]
    found = rerank(embedder, QUERY, candidates, top_k=6)
    assert {one.position for one in found[:3]} == {2, 4, 5}
    scores = [one.score for one in rerank(embedder, QUERY, candidates, top_k=6, fusion="raw")]
    assert scores == sorted(scores, reverse=True)
    assert rerank(embedder, Image(png()), [Image(png()), *TEXTS], top_k=1)[0].score == pytest.approx(1.0, abs=1e-3)


async def awaited(words: str) -> str:
    assert words == QUERY
    return ANSWER


def test_hypothetical_answers(embedder: Embedder, emulator: Emulator) -> None:
    """Are averaged with the query, and sent with the candidates."""
    emulator.requests.clear()
    found = rerank(embedder, QUERY, TEXTS, top_k=4, hypothetical=ANSWER)
    assert len(emulator.requests) == 2
    rows, query = embedder.embed_documents([*TEXTS, ANSWER]).values, embedder.embed_query(QUERY).vector
    mean = query + rows[4]
    scores = rows[:4] @ (mean / np.linalg.norm(mean))
    assert [one.score for one in found] == pytest.approx(sorted(scores.tolist(), reverse=True), abs=1e-5)
    assert found == rerank(embedder, QUERY, TEXTS, top_k=4, hypothetical=lambda words: [ANSWER])
    assert found == asyncio.run(arerank(embedder, QUERY, TEXTS, top_k=4, hypothetical=awaited))


def never(words: str) -> str:
    raise AssertionError("the mistake is told before")


BAD: list[Any] = [
    pytest.param({"candidates": []}, "there are no candidates", id="no candidates"),
    pytest.param({"candidates": "text"}, "candidates must be a list", id="a text"),
    pytest.param({"candidates": iter(TEXTS)}, "candidates must be a list", id="no list"),
    pytest.param({"candidates": ["x", 3]}, "input 1: cannot embed a int", id="a number among them"),
    pytest.param({"candidates": ["x", ""], "hypothetical": None}, "input 1", id="an empty text"),
    pytest.param({"top_k": 0}, "top_k is the number", id="none wanted"),
    pytest.param({"top_k": True}, "top_k is the number", id="a switch"),
    pytest.param({"fusion": "standardized"}, "is none of rrf, raw", id="fusion"),
    pytest.param({"hypothetical": ""}, "none of them empty", id="no answer"),
    pytest.param({"query": ""}, "empty", id="no query"),
    pytest.param({"query": ["one", "two"]}, "a query is one content", id="two queries"),
    pytest.param({"query": np.ones(3)}, "must be 256 finite numbers", id="a vector of another size"),
    pytest.param({"query": np.full(256, np.nan)}, "finite numbers", id="a vector of nothing"),
]


@pytest.mark.parametrize(("wrong", "said"), BAD)
@pytest.mark.parametrize("door", ["sync", "async"])
def test_mistakes_are_told_before_any_request(
    door: str, wrong: dict[str, Any], said: str, embedder: Embedder, emulator: Emulator
) -> None:
    given: dict[str, Any] = {"query": QUERY, "candidates": TEXTS, "top_k": 2, "hypothetical": never} | wrong
    if wrong.keys() & {"query"}:
        given["hypothetical"] = None
    query, candidates = given.pop("query"), given.pop("candidates")
    emulator.requests.clear()
    doors: dict[str, Callable[[], object]] = {
        "sync": lambda: rerank(embedder, query, candidates, **given),
        "async": lambda: asyncio.run(arerank(embedder, query, candidates, **given)),
    }
    with pytest.raises(InputError, match=said):
        doors[door]()
    assert len(emulator.requests) == 0


def test_hits_of_another_fingerprint(index: MultimodalIndex, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    hits = index.search(QUERY, 2)
    emulator.requests.clear()
    with pytest.raises(FingerprintMismatchError, match=r"the index of candidate 1 .* dimensions 256 against 768"):
        rerank(make_embedder(dimensions=768), QUERY, ["x", *hits], top_k=1, hypothetical=never)
    assert len(emulator.requests) == 0


def test_what_the_service_refuses_is_named_by_its_place(index: MultimodalIndex, emulator: Emulator) -> None:
    """Among the candidates, not among those that had to be sent."""
    hits = index.search(QUERY, 4)
    emulator.faults.rule = lambda request: Fault.status(400, "No.") if b"refuse me" in request.body else None
    with pytest.raises(RefusedItemsError) as caught:
        rerank(index.embedder, QUERY, [*hits, "fine", "refuse me"], top_k=1)
    assert [item.position for item in caught.value.refused] == [5]


def test_the_embedders_budget_holds(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    with pytest.raises(BudgetError):
        rerank(make_embedder(dimensions=256, max_cost_usd=1e-9), QUERY, TEXTS, top_k=1)
    assert len(emulator.requests) == 0
