"""The table that our subclasses are held to is true of the official class."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from fix_subclasses import SHAPES
from gemini_embed_emulator import Emulator
from google.genai import types
from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

pytestmark = [
    pytest.mark.compat,
    # Its async client leaves sockets open, and derives from a class that aiohttp would rather not have derived from.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _sockets_collected_here() -> Iterator[None]:
    """Those left open go while their warnings are ignored: else the collector meets them in somebody else's test."""
    yield
    gc.collect()


@pytest.mark.parametrize(("make", "use", "log", "options"), SHAPES)
def test_a_subclass_of_the_official_class(make: Any, use: Any, log: Any, options: Any, emulator: Emulator) -> None:
    model = make(GoogleGenAIEmbedding)(
        model_name="gemini-embedding-2",
        api_key="k",
        embed_batch_size=10,
        embedding_config=types.EmbedContentConfig(output_dimensionality=8),
        http_options={"base_url": emulator.base_url, "api_version": "v1beta"},
        **options,
    )
    vectors = use(model)
    assert sorted(model.log, key=str) == sorted(log, key=str)  # batches of an async call run together
    assert {len(vector) for vector in vectors} == {8}
    model._client.close()
