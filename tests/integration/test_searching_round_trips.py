"""How often a search asks a Qdrant server, by what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from fix_qdrant_server import QdrantServer
from gemini_embed import Cutting, Embedder, MultimodalIndex, QdrantStore
from gemini_embed.notices import GeminiEmbedWarning
from gemini_embed.searching import Fusion

MakeEmbedder = Callable[..., Embedder]
ONE_SEARCH = ["POST points/query/batch"]
WORDS = " ".join(f"Sentence number {number} of a long text about bicycles and cars." for number in range(300))


@pytest.fixture
def index(make_embedder: MakeEmbedder, qdrant_server: QdrantServer) -> Iterator[MultimodalIndex]:
    store = QdrantStore(url=qdrant_server.url)
    with MultimodalIndex(make_embedder(dimensions=64), store) as index:
        yield index


@pytest.fixture
def filled(index: MultimodalIndex, signs: Any, qdrant_server: QdrantServer) -> MultimodalIndex:
    """An index of five modalities."""
    index.add(signs.folder, cutting=Cutting(audio_s=20))
    qdrant_server.asked.clear()
    qdrant_server.records_sent = 0
    return index


def test_a_plain_search_is_one_request(filled: MultimodalIndex, qdrant_server: QdrantServer) -> None:
    """The first after a write, and every other."""
    for _ in range(3):
        hits = filled.search("a red circle", 5)
        assert len({hit.modality for hit in hits}) == 5
        assert qdrant_server.asked == ONE_SEARCH
        qdrant_server.asked.clear()
    filled.add(["one text more"])
    qdrant_server.asked.clear()
    assert filled.search("one text more", 1, filter={"modality": "text"})[0].page_content == "one text more"
    assert qdrant_server.asked == ONE_SEARCH


def test_whatever_fuses_the_modalities(filled: MultimodalIndex, qdrant_server: QdrantServer) -> None:
    """What hits are compared with comes along, where anything is."""
    for fusion in get_args(Fusion):
        assert len(filled.search("a red circle", 5, fusion=fusion)) == 5
        assert qdrant_server.asked == ONE_SEARCH
        qdrant_server.asked.clear()
    assert qdrant_server.samples == [7, 0, 5, 0]


def test_of_one_modality_too(index: MultimodalIndex, qdrant_server: QdrantServer) -> None:
    """And one threshold for all of them is no mistake then."""
    index.add(["bread rises", "glaciers grind"])
    qdrant_server.asked.clear()
    for _ in range(2):
        assert len(index.search("bread", 5, score_threshold=-1.0)) == 2
    assert qdrant_server.asked == 2 * ONE_SEARCH


def test_what_is_not_there_is_asked_for_no_more(filled: MultimodalIndex, qdrant_server: QdrantServer) -> None:
    """Until this object writes, or for a minute, since another process may."""
    filled.delete(filter={"modality": ["audio", "video"]})
    for filter in (None, None, {"modality": "image"}, None):  # of which the third tells nothing of the others
        filled.search("a red circle", 5, filter=filter)
    filled.add(["one text more"])
    filled.search("a red circle", 5)
    assert qdrant_server.searches == [7, 3, 1, 3, 7]
    assert qdrant_server.samples == [7, 3, 0, 3, 7], "one modality is compared with nothing"


def test_a_threshold_for_several_modalities_still_warns(filled: MultimodalIndex) -> None:
    with pytest.warns(GeminiEmbedWarning, match="one score_threshold for hits of several modalities"):
        filled.search("a red circle", 5, score_threshold=0.1)


@pytest.mark.parametrize(("k", "most"), [(1, 8), (10, 60)])
def test_padding_asks_for_neighbours_only(
    k: int, most: int, index: MultimodalIndex, qdrant_server: QdrantServer, tmp_path: Path
) -> None:
    """Of a source of many passages, in one request for all hits."""
    (tmp_path / "long.txt").write_text(WORDS)
    report = index.add(tmp_path / "long.txt", cutting=Cutting(text_tokens=16))
    assert report.added == 300
    qdrant_server.asked.clear()
    qdrant_server.records_sent = 0
    plain = index.search("bicycles", k)
    hits = index.search("bicycles", k, padding={"text": 100})
    assert qdrant_server.asked == [*ONE_SEARCH, *ONE_SEARCH, "POST points/scroll"]
    assert qdrant_server.records_sent <= most
    for one, wider in zip(plain, hits, strict=True):
        assert one.page_content in wider.page_content
        start, end = wider.window.char_start, wider.window.char_end
        assert wider.page_content == WORDS[start:end]
        assert len(wider.page_content) > len(one.page_content)


def test_padding_is_one_request_for_hits_of_several_sources(
    index: MultimodalIndex, qdrant_server: QdrantServer, tmp_path: Path
) -> None:
    """And each gets its own neighbours."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.txt").write_text(WORDS.replace("Sentence", f"Line {name}"))
    index.add(tmp_path, cutting=Cutting(text_tokens=16))
    words = {path.name: path.read_text() for path in tmp_path.iterdir()}
    qdrant_server.asked.clear()
    qdrant_server.records_sent = 0
    hits = index.search("bicycles", 12, padding={"text": 100})
    assert qdrant_server.asked == [*ONE_SEARCH, "POST points/scroll"]
    assert qdrant_server.records_sent <= 72
    assert len({hit.source for hit in hits}) > 1
    for hit in hits:
        start, end = hit.window.char_start, hit.window.char_end
        assert hit.page_content == words[Path(str(hit.source)).name][start:end]
        assert len(hit.page_content) > 100
