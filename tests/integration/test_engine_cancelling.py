"""Callers that are cancelled more than once while a store works: they end as cancelled, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex


class HeldStore(EdgeStore):
    """Writes and searches wait, once the test says so, until it lets them go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def hold(self) -> None:
        self.begun.clear()
        self.go_on.clear()

    def search(self, *args: Any, **options: Any) -> Any:
        self._wait()
        return super().search(*args, **options)

    def upsert(self, *args: Any) -> None:
        self._wait()
        super().upsert(*args)

    def _wait(self) -> None:
        self.begun.set()
        assert self.go_on.wait(60)


@pytest.fixture
async def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> AsyncIterator[MultimodalIndex]:
    async with MultimodalIndex(make_embedder(dimensions=64), HeldStore(tmp_path / "index")) as index:
        await index.aadd(["a", "b"])
        yield index


def held(index: MultimodalIndex) -> HeldStore:
    assert isinstance(index.store, HeldStore)
    return index.store


async def test_cancelled_twice(index: MultimodalIndex) -> None:
    held(index).hold()
    searching = asyncio.create_task(index.asearch("a"))
    await asyncio.to_thread(held(index).begun.wait, 60)
    for _ in range(3):
        searching.cancel()
        await asyncio.sleep(0)
    held(index).go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await searching
    assert [hit.record.page_content for hit in await index.asearch("a", 1)] == ["a"]


async def test_nested_timeouts(index: MultimodalIndex) -> None:
    held(index).hold()
    asyncio.get_running_loop().call_later(0.5, held(index).go_on.set)

    async def searched() -> None:
        async with asyncio.timeout(0.2), asyncio.timeout(0.1):
            await index.asearch("a")

    with pytest.raises(TimeoutError):
        await searched()


async def test_an_anyio_scope_that_is_cancelled(index: MultimodalIndex) -> None:
    """What was embedded by then is written, and adding again goes on."""
    held(index).hold()
    items = [f"text {i}" for i in range(30)]
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(index.aadd, items)
            await anyio.to_thread.run_sync(held(index).begun.wait, 60)
            scope.cancel()
            asyncio.get_running_loop().call_later(0.2, held(index).go_on.set)
    assert scope.cancelled_caught
    report = await index.aadd(items)
    assert (report.added, report.reused) == (0, 30)
