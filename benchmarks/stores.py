"""EdgeStore with int8 vectors and rescoring: recall@10 against exact search, and milliseconds a search, as a table.

"cpu" is the processor's own time of the median search: what a busy machine cannot falsify.

    .venv/bin/python benchmarks/stores.py [points ...]

Vectors stand in for embeddings: unit length, in 400 clusters whose members are 39 degrees from their centre, all
equally, so that the nearest are hard to tell apart. A tenth of the points passes the filter.
"""

from __future__ import annotations

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
SIZES = (768, 3072)
QUERIES, K, GROUPS, CLUSTERS, BATCH = 100, 10, 10, 400, 500


def main(points: int) -> None:
    print(f"{'points x size':>16} {'state':>10} {'filter':>6} {'recall@10':>9}  p50 ms  p95 ms  cpu ms")
    for size in SIZES:
        rows, queries = clustered(points, size)
        with TemporaryDirectory() as folder:
            store = EdgeStore(Path(folder) / "index", quantization="int8")
            store.open(Fingerprint("made-up", size, "raw", "unit"))
            write(store, rows)
            report(store, rows, queries, "scanned")
            started = time.perf_counter()
            store.optimize()
            print(f"{f'{points:,} x {size}':>16} optimised in {time.perf_counter() - started:.0f} s")
            report(store, rows, queries, "int8 graph")
            store.close()


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


def report(store: EdgeStore, rows: Matrix, queries: Matrix, state: str) -> None:
    """Print one line without a filter and one with."""
    for wanted in (None, group(3)):
        allowed = np.array([i for i in range(len(rows)) if wanted in (None, group(i))])
        found, times, busy = [], [], []
        filter = None if wanted is None else {"source": wanted}
        for query in queries:
            store.search(query, K, filter)  # the files' pages are in memory from here on
        for query, best in zip(queries, exact(rows[allowed], queries), strict=True):
            started, worked = time.perf_counter(), time.process_time()
            hits = store.search(query, K, filter)
            times.append(1000 * (time.perf_counter() - started))
            busy.append(1000 * (time.process_time() - worked))
            ids = {UUID(hit.record.id).int for hit in hits}
            found.append(len(ids & set(allowed[best].tolist())) / K)
        p50, p95 = np.percentile(times, [50, 95])
        shape = f"{len(rows):,} x {rows.shape[1]}"
        share = "none" if wanted is None else "1/10"
        line = f"{shape:>16} {state:>10} {share:>6} {np.mean(found):>9.3f} {p50:>7.1f} {p95:>7.1f}"
        print(f"{line} {np.median(busy):>7.1f}", flush=True)


def exact(rows: Matrix, queries: Matrix) -> Iterator[NDArray[Any]]:
    """For each query the positions of its K nearest rows."""
    for query in queries:
        yield np.argsort(-(rows @ query))[:K]


def group(i: int) -> str:
    return f"group-{i % GROUPS}"


def unit(rows: NDArray[Any]) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


if __name__ == "__main__":
    for points in map(int, sys.argv[1:] or ["20000"]):
        main(points)
