"""Chroma's own client with our embedding function: kept by name, documents and queries each as what they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from gemini_embed import ConfigurationError, FingerprintMismatchError
from gemini_embed.adapters.chroma import ChromaEmbeddingFunction
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.slow

QUESTION = "what grinds valleys?"
TEXTS = ["bread rises because of yeast", "glaciers grind valleys", "the boat sails on the lake"]


@pytest.fixture
def client(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The key and the address are in the environment."""
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-environment")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    return chromadb.PersistentClient(str(tmp_path))


def test_documents_are_documents_and_queries_queries(client: Any, emulator: Emulator) -> None:
    notes = client.create_collection("notes", embedding_function=ChromaEmbeddingFunction(dimensions=256))
    notes.add(ids=["a", "b", "c"], documents=TEXTS)
    found = notes.query(query_texts=[QUESTION], n_results=1)
    assert found["documents"] == [[TEXTS[1]]]
    sent = [one["content"]["parts"][0]["text"] for got in emulator.requests for one in got.json["requests"]]
    assert sent == [*(f"title: none | text: {text}" for text in TEXTS), f"task: search result | query: {QUESTION}"]
    assert notes.configuration_json["hnsw"]["space"] == "cosine"
    assert 0 < found["distances"][0][0] < 1
    assert emulator.requests.items_billed == 4
    with pytest.raises(ConfigurationError, match="unknown argument dimension=: did you mean dimensions="):
        ChromaEmbeddingFunction(dimension=256)  # type: ignore[call-arg]  # misspelt


def test_a_collection_makes_its_function_again(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what it keeps, with the key of where it is opened."""
    mine = ChromaEmbeddingFunction(api_key="my-own-secret", dimensions=256, task="question_answering")
    client.create_collection("notes", embedding_function=mine).add(ids=["a", "b", "c"], documents=TEXTS)
    again = client.get_collection("notes")
    assert again.query(query_texts=[QUESTION], n_results=1)["documents"] == [[TEXTS[1]]]
    function = again.configuration["embedding_function"]
    assert isinstance(function, ChromaEmbeddingFunction)
    assert (function.embedder.fingerprint, function.embedder.task) == (mine.embedder.fingerprint, mine.embedder.task)
    assert np.array_equal(function.embed_query(["x"]), mine.embed_query(["x"]))
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"gemini-embedding-2" in kept
    assert b"my-own-secret" not in kept
    with pytest.raises(FingerprintMismatchError, match="dimensions 256 against 128"):
        mine.validate_config_update(mine.get_config(), ChromaEmbeddingFunction(dimensions=128).get_config())


def test_a_key_that_is_given_is_enough(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that Chroma could not make again would be kept as none, and its own model taken in the place."""
    monkeypatch.delenv("GEMINI_API_KEY")
    mine = ChromaEmbeddingFunction(api_key="my-own-secret", dimensions=256)
    kept = client.create_collection("notes", embedding_function=mine).configuration_json
    assert (kept["embedding_function"]["type"], kept["embedding_function"]["name"]) == ("known", "gemini_embed")
    assert kept["hnsw"]["space"] == "cosine"
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-environment")
    assert isinstance(client.get_collection("notes").configuration["embedding_function"], ChromaEmbeddingFunction)


def test_another_service_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's vectors mean nothing to Google's queries."""
    client.create_collection("notes", embedding_function=ChromaEmbeddingFunction(dimensions=256))
    config = client.get_collection("notes").configuration_json["embedding_function"]["config"]
    monkeypatch.delenv("GOOGLE_GEMINI_BASE_URL")
    with pytest.raises(FingerprintMismatchError, match="was made with the emulator, and this embedder asks Google's"):
        ChromaEmbeddingFunction.build_from_config(config)


def test_pictures_are_embedded_too(client: Any) -> None:
    """Chroma hands pixels on, and asks for a text or a picture in one collection."""
    colours = {"red": (220, 30, 30), "blue": (30, 30, 220)}
    pictures = {name: np.full((32, 32, 3), rgb, np.uint8) for name, rgb in colours.items()}
    shop = client.create_collection("shop", embedding_function=ChromaEmbeddingFunction(dimensions=256))
    shop.add(ids=[*pictures], images=[*pictures.values()])
    assert shop.query(query_images=[pictures["blue"]], n_results=1)["ids"] == [["blue"]]
    assert shop.query(query_texts=["a red square"], n_results=1)["ids"] == [["red"]]


def test_without_chroma_the_pip_line_is_told() -> None:
    script = "import sys; sys.modules['chromadb'] = None; import gemini_embed.adapters.chroma"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter and code
    assert "chromadb is not installed: run  pip install chromadb" in done.stderr
