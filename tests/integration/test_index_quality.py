"""Codes, words, sizes and hypothetical answers together: none undoes another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex, Precision, QdrantStore, Words
from gemini_embed_emulator import Emulator

TEXTS = ["The pump stops: E4217.", "The pump starts by itself.", "Close the valve below the sink.", "Bread rises."]


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=768), EdgeStore(tmp_path / "store", lexical=True)) as made:
        made.add(TEXTS)
        yield made


def by_words(index: MultimodalIndex) -> list[str]:
    return [hit.page_content for hit in index.search("What is wrong?", lexical=Words("E4217", only=True))]


def test_words_outlast_other_codes(index: MultimodalIndex) -> None:
    index.optimize(quantization="turbo1")
    assert by_words(index) == TEXTS[:1]
    index.close()
    with MultimodalIndex(index.embedder, EdgeStore(index.store.path)) as again:  # type: ignore[attr-defined]  # it is an EdgeStore
        assert by_words(again) == TEXTS[:1]
        again.add(["E4217 again."])
        assert set(by_words(again)) == {TEXTS[0], "E4217 again."}


@pytest.mark.parametrize("kind", ["edge", "qdrant"])
def test_words_go_along_to_a_smaller_size(
    kind: str, index: MultimodalIndex, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    target = EdgeStore(tmp_path / "small") if kind == "edge" else QdrantStore(":memory:")
    sent = len(emulator.requests)
    assert index.copy_to(target, dimensions=128) == len(TEXTS)
    assert len(emulator.requests) == sent
    with MultimodalIndex(make_embedder(dimensions=128), target) as small:
        assert by_words(small) == TEXTS[:1]
        assert small.add(TEXTS).added == 0


async def test_all_of_them_in_one_search(index: MultimodalIndex) -> None:
    how = {"lexical": True, "hypothetical": "A fault of the pump is E4217.", "precision": Precision(exact=True)}
    hits = index.search("pump E4217", 2, **how)  # type: ignore[arg-type]  # of different types
    assert hits[0].page_content == TEXTS[0]
    assert hits[0].found_by == ("vector", "words")
    assert await index.asearch("pump E4217", 2, **how) == hits  # type: ignore[arg-type]  # of different types
