"""Watching what is hard: many quick changes, half a file, loops of links, a folder made again, callers that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, InputError, MultimodalIndex


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("first")
    return folder


def held(index: MultimodalIndex) -> dict[str, str]:
    return {Path(one.uri or "").name: one.page_content for one in index.vectors().records}


def test_nothing_is_lost_in_a_storm(index: MultimodalIndex, docs: Path) -> None:
    """Five hundred changes between two looks, a link that leads into its own folder, a file that is half written when
    it is read, and renamed: what the folder holds at the end is what the index holds."""
    (docs / "loop").symlink_to(docs)
    with closing(index.watch(docs, quiet_s=0.05)) as watching:
        assert next(watching).added == 1
        for number in range(500):
            file = docs / f"{number % 25}.md"
            file.write_text(f"edition {number}")
            if number % 7 == 0:
                file.rename(docs / f"{number % 25}.txt")
            elif number % 11 == 0:
                file.unlink()
        half = (docs / "half.tmp").open("w", encoding="utf-8")
        half.write("begun")
        half.flush()
        next(watching)
        half.write(" and finished")
        half.close()
        (docs / "half.tmp").rename(docs / "whole.md")
        expected = {one.name: one.read_text() for one in docs.iterdir() if one.is_file()}
        while held(index) != expected:
            next(watching)
    assert expected["whole.md"] == "begun and finished"


def test_a_folder_that_is_made_again(index: MultimodalIndex, docs: Path) -> None:
    """A watch ends with the folder, in words; another one goes on with the new one."""
    with closing(index.watch(docs, quiet_s=0.05)) as watching:
        next(watching)
        docs.rename(docs.parent / "away")
        with pytest.raises(InputError, match="folder"):
            list(watching)
        with pytest.raises(StopIteration):
            next(watching)
    docs.mkdir()
    (docs / "b.md").write_text("second")
    with closing(index.watch(docs, quiet_s=0.05)) as watching:
        next(watching)
    assert held(index) == {"b.md": "second"}


def test_a_caller_that_fails(index: MultimodalIndex, docs: Path) -> None:
    """Its exception is its own, and the next watch brings in what came meanwhile."""

    def fail() -> None:
        with closing(index.watch(docs, quiet_s=0.05)) as watching:
            for report in watching:
                raise ZeroDivisionError(report)

    with pytest.raises(ZeroDivisionError):
        fail()
    (docs / "b.md").write_text("second")
    with closing(index.watch(docs)) as watching:
        assert next(watching).added == 1
