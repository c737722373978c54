"""Workers of a cluster, as process pools stand for them: killed, and started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from gemini_embed import Embedder, MultimodalIndex, Store
from gemini_embed.scale import IndexStage, ScaleReport
from gemini_embed_emulator import Emulator

SPAWN = multiprocessing.get_context("spawn")


def passages_in_batches(count: int, size: int) -> list[Any]:
    """pyarrow's tables of `size` rows."""
    import pyarrow as pa  # not in every environment that loads this file

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


def check_workers_are_killed(store: Store, make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    """Every record is there once. What is billed again is the batch in flight, and no more."""
    size, kills, count = 20, 2, 10
    emulator.latency_s = 0.05
    batches = passages_in_batches(count, size)
    with MultimodalIndex(make_embedder(dimensions=128), store) as index:
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
