"""What `GeminiEmbedding` sends: every door, conditioned by its side, in as few requests as the model allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Content, Image, InputError
from gemini_embed_emulator import Emulator
from llama_index.embeddings.gemini_embed import GeminiEmbedding

Make = Callable[..., GeminiEmbedding]


def sent(emulator: Emulator) -> list[Any]:
    """The contents of all requests, each as (texts or MIME types of its parts, taskType)."""
    items = [item for request in emulator.requests for item in request.json["requests"]]
    return [([_part(part) for part in item["content"]["parts"]], item.get("taskType")) for item in items]


def _part(part: dict[str, Any]) -> str:
    return str(part["text"]) if "text" in part else str(part["inlineData"]["mimeType"])


DOORS = [
    pytest.param(lambda m: m.get_query_embedding("cat"), "query", id="query"),
    pytest.param(lambda m: asyncio.run(m.aget_query_embedding("cat")), "query", id="aquery"),
    pytest.param(lambda m: m.get_agg_embedding_from_queries(["cat"]), "query", id="agg-queries"),
    pytest.param(lambda m: asyncio.run(m.aget_agg_embedding_from_queries(["cat"])), "query", id="agg-aqueries"),
    pytest.param(lambda m: m.get_content_embedding("cat", "query"), "query", id="content-query"),
    pytest.param(lambda m: m.get_text_embedding("cat"), "document", id="text"),
    pytest.param(lambda m: asyncio.run(m.aget_text_embedding("cat")), "document", id="atext"),
    pytest.param(lambda m: m.get_text_embedding_batch(["cat"]), "document", id="texts"),
    pytest.param(lambda m: asyncio.run(m.aget_text_embedding_batch(["cat"])), "document", id="atexts"),
    pytest.param(lambda m: asyncio.run(m.aget_content_embedding("cat")), "document", id="content"),
    pytest.param(lambda m: m._get_query_embedding("cat"), "query", id="hook-query"),
    pytest.param(lambda m: asyncio.run(m._aget_query_embedding("cat")), "query", id="hook-aquery"),
    pytest.param(lambda m: m._get_text_embedding("cat"), "document", id="hook-text"),
    pytest.param(lambda m: asyncio.run(m._aget_text_embedding("cat")), "document", id="hook-atext"),
]


@pytest.mark.parametrize(("door", "side"), DOORS)
@pytest.mark.parametrize(
    ("model", "task", "on_the_wire"),
    [
        pytest.param(
            "gemini-embedding-2",
            "search",
            {"query": ("task: search result | query: cat", None), "document": ("title: none | text: cat", None)},
            id="2-search",
        ),
        pytest.param(
            "gemini-embedding-2",
            "CLUSTERING",
            {"query": ("task: clustering | query: cat", None), "document": ("task: clustering | query: cat", None)},
            id="2-clustering",
        ),
        pytest.param("gemini-embedding-2", "raw", {"query": ("cat", None), "document": ("cat", None)}, id="2-raw"),
        pytest.param(
            "gemini-embedding-001",
            "search",
            {"query": ("cat", "RETRIEVAL_QUERY"), "document": ("cat", "RETRIEVAL_DOCUMENT")},
            id="001-search",
        ),
    ],
)
def test_side_and_task(
    make_llama_index: Make,
    emulator: Emulator,
    door: Callable[[GeminiEmbedding], Any],
    side: str,
    model: str,
    task: str,
    on_the_wire: dict[str, tuple[str, str | None]],
) -> None:
    door(make_llama_index(model, task=task, dimensions=128))

    text, task_type = on_the_wire[side]
    assert sent(emulator) == [([text], task_type)]
    assert emulator.requests[0].json["requests"][0]["outputDimensionality"] == 128


def test_images(make_llama_index: Make, emulator: Emulator, pictures: Callable[[str], Path]) -> None:
    """One image, one vector, nothing beside it; the same through every door."""
    model = make_llama_index(dimensions=128)
    red, blue = str(pictures("red")), str(pictures("blue"))

    pair = model.get_image_embedding_batch([red, blue])

    assert sent(emulator) == [(["image/png"], None)] * 2
    assert len(emulator.requests) == 1
    assert pair == [model.get_image_embedding(red), asyncio.run(model.aget_image_embedding(blue))]
    assert pair == asyncio.run(model.aget_image_embedding_batch([red, blue]))
    assert pair[0] != pair[1]


def test_an_open_image_is_read_from_its_beginning(make_llama_index: Make, pictures: Callable[[str], Path]) -> None:
    red = pictures("red")
    image = BytesIO(red.read_bytes())
    image.read()  # as whoever looked at it before us may have left it

    model = make_llama_index(dimensions=128)
    assert model.get_image_embedding(image) == model.get_image_embedding(str(red))


@pytest.mark.parametrize(
    ("side", "text"),
    [
        pytest.param("query", "task: search result | query: like this", id="query-is-conditioned"),
        pytest.param("document", "like this", id="document-is-not"),
    ],
)
def test_text_and_image_are_one_vector(
    make_llama_index: Make, emulator: Emulator, pictures: Callable[[str], Path], side: Any, text: str
) -> None:
    vector = make_llama_index(dimensions=128).get_content_embedding(
        Content("like this", Image(pictures("red"))), side=side
    )

    assert sent(emulator) == [([text, "image/png"], None)]
    assert len(vector) == 128


@pytest.mark.parametrize(
    ("model", "options", "batch_size", "requests"),
    [
        pytest.param("gemini-embedding-2", {}, 100, 3, id="developer-100"),
        pytest.param("models/gemini-embedding-001", {}, 100, 3, id="developer-001"),
        pytest.param("gemini-embedding-2", {"embed_batch_size": 40}, 40, 7, id="asked-for-40"),
        pytest.param("gemini-embedding-2", {"embed_batch_size": 500}, 500, 3, id="more-than-the-model-takes"),
        pytest.param("gemini-embedding-2", {"facts": {"max_batch_items": 50}}, 50, 5, id="facts-have-changed"),
    ],
)
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_batches(
    make_llama_index: Make,
    emulator: Emulator,
    colour: str,
    model: str,
    options: dict[str, Any],
    batch_size: int,
    requests: int,
) -> None:
    texts = [f"text number {n}" for n in range(250)]
    embedding = make_llama_index(model, dimensions=16, **options)
    if colour == "sync":
        vectors = embedding.get_text_embedding_batch(texts)
    else:
        vectors = asyncio.run(embedding.aget_text_embedding_batch(texts))

    assert embedding.embed_batch_size == batch_size
    assert (len(vectors), len(emulator.requests)) == (250, requests)
    assert vectors[123] == embedding.get_text_embedding(texts[123])
    assert {type(value) for value in vectors[0]} == {float}


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda m, texts: m.get_text_embedding_batch(texts), id="sync"),
        pytest.param(lambda m, texts: asyncio.run(m.aget_text_embedding_batch(texts)), id="async"),
        pytest.param(lambda m, texts: m.get_text_embedding_batch(texts, show_progress=True), id="with-a-bar"),
    ],
)
@pytest.mark.parametrize(
    ("options", "most"),
    [
        pytest.param({}, 16, id="default"),
        pytest.param({"concurrency": 3}, 3, id="concurrency"),
        pytest.param({"num_workers": 2}, 2, id="num_workers"),
    ],
)
def test_requests_in_flight(
    make_llama_index: Make, emulator: Emulator, call: Callable[..., Any], options: dict[str, Any], most: int
) -> None:
    """Together, but never more than allowed; the official class sends one by one, or all at once."""
    emulator.latency_s = 0.1
    texts = [f"text {n}" for n in range(6 * most)]
    call(make_llama_index(dimensions=8, embed_batch_size=1, **options), texts)

    assert emulator.requests.max_in_flight == most  # four at first, more when they are answered
    assert len(emulator.requests) == len(texts)


def test_all_texts_are_checked_before_any_is_sent(make_llama_index: Make, emulator: Emulator) -> None:
    """A call reaches the core whole, so a mistake is found at once and named by its place in the caller's list."""
    texts = [f"text {n}" for n in range(250)]
    texts[222] = " "

    with pytest.raises(InputError, match="input 222") as caught:
        make_llama_index().get_text_embedding_batch(texts)

    assert caught.value.position == 222
    assert len(emulator.requests) == 0
