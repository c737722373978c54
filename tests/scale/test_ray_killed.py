"""Workers of Ray, and the driver, killed by SIGKILL: every record is there once, and little is billed again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fix_emulator import KEY
from fix_milvus import milvus_standalone
from fix_ray import Seen, passages, wait_until
from gemini_embed import Embedder, MultimodalIndex, RateLimits
from gemini_embed_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]

KILLS = min(10, int(os.environ.get("GEMINI_EMBED_KILLS", "2")))
BATCH = 50
IN_A_BATCH_S = 0.3
"""A kill comes at any moment of a batch: while its rows are read, embedded, written or reported."""


def test_workers_are_killed_in_the_middle(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """The job ends well; at most the batch in flight is billed again for each kill; a second run costs nothing."""
    from gemini_embed.ray import index_dataset

    emulator.latency_s = 0.1
    step, moments = 300, random.Random(20261122)  # noqa: S311 - moments, not secrets
    count = step * (KILLS + 2)
    seen = Seen(tmp_path / "pids")
    with (
        MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index,
        ThreadPoolExecutor(1) as thread,
    ):
        options: dict[str, Any] = {"source": "id", "workers": 2, "batch_size": BATCH, "content": seen.content()}
        ds = ray.data.from_arrow(passages(count))
        limits = RateLimits(requests_per_minute=60_000)
        running = thread.submit(lambda: index_dataset(ds, index, limits=limits, **options))
        for kill in range(KILLS):
            wait_until(partial(_has_billed, emulator, (kill + 1) * step, running))
            wait_until(lambda: running.done() or seen.alive())
            assert not running.done(), running.result()
            threading.Event().wait(moments.uniform(0, IN_A_BATCH_S))
            seen.kill_one(moments.choice)
        report = running.result()
        assert (report.rows, report.skipped) == (count, 0)
        assert report.workers_lost in range(KILLS + 1), "one that was started again too late for a batch is not seen"
        records = index.vectors().records
        assert sorted(record.source or "" for record in records) == sorted(f"doc{n}" for n in range(count))
        billed = emulator.requests.items_billed
        assert 0 <= billed - count <= KILLS * BATCH
        again = index_dataset(ds, index, **options)
        assert (again.added, again.reused, emulator.requests.items_billed) == (0, count, billed)


def _has_billed(emulator: Emulator, items: int, running: Future[Any]) -> bool:
    return running.done() or emulator.requests.items_billed >= items


_DRIVER = """
import os, sys
from pathlib import Path
import ray
from gemini_embed import Embedder, MilvusStore, MultimodalIndex
from gemini_embed.ray import index_dataset

address, base_url, uri, collection, folder, count, batch = sys.argv[1:]
ray.init(address, log_to_driver=False, logging_level="ERROR")

def text(row):
    Path(folder, str(os.getpid())).touch()
    return row["text"]

rows = [{"text": f"row {n}", "id": f"doc{n}"} for n in range(int(count))]
embedder = Embedder(base_url=base_url, dimensions=128, verify=False)
index = MultimodalIndex(embedder, MilvusStore(uri, collection=collection))
index_dataset(ray.data.from_items(rows), index, content=text, source="id", workers=2, batch_size=int(batch))
"""


def test_the_driver_is_killed(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """The next run bills what was missing."""
    from gemini_embed.ray import index_dataset

    emulator.latency_s = 0.1
    count, seen, store = 1000, Seen(tmp_path / "pids"), milvus_standalone(tmp_path)
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-c", _DRIVER, address, emulator.base_url, milvus_server, store.collection]
    command += [str(tmp_path / "pids"), str(count), str(BATCH)]
    with subprocess.Popen(command, env={**os.environ, "GEMINI_API_KEY": KEY}) as driver:  # noqa: S603 - our own code
        wait_until(lambda: emulator.requests.items_billed >= 300 or driver.poll() is not None)
        assert driver.poll() is None
        driver.kill()
    wait_until(lambda: not seen.alive())
    with MultimodalIndex(make_embedder(dimensions=128), store) as index:
        billed, there = emulator.requests.items_billed, index.count()
        assert 0 <= billed - there <= 2 * BATCH, "a batch of each worker was in flight"
        report = index_dataset(ray.data.from_arrow(passages(count)), index, source="id", workers=2, batch_size=BATCH)
        assert (report.added, report.reused) == (count - there, there)
        assert emulator.requests.items_billed - billed == count - there
        assert sorted(r.source or "" for r in index.vectors().records) == sorted(f"doc{n}" for n in range(count))
