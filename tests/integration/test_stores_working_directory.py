"""Stores and caches are where they were when they were made, whatever the working directory is by then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, MilvusStore, MultimodalIndex, QdrantStore
from gemini_embed.stores import Store


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is another; a test goes there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: EdgeStore("idx"), id="edge"),
        pytest.param(lambda: QdrantStore(path="idx"), id="qdrant"),
        pytest.param(lambda: MilvusStore("idx.db"), id="milvus", marks=pytest.mark.slow),
    ],
)
def test_an_index_at_a_relative_path(
    make: Callable[[], Store], make_embedder: Callable[..., Embedder], elsewhere: Path
) -> None:
    with MultimodalIndex(make_embedder(dimensions=64), make()) as index:
        index.add(["one"])
        os.chdir(elsewhere)
        index.add(["two", "three"])
        index.optimize()
        assert [hit.record.page_content for hit in index.search("one", 1)] == ["one"]
        assert index.count() == 3
    assert list(elsewhere.iterdir()) == []


def test_a_cache_at_a_relative_path(make_embedder: Callable[..., Embedder], elsewhere: Path) -> None:
    embedder = make_embedder(dimensions=64, cache="vectors.db")
    embedder.embed_documents(["x"])
    os.chdir(elsewhere)
    embedder.cache.close()  # type: ignore[union-attr]  # there is one; it opens again, as after a fork
    assert embedder.embed_documents(["x"]).usage.cached == 1
    assert list(elsewhere.iterdir()) == []
