"""A folder with a file of every kind, added by one call: what is in each is found, and its link says where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_documents import PLANTED, SCRIPT, STYLE, Planted, write_all
from gemini_embed import EdgeStore, Embedder, Hit, MilvusStore, MultimodalIndex, QdrantStore, Record, Store
from gemini_embed.agents import read_source
from gemini_embed.readers.table import KINDS

FILES = sorted({one.file for one in PLANTED})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("readers") / "everything"
    write_all(str(made))
    return made


@pytest.fixture(params=["edge", *(pytest.param(name, marks=pytest.mark.slow) for name in ("qdrant", "milvus"))])
def index(
    request: pytest.FixtureRequest, make_embedder: Callable[..., Embedder], folder: Path, tmp_path: Path
) -> Iterator[MultimodalIndex]:
    """The folder, added by one call."""
    stores: dict[str, Callable[[], Store]] = {
        "edge": lambda: EdgeStore(tmp_path / "store", lexical=True),
        "qdrant": lambda: QdrantStore(path=tmp_path / "store", lexical=True),
        "milvus": lambda: MilvusStore(str(tmp_path / "store.db")),
    }
    with MultimodalIndex(make_embedder(dimensions=768), stores[request.param]()) as made:
        assert made.add(folder).skipped == ()
        yield made


@pytest.mark.parametrize("index", ["edge"], indirect=True)
def test_what_was_found_is_opened(index: MultimodalIndex, folder: Path) -> None:
    """A link leads an agent to the words it was found by, with and without the file; a picture in a file is shown."""
    for one in PLANTED:
        hit = index.search(one.fact, 1, lexical=True)[0]
        if hit.modality == "text":
            for root in (None, folder):
                assert hit.page_content in read_source(index, hit.link, root=root).text, hit.link
    pictures = [record for record in _records(index) if record.modality == "image"]
    assert len(pictures) == 9
    for record in pictures:
        assert min(Hit(record, 0.0, opener=index.opener).image().size) >= 32, record


def test_planted_facts_come_first(index: MultimodalIndex, folder: Path) -> None:
    """Of each kind one is found before everything else, and its link says where it is."""
    has_words = index.store.takes_words  # Milvus Lite has none: what a drawing says is found by them alone
    wanted = [one for one in PLANTED if has_words or not one.file.endswith(".svg")]
    only = None if has_words else {"modality": "text"}
    found = {one: index.search(one.fact, 1, lexical=has_words, filter=only)[0] for one in wanted}
    assert {one.fact: hit.link for one, hit in found.items() if not _is_there(one, hit.link, folder)} == {}
    assert index.count({"modality": "image"}) == 9

    said = [record.page_content for record in _records(index)]
    for wrong in (SCRIPT, STYLE, "base64", "iVBORw0KGgo", "<p>", "</", "&amp;", "{\\rtf", "Home of all", "All rights"):
        assert not [text for text in said if wrong in text], wrong
    assert {record.source for record in _records(index)} == {f"{folder}/{name}" for name in FILES}
    assert index.sync(folder).added == 0


def test_a_fact_is_planted_in_every_kind() -> None:
    """Of the table that users see, and of what is read beside it: the two lists are one."""
    planted = {Path(one.file).suffix for one in PLANTED}
    assert [kind.title for kind in KINDS if planted.isdisjoint(kind.suffixes.split())] == []
    assert planted >= {".txt", ".py"}
    linked = {kind.title: kind.link.partition("#")[2] for kind in KINDS}
    anchored = {title for title, anchor in linked.items() if anchor}
    said = {
        kind.title for kind in KINDS for one in PLANTED if Path(one.file).suffix in kind.suffixes and "#" in one.link
    }
    assert anchored - said == {"RTF"}, "a whole document, short as it is, has no anchor"


def _is_there(one: Planted, link: str, folder: Path) -> bool:
    wanted = f"{folder}/{one.link}"
    return link.startswith(wanted) if wanted.endswith("!") else link == wanted


def _records(index: MultimodalIndex) -> list[Record]:
    return [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
