"""Inputs that the service refuses, or that a check here does: found, named, and everything else embedded."""

from __future__ import annotations

import asyncio
import pickle
import re
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest
from gemini_embed import ApiError, Content, Embedder, EmbeddingResult, InputError, RefusedItemsError
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]

WORDS = "* EmbedContentRequest.content: this content is not allowed\n"
MODELS = [
    pytest.param("gemini-embedding-2", {}, id="developer"),
    pytest.param("gemini-embedding-2", {"project": "p"}, id="vertex-one-a-call"),
    pytest.param("text-embedding-005", {"project": "p"}, id="vertex-predict"),
]


def refuse(emulator: Emulator, guilty: Collection[str]) -> None:
    """The emulator refuses every call that holds one of these texts."""

    def rule(request: object) -> Fault | None:
        body = str(request.json)  # type: ignore[attr-defined]  # the emulator's request
        return Fault.status(400, WORDS) if any(text in body for text in guilty) else None

    emulator.faults.rule = rule


def texts_of(n: int) -> list[str]:
    return [f"<text {i}>" for i in range(n)]


def embed(embedder: Embedder, texts: list[str], door: str = "sync", on_error: str = "raise") -> EmbeddingResult:
    if door == "async":
        return asyncio.run(embedder.aembed_documents(texts, on_error=on_error))  # type: ignore[arg-type]  # a str
    return embedder.embed_documents(texts, on_error=on_error)  # type: ignore[arg-type]  # a str from a table


@pytest.mark.parametrize("door", ["sync", "async"])
@pytest.mark.parametrize(("model", "options"), MODELS)
def test_skipped(
    model: str,
    options: dict[str, str],
    door: str,
    make_embedder: MakeEmbedder,
    emulator: Emulator,
    fake_credentials: object,
) -> None:
    if options:
        options = {**options, "vertexai": True, "credentials": fake_credentials}  # type: ignore[dict-item]  # mixed
    embedder = make_embedder(model, dimensions=8, **options)
    texts = texts_of(30)
    right = embed(embedder, texts, door)
    refuse(emulator, ["<text 7>", "<text 21>"])
    result = embed(embedder, texts, door, "skip")
    assert [(item.position, item.message) for item in result.refused] == [(7, WORDS.strip()), (21, WORDS.strip())]
    assert np.isnan(result.values[[7, 21]]).all()
    others = [i for i in range(30) if i not in (7, 21)]
    assert np.array_equal(result.values[others], right.values[others])
    assert "2 refused" in repr(result)


def test_raised_when_everything_else_is_finished(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8)
    texts = texts_of(250)
    right = embed(embedder, texts)
    refuse(emulator, ["<text 7>", "<text 121>", "<text 249>"])
    with pytest.raises(RefusedItemsError, match=r"input 121: .* not allowed") as caught:
        embed(embedder, texts)
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own bytes
    for e in (caught.value, error):
        assert (e.code, e.status) == (400, "INVALID_ARGUMENT")
        assert [item.position for item in e.refused] == list(e.positions) == [7, 121, 249]
        assert e.completed is not None
        assert len(e.completed.positions) == 247
        assert np.array_equal(e.completed.values, right.values[e.completed.positions])
        assert e.completed.usage.prompt_tokens


COSTS = [
    pytest.param(["<text 60>"], 30, id="one"),
    pytest.param(["<text 60>", "<text 5>"], 45, id="two"),
    pytest.param(["<text 1"], 120, id="those-that-begin-alike"),
]


@pytest.mark.parametrize(("guilty", "at_most"), COSTS)
def test_halving_costs_few_requests(
    guilty: list[str], at_most: int, make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    refuse(emulator, guilty)
    result = embed(make_embedder(dimensions=8), texts_of(100), on_error="skip")
    assert len(result.refused) == sum(any(g in text for g in guilty) for text in texts_of(100))
    assert len(emulator.requests) <= at_most
    assert emulator.requests.items_billed == 100 - len(result.refused)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("n", [100, 3000])
def test_when_all_are_refused_it_is_not_the_items(
    on_error: str, n: int, make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    refuse(emulator, ["text"])
    with pytest.raises(ApiError, match="not allowed") as caught:
        embed(make_embedder(dimensions=8, concurrency=8), texts_of(n), on_error=on_error)
    assert not isinstance(caught.value, RefusedItemsError)
    assert "one by one" in str(caught.value)
    assert len(emulator.requests) <= 9 + 5, "the calls made ready, and a few items tried alone"


@pytest.mark.parametrize("n", [5, 12, 250])
def test_all_are_refused_each_in_words_of_its_own(n: int, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    def rule(request: Any) -> Fault:
        return Fault.status(400, f"cannot process {re.search(r'<text [0-9]+>', str(request.json))[0]}")  # type: ignore[index]  # it is there

    emulator.faults.rule = rule
    result = embed(make_embedder(dimensions=8), texts_of(n), on_error="skip")
    assert [item.message for item in result.refused] == [f"cannot process <text {i}>" for i in range(n)]
    with pytest.raises(RefusedItemsError) as caught:
        embed(make_embedder(dimensions=8), texts_of(n))
    assert list(caught.value.positions) == list(range(n))


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_one_a_call_all_refused(
    on_error: str, make_embedder: MakeEmbedder, emulator: Emulator, fake_credentials: object
) -> None:
    refuse(emulator, ["text"])
    embedder = make_embedder(dimensions=8, vertexai=True, project="p", credentials=fake_credentials)
    with pytest.raises(ApiError, match="not allowed"):
        embed(embedder, texts_of(100), on_error=on_error)
    assert len(emulator.requests) <= 16


WHOLE = [
    pytest.param(Fault.bad_key(), id="key"),
    pytest.param(Fault.status(400, "Invalid JSON payload received. Unknown name \"x\": Cannot find field."), id="form"),
    pytest.param(Fault.status(400, "output_dimensionality must be between 128 and 3072"), id="size"),
    pytest.param(Fault.status(403), id="403"),
    pytest.param(Fault.status(404), id="404"),
    pytest.param(Fault.rate_limited("day"), id="day"),
]  # fmt: skip


@pytest.mark.parametrize("fault", WHOLE)
def test_what_condemns_the_call_is_not_halved(fault: Fault, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: fault
    with pytest.raises(ApiError) as caught:
        embed(make_embedder(dimensions=8), texts_of(100), on_error="skip")
    assert not isinstance(caught.value, RefusedItemsError)
    assert len(emulator.requests) == 1


def test_twins_of_a_refused_text_are_refused_too(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    refuse(emulator, ["<text 1>"])
    texts = [*texts_of(3), "<text 1>", "<text 2>"]
    with pytest.raises(RefusedItemsError) as caught:
        embed(make_embedder(dimensions=8), texts)
    assert list(caught.value.positions) == [1, 3]
    assert caught.value.completed is not None
    assert list(caught.value.completed.positions) == [0, 2, 4]


def test_a_single_text(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    refuse(emulator, ["text"])
    embedder = make_embedder(dimensions=8)
    with pytest.raises(RefusedItemsError, match="input 0: ") as caught:
        embedder.embed_query("text")
    assert caught.value.completed is None
    assert len(embedder.embed_documents(["text"], on_error="skip").refused) == 1


def test_what_a_check_here_refuses_is_skipped_too(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8)
    texts = ["a", "  ", "b", "\ud800", "c"]
    with pytest.raises(InputError, match="input 1"):
        embed(embedder, texts)
    assert not emulator.requests
    result = embed(embedder, texts, on_error="skip")
    assert [item.position for item in result.refused] == [1, 3]
    assert "empty" in result.refused[0].message
    assert np.isnan(result.values).all(axis=1).tolist() == [False, True, False, True, False]
    assert result.usage.requests == 1


def test_nothing_is_left(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    result = embed(make_embedder(dimensions=8), ["", " "], on_error="skip")
    assert (result.values.shape, len(result.refused), len(emulator.requests)) == ((2, 8), 2, 0)
    assert np.isnan(result.values).all()


def test_a_media_that_cannot_be_loaded_is_skipped(
    make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: object
) -> None:
    embedder = make_embedder(dimensions=8)
    from gemini_embed import Image

    gone = Image(f"{emulator.base_url}/gone.png")
    result = embedder.embed([Content("a"), gone, Content("b")], on_error="skip")
    assert [item.position for item in result.refused] == [1]
    assert np.isfinite(result.values[[0, 2]]).all()


def test_text_that_is_too_long_is_skipped(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder("gemini-embedding-001", dimensions=8, overflow="error")
    result = embedder.embed_documents(["a", "word " * 4000, "b"], on_error="skip")
    assert [item.position for item in result.refused] == [1]
    assert "tokens" in result.refused[0].message
    assert np.isfinite(result.values[[0, 2]]).all()


def test_an_unknown_on_error(make_embedder: MakeEmbedder) -> None:
    with pytest.raises(ValueError, match="on_error='ignore' must be one of 'raise', 'skip'"):
        embed(make_embedder(), ["a"], on_error="ignore")
