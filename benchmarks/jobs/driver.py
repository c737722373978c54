"""The memory of the process that drives Ray, while two workers index into a Milvus server: driver.py URL COUNT

Rows are made where they are read, and written with vectors of 768 numbers. Read on the way: what the driver holds for
itself (RssAnon), and how many texts the mock server at URL has embedded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.jobs.scale import BATCH, WORKERS, Service, milvus, ours

PARTS = (0.1, 0.2, 0.5, 1.0)
"""Of the rows: where the memory is told."""
EVERY_S = 0.5


def text(row: Mapping[str, Any]) -> Any:
    """A row as an item of some 200 characters."""
    from gemini_embed import Item

    return Item(f"Row {row['id']}: " + "so many words that mean little " * 6, source=f"doc{row['id']}")


def drive(url: str, uri: str, count: int) -> dict[str, Any]:
    """Index `count` rows; the most that was held until each part of them was embedded."""
    import ray
    from gemini_embed.ray import index_dataset

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=300 * 2**20)
    ray.data.DataContext.get_current().enable_progress_bars = False
    service, seen, over = Service(url), list[tuple[int, float]](), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            seen.append((service.counted()["texts_ok"], _private_mib()))

    watching = threading.Thread(target=watch)
    watching.start()
    index = ours(url, uri, "docs")
    report = index_dataset(ray.data.range(count), index, content=text, workers=WORKERS, batch_size=BATCH)
    over.set()
    watching.join()
    at = {str(int(part * count)): max(mib for done, mib in seen if done <= part * count) for part in PARTS}
    return {"count": count, "added": report.added, "rows_per_s": report.rows_per_s, "peak_mib": at}


def _private_mib() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print("RESULT", json.dumps(drive(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        settings = {"GEMINI_API_KEY": "k", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
        with milvus() as address:
            Service(sys.argv[1]).reset()
            command = [sys.executable, "-m", "benchmarks.jobs.driver", "one", sys.argv[1], address, sys.argv[2]]
            subprocess.run(command, env=os.environ | settings, check=True)  # noqa: S603 - our own command
