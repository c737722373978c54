"""Hypothetical answers: embedded as documents, averaged with the query as unit vectors, by every door of the index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import png
from gemini_embed import BudgetError, EdgeStore, Embedder, Hits, Image, InputError, MultimodalIndex, StoreError
from gemini_embed_emulator import Emulator

QUESTION = "Why does my loaf not rise?"
ANSWERS = ["The yeast in the dough is old.", "The kitchen is too cold for the dough."]
TEXTS = ["Old yeast is the first thing to look at.", "Glaciers calve in summer.", "The tide table of the harbour."]


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=256), EdgeStore(tmp_path / "index")) as index:
        index.add(TEXTS)
        yield index


@pytest.fixture
def aim(index: MultimodalIndex) -> Any:
    """The mean of the three unit vectors."""
    query = index.embedder.embed_query(QUESTION).vector
    return np.vstack([query, index.embedder.embed_documents(ANSWERS).values]).mean(axis=0)


async def awaited(words: str) -> list[str]:
    assert words == QUESTION
    return ANSWERS


def called(words: str) -> list[str]:
    assert words == QUESTION
    return ANSWERS


def search(index: MultimodalIndex, door: str, **options: Any) -> Hits:
    doors: dict[str, Callable[[], Any]] = {
        "search": lambda: index.search(QUESTION, 3, **options),
        "asearch": lambda: index.asearch(QUESTION, 3, **options),
        "search_mean": lambda: index.search_mean([QUESTION], 3, **options),
        "asearch_mean": lambda: index.asearch_mean([QUESTION], 3, **options),
    }
    found = doors[door]()
    hits: Hits = asyncio.run(found) if door.startswith("a") else found
    return hits


DOORS = ["search", "asearch", "search_mean", "asearch_mean"]


WAYS = [
    *(pytest.param(door, ANSWERS, id=f"{door}-texts") for door in DOORS),
    *(pytest.param(door, called, id=f"{door}-callable") for door in DOORS),
    *(pytest.param(door, awaited, id=f"{door}-async-callable") for door in DOORS if door.startswith("a")),
]


@pytest.mark.parametrize(("door", "hypothetical"), WAYS)
def test_the_mean_is_searched(
    door: str, hypothetical: Any, index: MultimodalIndex, aim: Any, emulator: Emulator
) -> None:
    right = index.search_vector(aim, 3)
    emulator.requests.clear()
    found = search(index, door, hypothetical=hypothetical)
    assert [hit.record.id for hit in found] == [hit.record.id for hit in right]
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in right], abs=1e-5)
    sent = [one["content"]["parts"][0]["text"] for request in emulator.requests for one in request.json["requests"]]
    documents = [f"title: none | text: {text}" for text in ANSWERS]
    assert sorted(sent) == sorted([f"task: search result | query: {QUESTION}", *documents])
    assert len(emulator.requests) == 2, "the query and the answers, at the same time"


async def test_with_a_vector(index: MultimodalIndex, aim: Any, emulator: Emulator) -> None:
    query = index.embedder.embed_query(QUESTION).vector
    emulator.requests.clear()
    found = index.search_vector(query * 3, 3, hypothetical=ANSWERS)
    assert len(emulator.requests) == 1
    assert found == await index.asearch_vector(query * 3, 3, hypothetical=ANSWERS)
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in index.search_vector(aim, 3)], abs=1e-5)


def test_answers_alone(index: MultimodalIndex) -> None:
    """Without a query their mean is searched."""
    mean = index.embedder.embed_documents(ANSWERS).values.mean(axis=0)
    found = index.search_mean([], 3, hypothetical=ANSWERS)
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in index.search_vector(mean, 3)], abs=1e-5)


def test_an_answer_finds_what_the_question_does_not(index: MultimodalIndex) -> None:
    plain = {hit.page_content: hit.score for hit in index.search(QUESTION, 3)}
    helped = index.search(QUESTION, 3, hypothetical=ANSWERS)
    assert helped[0].page_content == TEXTS[0]
    assert helped[0].score > plain[TEXTS[0]] + 0.1


def raising(words: str) -> str:
    raise LookupError("no model today")


BAD = [
    pytest.param("", "must hold texts, none of them empty", id="empty"),
    pytest.param([], "must hold texts", id="none"),
    pytest.param(["x", " "], "must hold texts, none of them empty", id="one empty"),
    pytest.param([1], "must hold texts", id="a number in it"),
    pytest.param(7, "must be a text, a list of texts or a callable, not int", id="a number"),
    pytest.param(lambda words: "", "what hypothetical= wrote must hold texts", id="wrote nothing"),
    pytest.param(lambda words: None, "what hypothetical= wrote must be a text", id="wrote None"),
    pytest.param(awaited, "use the async door", id="async at the sync door"),
]


@pytest.mark.parametrize(("hypothetical", "said"), BAD)
def test_what_is_no_answer(hypothetical: Any, said: str, index: MultimodalIndex, emulator: Emulator) -> None:
    """Is told before any request."""
    emulator.requests.clear()
    with pytest.raises(InputError, match=said):
        index.search(QUESTION, hypothetical=hypothetical)
    if hypothetical is not awaited:
        with pytest.raises(InputError, match=said):
            asyncio.run(index.asearch(QUESTION, hypothetical=hypothetical))
    assert len(emulator.requests) == 0


def test_a_callable_is_not_called_for_nothing(index: MultimodalIndex, emulator: Emulator) -> None:
    """Whatever else is wrong is told before; what it raises comes through; a query of media alone has no words."""
    emulator.requests.clear()
    with pytest.raises(InputError, match="k is the number"):
        index.search(QUESTION, 0, hypothetical=raising)
    with pytest.raises(InputError):
        index.search(QUESTION, filter={"$no": 1}, hypothetical=raising)
    with pytest.raises(InputError, match="there are none"):
        index.search(Image(png()), hypothetical=raising)
    with pytest.raises(InputError, match="there are none"):
        index.search_vector(np.ones(256), hypothetical=raising)
    with pytest.raises(LookupError, match="no model today"):
        index.search(QUESTION, hypothetical=raising)
    index.close()
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(index.asearch(QUESTION, hypothetical=raising))
    assert len(emulator.requests) == 0


def test_a_failure_of_either_request_is_the_searches(make_embedder: Callable[..., Embedder], tmp_path: Path) -> None:
    """And goes through the embedder's budget."""
    embedder = make_embedder(dimensions=256, max_cost_usd=1e-9)
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "one")) as index, pytest.raises(BudgetError):
        index.search(QUESTION, hypothetical=ANSWERS)
