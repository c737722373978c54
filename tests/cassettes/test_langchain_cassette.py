"""`GeminiEmbeddings` on recorded traffic: texts, titles, a query, a picture, and a shortened vector of -001."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from gemini_embed import Image
from langchain_gemini_embed import GeminiEmbeddings

CASSETTE = Path(__file__).parent / "langchain.yaml"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


@pytest.mark.vcr
@pytest.mark.default_cassette("langchain.yaml")
async def test_langchain_cassette(cassette_access: dict[str, Any]) -> None:
    model = GeminiEmbeddings(dimensions=128, **cassette_access)
    with model.embedder:
        documents = model.embed_documents(["Bread rises because of yeast.", "Glaciers grind."], titles=["Baking", None])
        query = await model.aembed_query("Why does bread rise?")
        (picture,) = model.embed([Image(PIXEL)])
    with (older := model.model_copy(update={"model": "gemini-embedding-001"})).embedder:
        (shortened,) = older.embed_documents(["Bread rises because of yeast."], titles=["Baking"])

    assert np.shape([*documents, query, picture]) == (4, 128)
    assert np.linalg.norm(shortened) == pytest.approx(1, abs=1e-5)  # as served it is not
    assert np.dot(documents[0], query) > np.dot(documents[1], query)


def test_the_cassette_says_what_it_is_and_holds_no_secret() -> None:
    text = CASSETTE.read_text("utf-8")
    assert text.startswith("# Recorded against the ")
    for interaction in yaml.safe_load(text)["interactions"]:
        assert set(interaction["request"]["headers"]) == {"content-type"}
        assert "key" not in interaction["request"]["uri"].partition("?")[2]
        assert "127.0.0.1" not in str(interaction)
