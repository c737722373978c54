"""LangChain classes that talk to the emulator, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from fix_emulator import KEY, QUICK
from gemini_embed import Item, MultimodalIndex, QdrantStore
from gemini_embed.content import Image
from gemini_embed_emulator import Emulator
from PIL import Image as Pillow

if TYPE_CHECKING:
    from fix_stores import CountingEmbedder
    from langchain_core.embeddings import Embeddings
    from langchain_gemini_embed import GeminiEmbeddings


def png(colour: str) -> bytes:
    """A small picture of one colour."""
    buffer = BytesIO()
    Pillow.new("RGB", (32, 32), colour).save(buffer, format="PNG")
    return buffer.getvalue()


def as_langchain(embedder: CountingEmbedder) -> Embeddings:
    """The least of an embeddings class over the counting embedder."""
    from langchain_core.embeddings import Embeddings

    class AsLangChain(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return AsLangChain()


@pytest.fixture
def make_langchain(emulator: Emulator) -> Iterator[Callable[..., GeminiEmbeddings]]:
    """Makes `GeminiEmbeddings` on the emulator, with quick retries; closed after the test."""
    from langchain_gemini_embed import GeminiEmbeddings

    made: list[GeminiEmbeddings] = []

    def make(**options: Any) -> GeminiEmbeddings:
        options = {"base_url": emulator.base_url, "retry": QUICK, **options}
        if not (options.get("vertexai") or {"api_key", "google_api_key"} & options.keys()):
            options["api_key"] = KEY
        made.append(GeminiEmbeddings(**options))
        return made[-1]

    yield make
    for embeddings in made:
        embeddings.embedder.close()


@pytest.fixture
def langchain_index(make_langchain: Callable[..., GeminiEmbeddings]) -> Iterator[MultimodalIndex]:
    """Three texts and two pictures in memory."""
    index = MultimodalIndex(make_langchain(dimensions=768).embedder, QdrantStore(":memory:"))
    index.add(
        [
            Item("Bread rises because of yeast.", source="bread.md", metadata={"page": 3}),
            Item("Glaciers grind valleys into a U shape.", source="ice.md", title="Glaciers"),
            Item("A red ball lies on the table.", source="ball.md"),
            Item(Image(png("red")), source="red.png", page_content="a red square"),
            Item(Image(png("blue")), source="blue.png"),
        ]
    )
    yield index
    index.close()
