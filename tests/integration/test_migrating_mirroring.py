"""Writers that write to both indexes while records are being moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, InputError, Migration, MultimodalIndex, StoreError
from gemini_embed.indexing.report import AddReport

MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def old(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "v1")) as index:
        yield index


@pytest.fixture
def new(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "v2")) as index:
        yield index


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.md").write_text(f"Note {number} on bread.", "utf-8")
    return folder


def told(index: MultimodalIndex) -> list[tuple[str | None, str]]:
    return sorted((one.source, one.page_content) for one in index.vectors().records)


def test_a_folder_is_synced_into_both(old: MultimodalIndex, new: MultimodalIndex, notes: Path) -> None:
    """New, changed and gone files; before, between and after the runs, which then have nothing to do."""
    old.sync(notes)
    migration = Migration(old.store, new)
    with migration.mirroring(old) as index:
        (notes / "0.md").unlink()
        (notes / "1.md").write_text("Note 1, on butter now.", "utf-8")
        report = index.sync(notes)
        assert (report.added, report.replaced, report.removed, report.reused) == (1, 1, 1, 2)
        assert told(new) == told(old)
        again = migration.run()
        assert (again.added, again.reused, again.removed) == (0, 3, 0)
        (notes / "late.md").write_text("Late.", "utf-8")
        found = asyncio.run(index.async_sync(notes))
        assert isinstance(found, AddReport)
        assert found.added == 1
    assert told(new) == told(old)
    assert (len(told(new)), migration.run().added, migration.verify(sample=2).passed) == (4, 0, True)


def test_an_empty_folder_empties_neither(old: MultimodalIndex, new: MultimodalIndex, tmp_path: Path) -> None:
    """As of a disk that is not mounted."""
    (tmp_path / "empty").mkdir()
    old.add(["held"])
    with Migration(old.store, new).mirroring(old) as index, pytest.raises(InputError, match="holds no files"):
        index.sync(tmp_path / "empty")
    assert old.count() == 1


def test_where_the_new_one_fails(
    old: MultimodalIndex, new: MultimodalIndex, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one has it, the error says so, and a run brings the rest."""
    old.add(["held"])
    migration = Migration(old.store, new)

    def full(*args: object) -> None:
        raise StoreError("the disk is full")

    with migration.mirroring(old) as index, monkeypatch.context() as patched:
        patched.setattr(new.store, "upsert", full)
        with pytest.raises(StoreError, match="the disk is full") as raised:
            index.sync(notes)
    assert any("Migration.run() brings" in note for note in raised.value.__notes__)
    assert (old.count(), migration.run().added) == (5, 5)
    assert told(new) == told(old)
