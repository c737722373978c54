"""LlamaIndex's class and retriever over recorded traffic: texts, a query, and a text with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Image, Item, MultimodalIndex, QdrantStore
from llama_index.core.schema import QueryBundle
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

PNG = bytes.fromhex(  # one red pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.mark.vcr
@pytest.mark.default_cassette("llama_index.yaml")
def test_llama_index_cassette(cassette_access: dict[str, Any], tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    picture.write_bytes(PNG)
    model = GeminiEmbedding(dimensions=16, concurrency=1, **cassette_access)
    texts = model.get_text_embedding_batch(["Bread rises because of yeast.", "Glaciers grind valleys."])
    assert [len(vector) for vector in texts] == [16, 16]
    assert model.get_query_embedding("yeast") not in texts

    with MultimodalIndex(model.embedder, QdrantStore(":memory:")) as index:
        index.add([Item(Image(picture), source="red.png"), Item("Bees dance.", source="bees.md")])
        bundle = QueryBundle("a picture like this", image_path=str(picture))
        nodes = GeminiMultimodalRetriever(index, similarity_top_k=1).retrieve(bundle)
    assert [node.metadata["source"] for node in nodes] == ["red.png"]
    model.embedder.close()
