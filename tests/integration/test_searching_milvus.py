"""What a search asks of a Milvus server: together what cannot be one request, and of neighbours no more than there are.

The server is Milvus Lite's, reached over its port as any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Cutting, Embedder, MilvusStore, MultimodalIndex, StoreError
from gemini_embed.records import MODALITIES
from gemini_embed.stores import Batch
from gemini_embed.stores.milvus import lite

pytest.importorskip("milvus_lite", exc_type=ImportError)

MakeEmbedder = Callable[..., Embedder]
WAITS_S = 60.0
"""For the others to come; they never do where requests go one after the other."""
WORDS = " ".join(f"Sentence number {number} of a long text about bicycles and cars." for number in range(100))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "k.db"
    address, _ = lite.start(file)
    yield address
    lite.stop(file, address)


@pytest.fixture
def filled(make_embedder: MakeEmbedder, signs: Any, address: str) -> Iterator[MultimodalIndex]:
    """An index of five modalities."""
    with MultimodalIndex(make_embedder(dimensions=64), MilvusStore(address)) as index:
        index.add(signs.folder, cutting=Cutting(audio_s=20))
        yield index


class Together:
    """Holds calls of a method of pymilvus until so many of them are under way; notes the filter of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, count: int) -> None:
        from pymilvus import MilvusClient

        theirs = getattr(MilvusClient, method)
        barrier = threading.Barrier(count)
        self.filters: list[str] = []

        def held(client: MilvusClient, *given: Any, **options: Any) -> Any:
            self.filters.append(options["filter"])
            barrier.wait(WAITS_S)
            return theirs(client, *given, **options)

        monkeypatch.setattr(MilvusClient, method, held)


async def test_searches_of_several_modalities_go_together(
    filled: MultimodalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both ways, each modality asked once."""
    filled.search("a red circle", 5)  # which counts what is there
    searches = Together(monkeypatch, "search", 5)
    for hits in (filled.search("a red circle", 5), await filled.asearch("a red circle", 5)):
        assert len({hit.modality for hit in hits}) == 5
    assert len(searches.filters) == 10
    assert len(set(searches.filters)) == 5


def test_counts_go_together(filled: MultimodalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round of them after a write, then one of searches."""
    counts = Together(monkeypatch, "query", len(MODALITIES) + 1)
    assert len(filled.search("a red circle", 5)) == 5
    assert len(filled.search("a blue square", 5)) == 5
    assert len(counts.filters) == len(set(counts.filters)) == len(MODALITIES) + 1


def test_one_of_them_fails(filled: MultimodalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymilvus import MilvusClient, MilvusException

    theirs = MilvusClient.search

    def some(client: MilvusClient, *given: Any, **options: Any) -> Any:
        if "image" in options["filter"]:
            raise MilvusException(message="no image today")
        return theirs(client, *given, **options)

    monkeypatch.setattr(MilvusClient, "search", some)
    with pytest.raises(StoreError, match="no image today"):
        filled.search("a red circle", 5)


def test_padding_asks_for_neighbours_only(make_embedder: MakeEmbedder, address: str, tmp_path: Path) -> None:
    read: list[Batch] = []

    class Noting(MilvusStore):
        def iterate(self, **options: Any) -> Iterator[Batch]:
            for batch in super().iterate(**options):
                read.append(batch)
                yield batch

    folder = tmp_path / "folder"
    folder.mkdir()
    words = {"one": WORDS, "two": f"{WORDS} That is all."}
    for name, text in words.items():
        (folder / name).with_suffix(".txt").write_text(text)
    with MultimodalIndex(make_embedder(dimensions=64), Noting(address)) as index:
        index.add(folder, cutting=Cutting(text_tokens=16))
        read.clear()
        plain = index.search("bicycles", 6)
        assert not read
        hits = index.search("bicycles", 6, padding={"text": 100})
    assert len({hit.source for hit in hits}) == 2
    assert 1 <= sum(len(batch.records) for batch in read) <= 36
    for one, wider in zip(plain, hits, strict=True):
        start, end = wider.window.char_start, wider.window.char_end
        assert one.page_content in wider.page_content == words[Path(str(one.source)).stem][start:end]
        assert len(wider.page_content) > len(one.page_content)
