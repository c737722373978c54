"""Pictures that a reader of one's own found in a file, opened again: from hits, links, frameworks, by `Migration`."""

from __future__ import annotations

import base64
import io
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fix_documents import picture
from gemini_embed import EdgeStore, Embedder, Hit, InputError, Migration, MultimodalIndex, QdrantStore
from gemini_embed.agents import read_source
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers import Passage, Picture
from langchain_gemini_embed import GeminiMultimodalRetriever
from llama_index.core.schema import ImageNode
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaRetriever
from PIL import Image

SLIDE = picture((90, 60), "blue circle")


def read_deck(path: Path) -> Iterator[Passage | Picture]:
    """A format of its own: words, a line, and a picture."""
    words, _, data = path.read_bytes().partition(b"\n")
    yield Passage(words.decode(), Excerpt(part="slide=1"))
    yield Picture(data, Excerpt(part="slide=1"), "the slide as it looks")


READERS: dict[str, Any] = {".deck": read_deck}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "talk.deck").write_bytes(b"Grafting in January\n" + SLIDE)
    return made


@pytest.fixture
def opened(make_embedder: Callable[..., Embedder], folder: Path, tmp_path: Path) -> Iterator[MultimodalIndex]:
    """An index over what another one has added: of another process, it may be."""
    embedder = make_embedder(dimensions=128, root=str(folder))
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "store"), readers=READERS) as first:
        assert first.sync(folder).added == 2
        assert first.sync(folder).added == 0
        assert first.estimate(folder).known == 2
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "store"), readers=READERS) as again:
        yield again


def slide_of(index: MultimodalIndex) -> Hit:
    return index.search("a slide", 1, filter={"modality": "image"})[0]


def test_a_hit_shows_its_picture(opened: MultimodalIndex, folder: Path) -> None:
    hit = slide_of(opened)
    assert (hit.link, hit.page_content) == (f"{folder}/talk.deck#slide=1", "the slide as it looks")
    assert hit.image().size == (90, 60)
    assert hit.clip().data == SLIDE
    for root in (None, folder):
        reading = read_source(opened, hit.link, root=root)
        assert "Grafting in January" in reading.text
    (folder / "talk.deck").write_bytes(b"Nothing\n" + picture((64, 64)))
    with pytest.raises(InputError):
        hit.image()


def test_readers_of_an_add_are_remembered(make_embedder: Callable[..., Embedder], folder: Path, tmp_path: Path) -> None:
    """As long as the index lives; another one without them says what it found there."""
    embedder = make_embedder(dimensions=128)
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "store")) as index:
        index.add(folder, readers=READERS)
        hit = slide_of(index)
        assert hit.image().size == (90, 60)
        bare = pickle.loads(pickle.dumps(hit))  # noqa: S301 - our own
    with pytest.raises(InputError):
        bare.image()
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "store")) as index, pytest.raises(InputError):
        slide_of(index).image()


def test_no_file_outside_of_the_root_is_read(
    make_embedder: Callable[..., Embedder], opened: MultimodalIndex, tmp_path: Path
) -> None:
    """A function opens files itself: it is not asked for one that may not be read."""
    asked: list[Path] = []
    outside = tmp_path / "outside.deck"
    outside.write_bytes(b"secret\n" + SLIDE)

    def ask(path: Path) -> str:
        asked.append(path)
        return ""

    index = MultimodalIndex(opened.embedder, opened.store, readers={".deck": ask})
    hit = slide_of(index)
    moved = replace(hit.record, metadata={**hit.record.metadata, "uri": str(outside)})
    with pytest.raises(InputError, match="outside"):
        index.opener.image(moved, moved.window)
    assert asked == []


def test_an_index_takes_its_readers_along(make_embedder: Callable[..., Embedder]) -> None:
    index = MultimodalIndex(make_embedder(dimensions=128), QdrantStore(url="http://127.0.0.1:1"), readers=READERS)
    there = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own
    assert there.readers == index.readers
    assert list(there.readers.own) == [".deck"]


def test_both_frameworks_open_it(opened: MultimodalIndex) -> None:
    chain = GeminiMultimodalRetriever(index=opened, filter={"modality": "image"}, k=1)
    blocks = chain.to_content_blocks(chain.invoke("a slide"))
    assert base64.b64decode(blocks[1]["base64"]) == SLIDE

    llama = LlamaRetriever(opened, similarity_top_k=1, filters={"modality": "image"})
    assert isinstance(llama.retrieve("a slide")[0].node, ImageNode)
    shown = [block for block in llama.search_tool(media=True)("a slide").blocks if block.block_type == "image"]
    data = shown[0].resolve_image().read()
    assert Image.open(io.BytesIO(data)).size == (90, 60)


def test_migration_moves_it(make_embedder: Callable[..., Embedder], opened: MultimodalIndex, tmp_path: Path) -> None:
    embedder = make_embedder(dimensions=256)
    opened.close()
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "larger"), readers=READERS) as target:
        report = Migration(EdgeStore(tmp_path / "store"), target).run()
        assert report.left_out == {}
        assert slide_of(target).image().size == (90, 60)
