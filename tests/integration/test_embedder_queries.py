"""A query is any content; a list that google-genai would read otherwise is told; `title=` is answered."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fix_media import png
from gemini_embed import Content, Embedder, GeminiEmbedWarning, Image, InputError, Text
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings

MakeEmbedder = Callable[..., Embedder]
PHOTO = Image(png())


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("a red circle", id="text"),
        pytest.param(PHOTO, id="photo"),
        pytest.param(["like this", PHOTO], id="parts"),
        pytest.param([PHOTO], id="one-part"),
        pytest.param(Content("like this", PHOTO), id="content"),
        pytest.param(Text("a red circle"), id="text-part"),
    ],
)
def test_a_query_is_any_content(query: Any, make_embedder: MakeEmbedder) -> None:
    """The vector that `embed(side="query")` gives, through both doors."""
    embedder = make_embedder(dimensions=16)
    wanted = embedder.embed([query], side="query").values
    assert wanted.shape == (1, 16)
    assert np.array_equal(embedder.embed_query(query).values, wanted)
    assert np.array_equal(asyncio.run(embedder.aembed_query(query)).values, wanted)


@pytest.mark.parametrize("query", [["a", "b"], ["a"], ("a", "b")], ids=repr)
def test_a_list_of_texts_is_no_query(query: Any, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    with pytest.raises(InputError, match=r"embed\(texts, side='query'\) takes several queries"):
        make_embedder().embed_query(query)
    assert not emulator.requests


def test_a_flat_list_of_text_and_media_warns_once(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder(dimensions=16)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(embedder.embed(["a photo of a dog", PHOTO])) == 2
        assert len(embedder.embed(["a photo of a cat", PHOTO])) == 2
        assert len(asyncio.run(embedder.aembed(["a", PHOTO]))) == 2
    (warning,) = said
    assert warning.category is GeminiEmbedWarning
    assert warning.filename == __file__
    assert "each of the 2 elements" in str(warning.message)
    assert "[[text, image]]" in str(warning.message)
    assert "[Content(text), Content(image)]" in str(warning.message)


def test_awaited_it_warns_on_the_callers_line(make_embedder: MakeEmbedder) -> None:
    async def call() -> None:
        await make_embedder(dimensions=16).aembed([PHOTO, "a"])

    with pytest.warns(GeminiEmbedWarning, match="each of the 2") as said:
        asyncio.run(call())
    assert said[0].filename == __file__


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([["a", PHOTO]], id="one-content"),
        pytest.param([Content("a"), Content(PHOTO)], id="contents"),
        pytest.param([Content("a"), PHOTO], id="content-and-part"),
        pytest.param(["a", "b"], id="texts"),
        pytest.param([PHOTO, PHOTO], id="media"),
        pytest.param(["a", ["b", PHOTO]], id="text-and-content"),
        pytest.param([Text("a"), PHOTO], id="parts"),
    ],
)
def test_what_says_what_it_means_does_not_warn(contents: Any, make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder(dimensions=16)
    assert len(embedder.embed(contents)) == len(contents)
    assert len(pickle.loads(pickle.dumps(embedder)).facts.name)  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda e: e.embed_documents(["a"], title="A"), id="documents"),
        pytest.param(lambda e: asyncio.run(e.aembed_documents(["a"], title="A")), id="adocuments"),
        pytest.param(lambda e: e.embed(["a"], title="A"), id="embed"),
        pytest.param(lambda e: asyncio.run(e.aembed(["a"], title="A")), id="aembed"),
    ],
)
def test_title_is_answered_with_titles(call: Any, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    with pytest.raises(InputError, match=r"title= is titles=, .*titles=\[title\]"):
        call(make_embedder())
    assert not emulator.requests


def test_in_langchain_too(make_langchain: Callable[..., GeminiEmbeddings]) -> None:
    given: dict[str, Any] = {"title": "A"}
    with pytest.raises(InputError, match="title= is titles="):
        make_langchain().embed_documents(["a"], **given)
    with pytest.raises(InputError, match="title= is titles="):
        asyncio.run(make_langchain().aembed_documents(["a"], **given))
