"""Two workers, and a quota of 500 texts a second for both: sharing.py WAY URL COUNT

file: processes that share it by a `FileBroker`.
ray: `embed_dataset`, whose workers share it by an actor.
daft: `GeminiProvider`, in one process, which is told all of it.
whole: processes that are each told all of it, as happens where nobody shares.

The service is the mock server at URL, which counts each text, and refuses what is more than a second's worth.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.jobs.scale import MODEL, SIZE, WORKERS, Service, rows

PER_S, BURST_S, BATCH = 500, 1.0, 250
OPTIONS = {"rpm": 60.0 * PER_S, "rpm_counts": "texts", "burst_s": BURST_S, "latency_ms": 50}


def embedder(url: str, **options: Any) -> Any:
    """With what the service is."""
    from gemini_embed import Embedder

    return Embedder(MODEL, dimensions=SIZE, base_url=url, verify=False, **options)


def limits() -> Any:
    """The whole quota."""
    from gemini_embed import RateLimits

    return RateLimits(requests_per_minute=60 * PER_S, burst_s=BURST_S)


def embed(url: str, count: int, number: int, path: str) -> None:
    """One of the processes: its part of the texts, with a broker where there is a path for one."""
    from gemini_embed.scale import EmbedStage, FileBroker

    share: Any = FileBroker(path, limits(), workers=WORKERS) if path else 1.0
    stage = EmbedStage(embedder(url, rate_limits=limits()), share=share, on_error="raise")
    mine = rows(count)["text"][number::WORKERS]
    for start in range(0, len(mine), 4 * BATCH):
        stage({"text": mine[start : start + 4 * BATCH]})


def ray(url: str, count: int) -> None:
    """Read to its end, on two CPUs."""
    import pyarrow as pa
    import ray as engine
    from gemini_embed.ray import embed_dataset

    engine.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, object_store_memory=300 * 2**20)
    engine.data.DataContext.get_current().enable_progress_bars = False
    ds = engine.data.from_arrow(pa.table({"text": rows(count)["text"]}))
    options: Any = {"workers": WORKERS, "limits": limits(), "batch_size": BATCH, "on_error": "raise"}
    for _ in embed_dataset(ds, embedder(url), **options).iter_batches(batch_size=None):
        pass


def daft(url: str, count: int) -> None:
    """Read to its end."""
    import daft as engine
    from daft.functions import embed_text
    from gemini_embed.daft import GeminiProvider

    provider = GeminiProvider(embedder(url, rate_limits=limits()))
    df = engine.from_pydict({"text": rows(count)["text"]})
    df.with_column("vector", embed_text(engine.col("text"), provider=provider)).collect()


def main(way: str, url: str, count: int) -> dict[str, Any]:
    """How much of the quota was used, and what was refused."""
    body = json.dumps(OPTIONS).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/reset", body), timeout=30).close()  # noqa: S310 - loopback
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "quota.db") if way == "file" else ""
        started = [["embed", url, str(count), str(number), path] for number in range(WORKERS)]
        commands = started if way in ("file", "whole") else [[way, url, str(count)]]
        settings = {"GEMINI_API_KEY": "k", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
        running = [
            subprocess.Popen([sys.executable, "-m", "benchmarks.jobs.sharing", "one", *rest], env=os.environ | settings)  # noqa: S603 - our own command
            for rest in commands
        ]
        failed = sum(one.wait() != 0 for one in running)
    counted = Service(url).counted()
    used = counted["texts_ok"] / (PER_S * (counted["span_s"] + BURST_S))
    return {
        "way": way,
        "count": count,
        "embedded": counted["texts_ok"],
        "span_s": counted["span_s"],
        "used": used,
        "calls": counted["requests"],
        "refused": counted["429"],
        "gave_up": failed,
    }


if __name__ == "__main__":
    if sys.argv[1] == "one":
        what, *rest = sys.argv[2:]
        if what == "embed":
            embed(rest[0], int(rest[1]), int(rest[2]), rest[3])
        else:
            {"ray": ray, "daft": daft}[what](rest[0], int(rest[1]))
    else:
        print("RESULT", json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
