"""Hybrid collections, which others made: sparse vectors stand beside the dense ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gemini_embed import Embedder, GeminiEmbedWarning, MultimodalIndex, QdrantStore
from qdrant_client import QdrantClient, models

MakeEmbedder = Callable[..., Embedder]
TEXTS = ["a red bicycle", "a green car", "a boat on a lake"]
SIZE = 64


@pytest.fixture
def hybrid(make_embedder: MakeEmbedder) -> QdrantClient:
    """A collection as langchain-qdrant makes it with RetrievalMode.HYBRID, with three texts."""
    client = QdrantClient(":memory:")
    client.create_collection(
        "hybrid",
        vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.COSINE),
        sparse_vectors_config={"langchain-sparse": models.SparseVectorParams()},
    )
    dense = make_embedder(dimensions=SIZE).embed_documents(TEXTS).tolist()
    points = []
    for number, (text, row) in enumerate(zip(TEXTS, dense, strict=True)):
        vectors: Any = {"": row, "langchain-sparse": models.SparseVector(indices=[number], values=[1.0])}
        payload = {"page_content": text, "metadata": {"source": text}}
        points.append(models.PointStruct(id=number, vector=vectors, payload=payload))
    client.upsert("hybrid", points)
    return client


@pytest.fixture
def index(hybrid: QdrantClient, make_embedder: MakeEmbedder) -> MultimodalIndex:
    store = QdrantStore(client=hybrid, collection="hybrid", adopt=True)
    return MultimodalIndex(make_embedder(dimensions=SIZE), store)


@pytest.mark.parametrize("options", [{}, {"mmr": 0.5}, {"collapse": 0.99}, {"fusion": "standardized"}])
def test_a_hybrid_collection_is_searched(options: Any, index: MultimodalIndex) -> None:
    assert index.search(TEXTS[0], 2, **options)[0].page_content == TEXTS[0]


def test_a_hybrid_collection_is_read_and_copied(index: MultimodalIndex, tmp_path: Any) -> None:
    copy = QdrantStore(path=tmp_path)
    assert index.copy_to(copy) == 3
    (batch,) = index.store.iterate()
    assert batch.vectors.shape == (3, SIZE)
    vectors = copy.vectors([record.id for record in batch.records])
    for record, row in zip(batch.records, batch.vectors, strict=True):
        assert np.allclose(vectors[record.id], row, atol=1e-6)
    copy.close()


def test_what_is_added_to_a_hybrid_collection_is_told(index: MultimodalIndex) -> None:
    with pytest.warns(GeminiEmbedWarning, match=r"sparse vectors too.*langchain-sparse") as caught:
        index.add(["a new text"])
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index.add(["another new text"])
    assert index.count() == 5
