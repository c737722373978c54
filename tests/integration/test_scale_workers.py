"""Stages in workers of process pools, which stand for a cluster: killed at any moment, and sharing a quota."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fix_emulator import KEY
from fix_milvus import milvus_standalone
from gemini_embed import Embedder, MultimodalIndex, RateLimits
from gemini_embed.scale import EmbedStage, IndexStage, ScaleReport
from gemini_embed_emulator import Emulator, Quota

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("key")]
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find it in their environment."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def _batches(count: int, size: int) -> list[pa.Table]:
    starts = range(0, count * size, size)
    return [
        pa.table(
            {
                "text": [f"row {n}" for n in range(start, start + size)],
                "id": [f"doc{n}" for n in range(start, start + size)],
            }
        )
        for start in starts
    ]


def test_workers_embed_with_the_key_of_their_environment(
    make_embedder: Callable[..., Embedder], emulator: Emulator
) -> None:
    """A pool pickles the stage for each batch."""
    embedder = make_embedder(dimensions=128)
    batches = _batches(4, 10)
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        found = pa.concat_tables(pool.map(EmbedStage(embedder), batches))
    assert emulator.requests.items_billed == 40
    vectors = np.array(found.column("vector").to_pylist(), np.float32)
    assert np.array_equal(vectors, embedder.embed_documents([f"row {n}" for n in range(40)]).values)


class Worker:
    """A process that runs a stage, and is started again when it dies."""

    def __init__(self) -> None:
        self.deaths = 0
        self._begin()

    def _begin(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=SPAWN)
        self.pid = self._pool.submit(os.getpid).result()

    def each(self, stage: IndexStage, batches: list[Any]) -> Iterator[Any]:
        for batch in batches:
            while True:
                try:
                    yield self._pool.submit(stage, batch).result()
                    break
                except BrokenProcessPool:
                    self.deaths += 1
                    self._begin()
        self._pool.shutdown()


def test_workers_are_killed_and_every_record_is_there_once(
    milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """What is billed again is the batch in flight, and no more."""
    size, kills, count = 20, 2, 10
    emulator.latency_s = 0.05
    batches = _batches(count, size)
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index:
        stage = IndexStage(index, source="id")
        workers = [Worker(), Worker()]
        with ThreadPoolExecutor(2) as threads:
            found = [
                threads.submit(ScaleReport.of, worker.each(stage, batches[number::2]))
                for number, worker in enumerate(workers)
            ]
            for kill in range(kills):
                billed = (kill + 1) * 3 * size
                _wait(partial(_has_billed, emulator, billed))
                os.kill(workers[kill % 2].pid, signal.SIGKILL)
            reports = [one.result() for one in found]
        assert sum(worker.deaths for worker in workers) == kills
        rows = index.vectors().records
        assert sorted(record.source or "" for record in rows) == sorted(f"doc{n}" for n in range(count * size))
        assert len({record.id for record in rows}) == len(rows)
        assert sum(report.rows for report in reports) == count * size
        assert 0 <= emulator.requests.items_billed - count * size <= kills * size


def _has_billed(emulator: Emulator, items: int) -> bool:
    return emulator.requests.items_billed >= items


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        threading.Event().wait(0.005)


_EMBEDDING = """
import sys
from gemini_embed import Embedder
from gemini_embed.scale import EmbedStage, FileBroker

base_url, path, name, count = sys.argv[1:]
embedder = Embedder(base_url=base_url, dimensions=128, verify=False, batch_size=20)
stage = EmbedStage(embedder, share=FileBroker(path, LIMITS, workers=2, beat_s=0.2))
for start in range(0, int(count), 100):
    texts = [f"{name} {number}" for number in range(start, start + 100)]
    assert stage({"text": texts})["vector_error"][0] is None
    print(embedder.rate_limits.requests_per_minute, flush=True)
"""


def _begun(emulator: Emulator, path: Path, limits: RateLimits, name: str, count: int) -> subprocess.Popen[str]:
    code = _EMBEDDING.replace("LIMITS", repr(limits)).replace("import Embedder", "import Embedder, RateLimits")
    command = [sys.executable, "-c", code, emulator.base_url, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and code


def test_two_workers_share_a_quota_and_a_dead_one_gives_its_share_back(tmp_path: Path) -> None:
    """Neither meets the quota, though each would use it up alone."""
    limits = RateLimits(requests_per_minute=30_000, burst_s=1)
    with Emulator(quota=Quota(requests_per_minute=500, minute_s=1)) as emulator:
        path = tmp_path / "shares.db"
        first = _begun(emulator, path, limits, "a", 2500)
        second = _begun(emulator, path, limits, "b", 100_000)
        assert first.stdout is not None
        assert second.stdout is not None
        assert float(first.stdout.readline()) == float(second.stdout.readline()) == 15_000
        second.kill()
        second.communicate()
        rest, _ = first.communicate()
        assert first.returncode == 0
        assert float(rest.split()[-1]) == 30_000
        calls = [request for request in emulator.requests if request.path.endswith(":batchEmbedContents")]
        assert len(calls) * 20 == emulator.requests.items_billed, "none was refused"
