"""EdgeStore with int8 vectors and rescoring against exact search: search_int8.py POINTS DIMENSIONS

Vectors stand in for embeddings: unit length, in 400 clusters whose members are 39 degrees from their centre, all
equally, so that the nearest are hard to tell apart. A tenth of the points passes the filter.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from gemini_embed import EdgeStore, Fingerprint, Record
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
QUERIES, K, GROUPS, CLUSTERS, BATCH = 100, 10, 10, 400, 500


def main(points: int, dim: int) -> dict[str, Any]:
    """Recall@10 and milliseconds a search, before and after `optimize`, without and with a filter."""
    rows, queries = clustered(points, dim)
    with TemporaryDirectory() as folder:
        store = EdgeStore(Path(folder) / "index", quantization="int8")
        store.open(Fingerprint("made-up", dim, "raw", "unit"))
        write(store, rows)
        scanned = measured(store, rows, queries, "scanned")
        started = time.perf_counter()
        store.optimize()
        optimize_s = time.perf_counter() - started
        searched = [*scanned, *measured(store, rows, queries, "optimized")]
        store.close()
    return {"points": points, "dim": dim, "optimize_s": optimize_s, "searches": searched}


def clustered(points: int, size: int) -> tuple[Matrix, Matrix]:
    """Points of shape (points, size) and queries (QUERIES, size) from the same clusters, all of unit length."""
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(CLUSTERS, size)))

    def draw(count: int) -> Matrix:
        spread = rng.normal(size=(count, size)) * 0.8 / np.sqrt(size)
        return unit(centres[rng.integers(CLUSTERS, size=count)] + spread)

    return draw(points), draw(QUERIES)


def write(store: EdgeStore, rows: Matrix) -> None:
    for start in range(0, len(rows), BATCH):
        some = range(start, min(start + BATCH, len(rows)))
        records = [Record(str(UUID(int=i)), "", {"source": group(i)}) for i in some]
        store.upsert(records, rows[start : start + BATCH])


def measured(store: EdgeStore, rows: Matrix, queries: Matrix, state: str) -> list[dict[str, Any]]:
    """All queries without a filter, and with one; CPU since a busy machine cannot falsify it."""
    found = []
    for wanted in (None, group(3)):
        allowed = np.array([i for i in range(len(rows)) if wanted in (None, group(i))])
        filter = None if wanted is None else {"source": wanted}
        for query in queries:
            store.search(query, K, filter)  # the files' pages are in memory from here on
        right, wall_ms, cpu_ms = [], [], []
        for query, best in zip(queries, exact(rows[allowed], queries), strict=True):
            started, worked = time.perf_counter(), time.process_time()
            hits = store.search(query, K, filter)
            wall_ms.append(1000 * (time.perf_counter() - started))
            cpu_ms.append(1000 * (time.process_time() - worked))
            ids = {UUID(hit.record.id).int for hit in hits}
            right.append(len(ids & set(allowed[best].tolist())) / K)
        p50, p95 = np.percentile(wall_ms, [50, 95])
        times = {"p50_ms": p50, "p95_ms": p95, "cpu_ms": np.median(cpu_ms)}
        found.append({"state": state, "filtered": wanted is not None, "recall": np.mean(right), **times})
    return found


def exact(rows: Matrix, queries: Matrix) -> Iterator[NDArray[Any]]:
    """For each query the positions of its K nearest rows."""
    for query in queries:
        yield np.argsort(-(rows @ query))[:K]


def group(i: int) -> str:
    return f"group-{i % GROUPS}"


def unit(rows: NDArray[Any]) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


print("RESULT", json.dumps(main(*map(int, sys.argv[1:])), default=float))
