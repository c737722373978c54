"""A batch job's file of results brought into a cache, of 3072 numbers a line: collect.py WAY COUNT

core: `BatchRun.wait`, every line checked, four of them compared, nothing in the cache before all are.
json: streamed by httpx, read by json.loads into numpy, written in the same form; no check at all.
sdk: as json, but the file comes by google-genai's `files.download`, which has it in memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
import numpy as np
from gemini_embed import Embedder, VectorCache
from gemini_embed.batch_jobs.ledger import JobRow, Ledger

from benchmarks.jobs.process import cpu_s, peak_rss_mib, rss_mib
from benchmarks.jobs.serve_results import DISPLAY_NAME, NAME, RESULTS, RUN, SIZE, VECTORS, key, vectors

MODEL = "gemini-embedding-2"
SERVICE = "measured"
figures: dict[str, float] = {}


def core(url: str, cache: VectorCache, count: int) -> None:
    """Ours."""
    keys = tuple(key(number) for number in range(count))
    checks = {keys[n]: vectors()[n % VECTORS].astype(np.float32) for n in range(0, count, count // 4)}
    with Embedder(MODEL, dimensions=SIZE, api_key="k", base_url=url, service=SERVICE, cache=cache) as embedder:
        row = JobRow(display_name=DISPLAY_NAME, run=RUN, part=0, service=f"developer {SERVICE}", model=MODEL,
                     state="created", name=NAME, keys=keys, checks=checks)  # fmt: skip
        Ledger(cache).note(row)
        run = embedder.batches.get(RUN)
        with measured():
            run.wait()


def plain(lines: Iterable[bytes | str], cache: VectorCache) -> None:
    """json.loads and numpy."""
    rows: dict[bytes, Any] = {}
    for line in lines:
        told = json.loads(line)
        rows[bytes.fromhex(told["key"])] = np.array(told["response"]["embedding"]["values"], dtype=np.float32)
        if len(rows) == 500:
            cache.write(MODEL, rows)
            rows = {}
    cache.write(MODEL, rows)


def streamed(url: str) -> Iterator[str]:
    """The lines by httpx."""
    with httpx.stream("GET", f"{url}/v1beta/{RESULTS}:download?alt=media", timeout=600) as response:
        yield from response.iter_lines()


def downloaded(url: str) -> list[bytes]:
    """The lines by google-genai."""
    from google import genai

    client = genai.Client(api_key="k", http_options={"base_url": url})
    return client.files.download(file=RESULTS).splitlines()


@contextmanager
def measured() -> Iterator[None]:
    """What a block takes, into `figures`."""
    cpu, wall, rss = cpu_s(), perf_counter(), rss_mib()
    yield
    figures.update(cpu_s=cpu_s() - cpu, wall_s=perf_counter() - wall, before_mib=rss, peak_mib=peak_rss_mib())


def collect(way: str, count: int, url: str, folder: Path) -> None:
    """All lines, into a new cache.

    Raises:
        RuntimeError: some are not there.
    """
    cache = VectorCache(folder / "vectors.db")
    len(cache)  # opened
    if way == "core":
        core(url, cache, count)
    else:
        with measured():
            plain(streamed(url) if way == "json" else downloaded(url), cache)
    if len(cache) != count:
        raise RuntimeError(f"{len(cache)} vectors of {count} are there")


def main(way: str, count: int) -> dict[str, Any]:
    """CPU and wall seconds, and memory."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.jobs.serve_results", str(Path(folder) / "results"), str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
            try:
                collect(way, count, server.stdout.readline().strip() if server.stdout else "", Path(folder))
            finally:
                server.terminate()
        size = (Path(folder) / "results").stat().st_size / 2**20
    return {"way": way, "count": count, "file_mib": size, **figures}


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], int(sys.argv[2]))))
