"""An EdgeStore's graph index and int8 copy: built by a child process, on request, without harm when that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from fix_stores import CountingEmbedder
from gemini_embed import ConfigurationError, EdgeStore, Fingerprint, MultimodalIndex, Record, StoreError

COUNT, SIZE = 3000, 1024  # 12 MB of vectors: the engine builds no index below 10
FINGERPRINT = Fingerprint("stand-in", SIZE, "prefix:retrieval", "unit")


slow = pytest.mark.slow  # building a graph takes seconds, and minutes on a busy machine


@pytest.fixture(scope="module")
def rows() -> Any:
    drawn = np.random.default_rng(3).normal(size=(COUNT, SIZE)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def store(tmp_path: Path, rows: Any) -> Iterator[EdgeStore]:
    """Full, and made without codes: settings may come later."""
    made = EdgeStore(tmp_path / "index", quantization="none")
    made.open(FINGERPRINT)
    records = [Record(str(UUID(int=i)), f"text {i}", {"source": f"s{i % 10}"}) for i in range(COUNT)]
    made.upsert(records, rows)
    made.close()
    store = EdgeStore(tmp_path / "index", quantization="int8")
    store.open(FINGERPRINT)
    yield store
    store.close()


def int8_files(store: EdgeStore) -> list[Path]:
    return list(store.path.rglob("quantized*"))


def recall(store: EdgeStore, rows: Any, source: str | None) -> float:
    """Of the 10 nearest, over 20 queries, as a fraction of those that an exact search finds."""
    allowed = np.array([i for i in range(COUNT) if source in (None, f"s{i % 10}")])
    queries = rows[:20] + np.random.default_rng(4).normal(size=(20, SIZE)).astype(np.float32) * 0.5 / SIZE**0.5
    found = 0
    for query in queries:
        best = {str(UUID(int=int(i))) for i in allowed[np.argsort(-(rows[allowed] @ query))[:10]]}
        hits = store.search(query, 10, None if source is None else {"source": source})
        found += len(best & {hit.record.id for hit in hits})
        exact = rows[UUID(hits[0].record.id).int] @ query / np.linalg.norm(query)
        assert hits[0].score == pytest.approx(exact, abs=1e-4)  # of the full vector, not of the int8 copy
    return found / 200


@slow
def test_optimize_builds_an_int8_graph_and_searches_stay_right(store: EdgeStore, rows: Any) -> None:
    assert int8_files(store) == []
    store.optimize()
    assert int8_files(store) != []
    assert store.count() == COUNT
    assert recall(store, rows, None) >= 0.95  # random directions are the hardest case; benchmarks has others
    assert recall(store, rows, "s3") >= 0.95
    store.upsert([Record(str(UUID(int=COUNT)), "new", {"source": "s3"})], rows[:1])
    assert store.get([str(UUID(int=COUNT))])[0].page_content == "new"


@slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the child process in /proc")
def test_a_killed_optimisation_harms_nothing(store: EdgeStore, rows: Any) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            store.optimize()
        except StoreError as error:
            failures.append(error)

    thread = Thread(target=work)
    thread.start()
    while not (children := children_of(thread.native_id)):
        time.sleep(0.01)
    time.sleep(0.5)
    for child in children:
        os.kill(child, signal.SIGKILL)
    thread.join()
    assert "ended with -9" in str(failures[0])
    assert store.count() == COUNT
    assert recall(store, rows, None) == 1.0
    store.optimize()
    assert store.count() == COUNT
    assert int8_files(store) != []


def children_of(thread: int | None) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{thread}/children").read_text().split()]


@slow
async def test_the_loop_runs_on_meanwhile(store: EdgeStore) -> None:
    index = MultimodalIndex(CountingEmbedder(dimensions=SIZE), store)  # type: ignore[arg-type]  # a stand-in
    work, ticks = asyncio.create_task(index.aoptimize()), 0
    while not work.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await work
    assert ticks > 10
    assert int8_files(store) != []


@pytest.mark.parametrize("options", [{"quantization": "int4"}, {"oversampling": 0.5}, {"oversampling": float("nan")}])
def test_settings_that_cannot_be_honoured(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        EdgeStore(tmp_path, **options)
