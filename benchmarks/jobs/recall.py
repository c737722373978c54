"""One engine on real text vectors: recall.py ENGINE COUNT DIMENSIONS

Recall@10 and @100 against exact search, milliseconds a search, memory, seconds to build; an EdgeStore before `optimize`
and after, and its own table of recall.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gemini_embed import MultimodalIndex
from gemini_embed.evaluation import recall_table

from benchmarks.jobs.process import rss_mib
from benchmarks.recall.engines import ENGINES, Edge, Engine
from benchmarks.recall.glosses import Data, data

OF_TABLE = ("edge-turbo4", "edge-turbo1", "edge-binary")
"""Engines whose table is made, of the first size."""


def main(name: str, count: int, size: int) -> dict[str, Any]:
    """All about one engine."""
    found = data(count, size)
    make, argument = ENGINES[name]
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        before = rss_mib()
        engine = make(Path(folder), size, argument)
        engine.fill(found.rows)
        built_s = time.perf_counter() - started
        states = [{"state": "built", "build_s": built_s, **measured(engine, found), "rss_mib": rss_mib() - before}]
        table: dict[str, Any] | None = None
        if isinstance(engine, Edge):
            started = time.perf_counter()
            engine.store.optimize()
            took_s = time.perf_counter() - started
            states.append(
                {"state": "optimized", "build_s": took_s, **measured(engine, found), "rss_mib": rss_mib() - before}
            )
            table = tabled(engine, found) if name in OF_TABLE and size == 3072 else None
            engine.store.close()
    return {"engine": name, "count": count, "dim": size, "states": states, "table": table}


def measured(engine: Engine, found: Data) -> dict[str, float]:
    """Recall and times; what is read for the first time is not timed."""
    result: dict[str, float] = {}
    for k in (10, 100):
        for query in found.queries[:20]:
            engine.search(query, k)
        shares, took_ms = [], []
        for query, best in zip(found.queries, found.best, strict=True):
            started = time.perf_counter()
            got = engine.search(query, k)
            took_ms.append(1000 * (time.perf_counter() - started))
            shares.append(len({*got} & {*best[:k].tolist()}) / k)
        p50, p95 = np.percentile(took_ms, [50, 95])
        result |= {f"recall@{k}": float(np.mean(shares)), f"p50_ms@{k}": float(p50), f"p95_ms@{k}": float(p95)}
    return result


def tabled(engine: Edge, found: Data) -> dict[str, Any]:
    """The store's own table, as a user makes it."""
    started = time.perf_counter()
    table = recall_table(MultimodalIndex(engine.embedder, engine.store), found.queries)
    cells = [[*cell, recall, table.p50_ms[cell]] for cell, recall in table.recall.items()]
    return {"cells": cells, "took_s": time.perf_counter() - started, "code_bytes": table.code_bytes}


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
