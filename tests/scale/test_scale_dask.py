"""A stage in Dask's `map_partitions`, as docs/scale.md has it, on Dask's own processes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_emulator import KEY
from fix_milvus import milvus_standalone
from fix_ray import Seen, passages, wait_until
from gemini_embed import Embedder, MultimodalIndex
from gemini_embed.scale import EmbedStage, IndexStage, ScaleReport
from gemini_embed_emulator import Emulator

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find it in their environment."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def test_vectors_beside_the_rows(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    """`meta=` is what the stage makes of no rows: nothing is sent for it."""
    import dask.dataframe as dd

    embedder, frame = make_embedder(dimensions=128), passages(200).to_pandas()
    stage, rows = EmbedStage(embedder), dd.from_pandas(frame, npartitions=4)
    found = rows.map_partitions(stage, meta=stage(frame[:0]))
    assert emulator.requests.items_billed == 0
    found = found.compute(scheduler="threads", num_workers=2)
    assert emulator.requests.items_billed == 200
    expected = embedder.embed_documents(frame["text"].tolist()).values
    assert np.array_equal(np.stack(found["vector"]), expected)


@pytest.mark.slow
def test_a_frame_is_indexed_by_processes_of_which_one_is_killed(
    milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """Dask's own processes are not started again: the same call goes on where it was."""
    import dask.dataframe as dd

    emulator.latency_s = 0.1
    batch, frame = 50, passages(600).to_pandas()
    rows, seen = dd.from_pandas(frame, npartitions=12), Seen(tmp_path / "pids")
    with (
        MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index,
        ThreadPoolExecutor(1) as thread,
    ):
        index.count()  # the collection is there before several workers would make it
        stage = IndexStage(index, source="id", content=seen.content())

        def run() -> Any:
            return rows.map_partitions(stage, meta=stage(frame[:0])).compute(scheduler="processes", num_workers=2)

        running = thread.submit(run)
        wait_until(lambda: running.done() or emulator.requests.items_billed >= 200)
        assert not running.done(), running.result()
        seen.kill_one(min)
        with pytest.raises(Exception, match="terminated abruptly"):
            running.result()
        wait_until(lambda: not seen.alive())
        billed, there = emulator.requests.items_billed, index.count()
        assert 0 <= billed - there <= 2 * batch
        report = ScaleReport.of([run()])
        assert (report.rows, report.added, report.reused) == (600, 600 - there, there)
        assert emulator.requests.items_billed - billed == 600 - there
        assert sorted(r.source or "" for r in index.vectors().records) == sorted(frame["id"])
