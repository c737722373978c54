"""A vector that is kept in a larger size answers for a smaller one, as the service would have, without a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import png
from gemini_embed import Embedder, Image
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
TEXTS = ["a red bicycle", "a blue kettle", "the tide table"]


@pytest.fixture
def cached(make_embedder: MakeEmbedder, tmp_path: Path) -> MakeEmbedder:
    """Makes embedders that share a cache."""

    def make(model: str = "gemini-embedding-2", **options: Any) -> Embedder:
        return make_embedder(model, cache=tmp_path / "vectors.db", **options)

    return make


def lengths(values: Any) -> Any:
    return np.linalg.norm(values, axis=1)


@pytest.mark.parametrize("door", ["sync", "async"])
@pytest.mark.parametrize("normalize", [None, True, False])
@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_a_larger_vector_answers(
    model: str,
    normalize: bool | None,
    door: str,
    cached: MakeEmbedder,
    make_embedder: MakeEmbedder,
    emulator: Emulator,
) -> None:
    """The row is what the service serves at that size, then normalised as it always is; counted as cached."""
    served = make_embedder(model, dimensions=768, normalize=normalize).embed_documents(TEXTS)
    cached(model).embed_documents(TEXTS)
    emulator.requests.clear()
    small = cached(model, dimensions=768, normalize=normalize)
    call: Any = small.aembed_documents(TEXTS) if door == "async" else None
    result = asyncio.run(call) if call else small.embed_documents(TEXTS)
    assert len(emulator.requests) == 0
    assert (result.usage.cached, result.usage.requests) == (3, 0)
    assert result.values == pytest.approx(served.values, abs=1e-6)
    assert lengths(result.values) == pytest.approx(lengths(served.values), abs=1e-6)


@pytest.mark.parametrize("larger", [1024, 1536, 2048, 3072])
def test_any_usual_size_is_found(larger: int, cached: MakeEmbedder, emulator: Emulator) -> None:
    cached(dimensions=larger).embed_documents(TEXTS)
    assert cached(dimensions=700).embed_documents(TEXTS).usage.cached == 3
    assert len(emulator.requests) == 1


def test_size_of_a_call(cached: MakeEmbedder) -> None:
    embedder = cached()
    embedder.embed_documents(TEXTS)
    assert embedder.embed_documents(TEXTS, dimensions=256).usage.cached == 3


def test_what_is_missing_is_asked_for(cached: MakeEmbedder, emulator: Emulator) -> None:
    cached().embed_documents(TEXTS)
    result = cached(dimensions=768).embed_documents([*TEXTS, "new"])
    assert (result.usage.cached, result.usage.requests) == (3, 1)
    assert [len(request.json["requests"]) for request in emulator.requests] == [3, 1]
    assert cached(dimensions=768).embed_documents(["new"]).usage.cached == 1, "kept at the size that was asked for"


def test_media_too(cached: MakeEmbedder) -> None:
    picture = Image(png())
    cached().embed([picture])
    assert cached(dimensions=768).embed([picture]).usage.cached == 1


NO_ANSWER = [
    pytest.param({"dimensions": 768}, {"dimensions": 1536}, id="a smaller one"),
    pytest.param({"dimensions": 768, "task": "clustering"}, {"dimensions": 256}, id="another task"),
    pytest.param(
        {"facts": {"shortens_exactly": False}},
        {"dimensions": 768, "facts": {"shortens_exactly": False}},
        id="a model not known to nest",
    ),
]


@pytest.mark.parametrize(("kept", "asked"), NO_ANSWER)
def test_what_cannot_answer(kept: dict[str, Any], asked: dict[str, Any], cached: MakeEmbedder) -> None:
    cached(**kept).embed_documents(["x"])
    assert cached(**asked).embed_documents(["x"]).usage.cached == 0
