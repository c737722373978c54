"""Text for media that have none: what `describe=` says is kept with the record, once for each window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_media import drawn, film, pdf, wav
from gemini_embed import EdgeStore, Embedder, Image, Item, MultimodalIndex, Window
from gemini_embed.indexing import adding, batches
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "book.pdf").write_bytes(pdf("page one", ""))
    (folder / "film.mp4").write_bytes(film((drawn("red circle"), 40), (drawn("blue square"), 40)))
    (folder / "talk.wav").write_bytes(wav((440, 4)))
    (folder / "notes.md").write_text("words of its own")
    drawn("green circle").save(folder / "sign.png")
    return folder


def all_texts(index: MultimodalIndex) -> list[str]:
    return sorted(r.page_content for batch in index.store.iterate(with_vectors=False) for r in batch.records)


def texts(index: MultimodalIndex) -> dict[str, str]:
    records = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
    return {f"{Path(r.source or '').name}#{r.window.anchor}".rstrip("#"): r.page_content for r in records}


def caption(window: Window) -> str:
    place = window.anchor or "whole"
    return f"{window.mime_type}, {Path(window.uri or '').name} {place}, {len(window.data) > 100}, {window.text!r}"


def test_media_are_described_and_texts_are_not(index: MultimodalIndex, folder: Path) -> None:
    index.add(folder, describe=caption)
    assert texts(index) == {
        "book.pdf#page=1": "application/pdf, book.pdf page=1, True, 'page one'",
        "book.pdf#page=2": "application/pdf, book.pdf page=2, True, ''",
        "film.mp4#t=0,32": "video/mp4, film.mp4 t=0,32, True, ''",
        "film.mp4#t=32,64": "video/mp4, film.mp4 t=32,64, True, ''",
        "film.mp4#t=64,80": "video/mp4, film.mp4 t=64,80, True, ''",
        "talk.wav#t=0,4": "audio/wav, talk.wav t=0,4, True, ''",
        "sign.png": "image/png, sign.png whole, True, ''",
        "notes.md": "words of its own",
    }


def test_what_is_known_is_not_described_again(index: MultimodalIndex, folder: Path, emulator: Emulator) -> None:
    index.add(folder, describe=caption)
    before, billed = texts(index), emulator.requests.items_billed
    again = index.add(folder, describe=lambda window: pytest.fail("described again"))
    without = index.add(folder)
    assert (again.added, without.added, emulator.requests.items_billed) == (0, 0, billed)
    assert texts(index) == before, "and keeps what was said"


def test_who_brings_words_is_not_asked(index: MultimodalIndex, folder: Path) -> None:
    items = [Item(folder / "sign.png", page_content="a sign"), Item(["words", Image(folder / "sign.png")])]
    index.add(items, describe=lambda window: pytest.fail("asked"))
    assert all_texts(index) == ["a sign", "words"]


def test_nothing_said_leaves_the_page_its_text(index: MultimodalIndex, folder: Path) -> None:
    index.add(folder / "book.pdf", describe=lambda window: "")
    assert texts(index) == {"book.pdf#page=1": "page one", "book.pdf#page=2": ""}


def test_several_at_once(index: MultimodalIndex, folder: Path) -> None:
    """A chat model takes seconds to answer: windows are not asked about one after another."""
    together = threading.Barrier(3, timeout=10)

    def slow(window: Window) -> str:
        together.wait()
        return "said"

    index.add(folder / "film.mp4", describe=slow)
    assert set(texts(index).values()) == {"said"}


def test_an_item_that_comes_twice_keeps_what_was_said(index: MultimodalIndex, folder: Path) -> None:
    """Also when the first is embedded by the time the second comes, and without anybody to describe it."""
    book = folder / "book.pdf"
    index.add([book, "a", "b", book], batch_size=2, describe=caption)
    assert texts(index)["book.pdf#page=1"] == "application/pdf, book.pdf page=1, True, 'page one'"
    index.delete(source=book)
    index.add([book, "c", "d", book], batch_size=1)
    assert texts(index)["book.pdf#page=1"] == "page one"


def test_pictures_are_described_a_few_at_a_time(
    index: MultimodalIndex, folder: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as is read ahead of any medium."""
    monkeypatch.setattr(batches, "BATCH_BYTES", 1)
    monkeypatch.setattr(adding, "AHEAD_BYTES", 1)
    asked: list[int] = []

    def count(window: Window) -> str:
        asked.append(len(emulator.requests))
        return "a sign"

    for number in range(6):
        drawn("green circle").resize((20 + number, 20)).save(folder / f"{number}.png")
    index.add(folder / "*.png", describe=count)
    assert asked[-1] >= 4, "requests had gone out before the last was looked at"


def bad(window: Window) -> str:
    if window.start_s:
        raise RuntimeError("the chat model is away")
    return "said"


def test_a_failure_is_raised_with_its_place(index: MultimodalIndex, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="the chat model is away") as caught:
        index.add([folder / "notes.md", folder / "film.mp4"], describe=bad)
    assert "raised by describe= for input 1: video" in caught.value.__notes__[0]
    assert "film.mp4#t=32,64" in caught.value.__notes__[0]


def test_or_reported(index: MultimodalIndex, folder: Path) -> None:
    report = index.add(folder, describe=bad)
    assert [one.reason for one in report.skipped] == ["describe= failed: RuntimeError('the chat model is away')"] * 2
    assert "film.mp4#t=0,32" in texts(index)
    assert report.added == 6


def test_what_is_no_text_is_refused(index: MultimodalIndex, folder: Path) -> None:
    with pytest.raises(TypeError, match="returned a bytes and not a str"):
        index.add([folder / "talk.wav"], describe=lambda window: b"said")  # type: ignore[arg-type]  # the point
