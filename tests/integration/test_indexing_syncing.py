"""What a sync does not do again: reading, decoding, paying for what it has seen; and what it is told to leave out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import drawn, film, pdf, png, wav
from gemini_embed import ConfigurationError, Cutting, EdgeStore, Embedder, Item, MultimodalIndex, Record
from gemini_embed.records import FILE_STATE
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
LONG_AGO_NS = 1_700_000_000_123_456_789
MEDIA = {
    "a.md": b"# Bread\n\nIt is baked at dawn.",
    "c.py": b"def one() -> int:\n    return 1\n",
    "p.png": png(),
    "pages.pdf": pdf("page one of two", "page two of two"),
    "tone.wav": wav((440, 4)),
    "film.mp4": film((drawn("red circle"), 4)),
}


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """One file of each kind, none changed lately."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, data in MEDIA.items():
        written(folder / name, data)
    return folder


def written(path: Path, data: bytes, changed_ns: int = LONG_AGO_NS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(changed_ns, changed_ns))


def records(index: MultimodalIndex) -> dict[str, Record]:
    return {one.id: one for batch in index.store.iterate(with_vectors=False) for one in batch.records}


def names(index: MultimodalIndex) -> set[str]:
    return {Path(one.source or "").name for one in records(index).values()}


def test_what_has_its_size_and_time_is_not_read(index: MultimodalIndex, docs: Path, emulator: Emulator) -> None:
    """So nobody notices that other bytes are there."""
    first = index.sync(docs)
    for name, data in MEDIA.items():
        written(docs / name, bytes(len(data)))
    asked = len(emulator.requests)
    second = index.sync(docs)
    assert (first.added, first.skipped) == (7, ())
    assert (second.added, second.reused, second.replaced, second.skipped) == (0, 7, 0, ())
    assert len(emulator.requests) == asked


@pytest.mark.parametrize("changed_ns", [LONG_AGO_NS, None], ids=["long ago", "just now"])
def test_what_has_its_bytes_is_not_decoded(
    index: MultimodalIndex, docs: Path, monkeypatch: pytest.MonkeyPatch, changed_ns: int | None
) -> None:
    if changed_ns is None:  # the next change may come in the same tick of the clock
        for path in docs.iterdir():
            path.touch()
    index.sync(docs)
    before = {id_: one.page_content for id_, one in records(index).items()}
    for path in docs.iterdir():
        path.touch()
    opened: list[Any] = []
    monkeypatch.setattr("av.open", lambda *given, **_: opened.append(given))
    monkeypatch.setattr("pypdfium2.PdfDocument", lambda *given, **_: opened.append(given))
    monkeypatch.setattr("PIL.Image.open", lambda *given, **_: opened.append(given))
    report = index.sync(docs)
    assert (report.added, report.reused, report.skipped, opened) == (0, 7, (), [])
    assert {id_: one.page_content for id_, one in records(index).items()} == before


def test_an_edit_that_shows_in_no_time_is_seen(index: MultimodalIndex, docs: Path) -> None:
    """A file that was read right after a change may change again within the same tick of the file system's clock."""
    path = docs / "a.md"
    path.write_bytes(b"first")
    now = path.stat().st_mtime_ns
    index.sync(docs)
    written(path, b"other", now)
    assert index.sync(docs).added == 1
    assert "other" in {one.page_content for one in records(index).values()}


@pytest.mark.parametrize("kept", [False, True], ids=["renamed", "copied"])
def test_the_vectors_of_what_was_renamed_or_copied(
    index: MultimodalIndex, docs: Path, emulator: Emulator, make_embedder: MakeEmbedder, tmp_path: Path, kept: bool
) -> None:
    """They are those of the index; and the records are those of an index that never knew another name."""
    index.sync(docs)
    asked = len(emulator.requests)
    for name, data in MEDIA.items():
        written(docs / "new" / name, data)
        if not kept:
            (docs / name).unlink()
    report = index.sync(docs)
    assert len(emulator.requests) == asked
    assert (report.added, report.removed, report.skipped) == (7, 0 if kept else 7, ())
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "other")) as other:
        other.sync(docs)
        assert records(other) == records(index)
        expected, found = other.vectors(), index.vectors()
    by_id = {one.id: row for one, row in zip(expected.records, expected.values, strict=True)}
    np.testing.assert_allclose(found.values, [by_id[one.id] for one in found.records], atol=1e-6)


def test_a_new_name_is_worth_no_new_vector(index: MultimodalIndex, docs: Path, emulator: Emulator) -> None:
    """The name of a source file is embedded with it; but a passage of another file is embedded under its own."""
    index.sync(docs)
    asked = len(emulator.requests)
    (docs / "c.py").rename(docs / "d.py")
    (docs / "a.md").rename(docs / "b.md")
    report = index.sync(docs)
    assert (report.added, report.removed, len(emulator.requests)) == (2, 2, asked)
    assert {one.title for one in records(index).values() if one.title} == {"d.py one"}
    written(docs / "e.py", MEDIA["c.py"] + b"\n\ndef two() -> int:\n    return 2\n")
    assert index.sync(docs).usage.requests == 1
    assert emulator.requests[-1].body.count(b"e.py") == 2


def test_one_that_is_a_copy_and_one_that_is_new(index: MultimodalIndex, docs: Path, emulator: Emulator) -> None:
    index.sync(docs)
    billed = emulator.requests.items_billed
    written(docs / "copy.md", MEDIA["a.md"])
    written(docs / "new.md", b"Not known yet.")
    assert index.sync(docs).added == 2
    assert emulator.requests.items_billed == billed + 1


def test_another_way_of_cutting_reads_anew(index: MultimodalIndex, docs: Path) -> None:
    index.sync(docs)
    report = index.sync(docs, cutting=Cutting(audio_s=2))
    assert (report.added, report.replaced, report.reused) == (2, 1, 6)


def test_what_is_lacking_is_brought_again(index: MultimodalIndex, docs: Path) -> None:
    """As an interruption leaves it: the file is as it was, and not all of its records are there."""
    index.sync(docs)
    index.delete(filter={"page_start": 1})
    assert (index.sync(docs).added, index.count()) == (1, 7)


def test_an_index_from_before(index: MultimodalIndex, docs: Path, emulator: Emulator) -> None:
    """Nothing is noted in it: all is read once, nothing embedded, and the next time nothing is read."""
    index.add(docs)
    asked = len(emulator.requests)
    assert not any(FILE_STATE in one.metadata for one in records(index).values())
    assert (index.sync(docs).reused, len(emulator.requests)) == (7, asked)
    for name, data in MEDIA.items():
        written(docs / name, bytes(len(data)))
    report = index.sync(docs)
    assert (report.reused, report.skipped) == (7, ())


def test_an_add_leaves_the_notes(index: MultimodalIndex, docs: Path) -> None:
    index.sync(docs)
    before = records(index)
    index.add(docs)
    assert records(index) == before
    index.add([Item(docs / "a.md", metadata={"team": "red"})])
    assert index.count({"team": "red"}) == 1


def test_batch_jobs_are_not_asked_for_twins(
    make_embedder: MakeEmbedder, docs: Path, tmp_path: Path, emulator: Emulator
) -> None:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        index.sync(docs)
    (docs / "a.md").rename(docs / "b.md")
    asked = len(emulator.requests)
    embedder = make_embedder(dimensions=128, cache=tmp_path / "cache.db")
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        report = index.sync(docs, price="batch")
    assert (report.added, report.removed, len(emulator.requests)) == (1, 1, asked)


TREE = ("a.md", "b.txt", "src/c.md", "src/d.log", "src/keep.log", "drafts/e.md", ".github/f.md", ".hidden.md")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, {"a.md", "b.txt", "c.md", "d.log", "keep.log", "e.md"}, id="all"),
        pytest.param({"include": ["*.md"]}, {"a.md", "c.md", "e.md"}, id="by names"),
        pytest.param({"include": ["src/"]}, {"c.md", "d.log", "keep.log"}, id="a folder"),
        pytest.param({"include": ["/*.md", "src/*.log"]}, {"a.md", "d.log", "keep.log"}, id="at places"),
        pytest.param({"exclude": ["drafts/", "*.log", "!keep.log"]}, {"a.md", "b.txt", "c.md", "keep.log"}, id="but"),
        pytest.param({"include": ["*.md"], "exclude": ["src"]}, {"a.md", "e.md"}, id="both"),
        pytest.param({"include": [".github/"]}, {"f.md"}, id="a hidden folder"),
        pytest.param({"include": ["*.txt", ".hidden*"]}, {"b.txt", ".hidden.md"}, id="a hidden file"),
    ],
)
def test_what_comes_in(index: MultimodalIndex, tmp_path: Path, options: Any, expected: set[str]) -> None:
    """And what was there before goes; adding a folder by itself or in a list chooses alike."""
    folder = tmp_path / "tree"
    for name in TREE:
        written(folder / name, f"what stands in {name}".encode())
    index.sync(folder)
    report = index.sync(folder, **options)
    assert names(index) == expected
    assert report.removed == len({"a.md", "b.txt", "c.md", "d.log", "keep.log", "e.md"} - expected)
    index.delete(filter={"modality": "text"})
    index.add(folder, **options)
    assert names(index) == expected
    assert index.estimate([folder], **options).known == len(expected)


async def test_async_door(index: MultimodalIndex, docs: Path) -> None:
    assert (await index.async_sync(docs, include=["*.md"])).added == 1
    assert (await index.async_sync(docs, exclude=["*.md"])).removed == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"include": "*.md"}, "must be a list of patterns", id="one string"),
        pytest.param({"exclude": ["", "x"]}, "holds '', which is no pattern", id="an empty one"),
        pytest.param({"exclude": [3]}, "holds 3, which is no pattern", id="no text"),
    ],
)
def test_patterns_that_are_none(index: MultimodalIndex, docs: Path, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        index.sync(docs, **options)
    assert index.count() == 0


def test_a_file_that_became_a_folder(index: MultimodalIndex, tmp_path: Path) -> None:
    docs = tmp_path / "home"
    written(docs / "notes", b"a note")
    written(docs / "b.md", b"stays")
    index.sync(docs)
    (docs / "notes").unlink()
    written(docs / "notes" / "one.md", b"another note")
    report = index.sync(docs)
    assert (report.added, report.removed, names(index)) == (1, 1, {"one.md", "b.md"})


def test_a_file_that_changes_while_it_is_read(index: MultimodalIndex, tmp_path: Path) -> None:
    """Its new bytes, of the same length, are not taken for those that were read."""
    path = tmp_path / "home" / "a.log"
    written(path, b"the old words")

    def reads(place: Path) -> str:
        text = place.read_text()
        if text == "the old words":
            place.write_bytes(b"the new words")
        return text

    index.sync(path.parent, readers={".log": reads})
    report = index.sync(path.parent, readers={".log": reads})
    assert (report.added, report.replaced) == (1, 1)
    assert {one.page_content for one in records(index).values()} == {"the new words"}
