"""An index that follows a folder while it changes, and stops when it is told to."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import AddReport, EdgeStore, Embedder, InputError, MissingExtraError, MultimodalIndex
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
QUIET_S = 0.1
PATIENCE_S = 60.0
"""A test that waits for longer has failed."""


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "docs" / ".index")) as index:
        yield index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Two texts, and the index itself."""
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text("what stands in a")
    (folder / "deep" / "b.md").write_text("what stands in b")
    return folder


@contextmanager
def followed(index: MultimodalIndex, folder: Path, **options: Any) -> Iterator[queue.Queue[AddReport | None]]:
    """The reports of a watch in a thread, from the first on; None when it has ended."""
    reports: queue.Queue[AddReport | None] = queue.Queue()
    stop = threading.Event()

    def watch() -> None:
        for report in index.watch(folder, quiet_s=QUIET_S, stop=stop, **options):
            reports.put(report)
        reports.put(None)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield reports
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def held(index: MultimodalIndex) -> dict[str, str]:
    return {Path(one.uri or "").name: one.page_content for one in index.vectors().records}


def notifiers() -> list[str]:
    """What this process watches files by, where Linux tells it."""
    open_files = [one for one in Path("/proc/self/fd").glob("*") if one.is_symlink()]
    return [kind for one in open_files if "inotify" in (kind := os.readlink(one))]


def until(index: MultimodalIndex, reports: queue.Queue[AddReport | None], expected: dict[str, str]) -> None:
    """Takes reports until the index holds what is expected: changes may come in one report or in several."""
    while held(index) != expected:
        assert reports.get(timeout=PATIENCE_S) is not None


def test_what_changes_comes_in(index: MultimodalIndex, docs: Path, emulator: Emulator) -> None:
    """New, edited, renamed, deleted, a whole folder moved away, and at last all of it; searches go on meanwhile."""
    with followed(index, docs) as reports:
        until(index, reports, {"a.md": "what stands in a", "b.md": "what stands in b"})
        (docs / "c.md").write_text("new")
        (docs / "a.md").write_text("edited")
        until(index, reports, {"a.md": "edited", "b.md": "what stands in b", "c.md": "new"})
        assert index.search("new", 1)[0].page_content == "new"
        asked = len(emulator.requests)
        (docs / "c.md").rename(docs / "deep" / "d.md")
        until(index, reports, {"a.md": "edited", "b.md": "what stands in b", "d.md": "new"})
        assert len(emulator.requests) == asked
        (docs / "deep").rename(docs.parent / "elsewhere")
        until(index, reports, {"a.md": "edited"})
        (docs / "a.md").unlink()
        until(index, reports, {})


def test_nothing_wakes_it_for_nothing(index: MultimodalIndex, docs: Path) -> None:
    """The index writes into the folder, below a hidden name; and what is left out may change as it likes."""
    with followed(index, docs, exclude=["*.log"]) as reports:
        assert (reports.get(timeout=PATIENCE_S) or AddReport()).added == 2
        (docs / "x.log").write_text("not wanted")
        (docs / ".hidden.md").write_text("not wanted")
        index.add(["written into the folder by the index itself"])
        (docs / "c.md").write_text("wanted")
        report = reports.get(timeout=PATIENCE_S)
        assert report is not None
        assert report.added == 1
        assert reports.empty()


def test_it_ends_with_the_index(make_embedder: MakeEmbedder, docs: Path, tmp_path: Path) -> None:
    index = MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store"))
    with followed(index, docs) as reports:
        assert reports.get(timeout=PATIENCE_S) is not None
        index.close()
        assert reports.get(timeout=PATIENCE_S) is None


def test_it_ends_where_its_loop_is_left(index: MultimodalIndex, docs: Path) -> None:
    """And a later one goes on with what has changed since."""
    with closing(index.watch(docs, quiet_s=QUIET_S)) as watching:
        assert next(watching).added == 2
        assert bool(notifiers()) == sys.platform.startswith("linux")
    assert notifiers() == []
    (docs / "a.md").unlink()
    for report in index.watch(docs, quiet_s=QUIET_S):
        assert report.removed == 1
        break


async def test_async_door(index: MultimodalIndex, docs: Path) -> None:
    async with aclosing(index.awatch(docs, quiet_s=QUIET_S)) as watching:
        assert (await anext(watching)).added == 2
        (docs / "c.md").write_text("new")
        assert (await asyncio.wait_for(anext(watching), PATIENCE_S)).added == 1


async def test_a_cancelled_watch_is_at_its_end(index: MultimodalIndex, docs: Path) -> None:
    seen = asyncio.Event()

    async def follow() -> None:
        async for _ in index.awatch(docs, quiet_s=QUIET_S):
            seen.set()

    task = asyncio.create_task(follow())
    await asyncio.wait_for(seen.wait(), PATIENCE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE_S)
    assert index.count() == 2


def test_a_folder_that_goes(index: MultimodalIndex, docs: Path, tmp_path: Path) -> None:
    """Nothing is deleted: whether it is gone for good nobody can tell."""
    watched = tmp_path / "other"
    watched.mkdir()
    (watched / "a.md").write_text("what stands in a")
    watching = index.watch(watched, quiet_s=QUIET_S)
    next(watching)
    watched.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="there is no folder"):
        next(watching)
    assert index.count() == 1


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_folders_that_are_none(index: MultimodalIndex, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"there is no folder|holds no files"):
        next(index.watch(tmp_path / name))


def test_without_the_extra(index: MultimodalIndex, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r"gemini-embed\[watch\]"):
        next(index.watch(docs))
