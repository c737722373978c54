"""Our classes and the official ones live in one environment, and answer in one process."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import pytest
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiEmbeddings
from langchain_google_genai import GoogleGenerativeAIEmbeddings
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.embeddings.google_genai import GoogleGenAIEmbedding

pytestmark = pytest.mark.compat

TEXTS = ["Bread rises because of yeast.", "Glaciers grind valleys.", "A quota is a bucket."]
MODEL = "gemini-embedding-001"


def test_the_versions_are_the_ones_meant() -> None:
    """The official plugins hold google-genai below 3; this set is worth nothing with others."""
    assert version("langchain-google-genai") == "4.4.2"
    assert version("llama-index-embeddings-google-genai") == "0.6.0"
    assert version("google-genai").startswith("2.")
    assert version("pymilvus").startswith("2.")


def test_official_and_own_classes_embed_in_one_process(emulator: Emulator) -> None:
    """On a model that both condition by `taskType`, the four classes find the same vectors."""
    url, key = emulator.base_url, "a-key-for-tests"
    vectors = [
        GoogleGenerativeAIEmbeddings(model=MODEL, google_api_key=key, base_url=url).embed_documents(TEXTS),
        GeminiEmbeddings(model=MODEL, google_api_key=key, base_url=url).embed_documents(TEXTS),
        GoogleGenAIEmbedding(
            model_name=MODEL,
            api_key=key,
            http_options={"base_url": url},
            embedding_config={"task_type": "RETRIEVAL_DOCUMENT"},
        ).get_text_embedding_batch(TEXTS),
        GeminiEmbedding(model_name=MODEL, api_key=key, http_options={"base_url": url}).get_text_embedding_batch(TEXTS),
    ]

    for others in vectors[1:]:
        np.testing.assert_allclose(others, vectors[0], atol=1e-6)
