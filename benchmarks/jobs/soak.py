"""A long run against a server with faults: soak.py URL TEXTS DIMENSIONS. Every vector is compared with its text.

One `Embedder`, call after call of 5,000 texts; after each: memory, threads, open files.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from gemini_embed import Embedder, RetryPolicy

from benchmarks.jobs.process import cpu_s, open_files, rss_mib, threads
from benchmarks.jobs.texts import texts, wrong

A_CALL = 5_000

url, count, dimensions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
samples: list[dict[str, Any]] = []
rows_wrong = rows = 0
started = time.perf_counter()

with Embedder(
    "gemini-embedding-001",
    dimensions=dimensions,
    api_key="k",
    base_url=url,
    concurrency=16,
    retry=RetryPolicy(max_attempts=10, first_wait_s=0.05),
) as embedder:
    for first in range(0, count, A_CALL):
        passages = list(texts(first, min(A_CALL, count - first)))
        values = embedder.embed_documents(passages).values
        rows += len(values)
        rows_wrong += wrong(passages, values)
        samples.append(
            {
                "texts": rows,
                "wall_s": time.perf_counter() - started,
                "cpu_s": cpu_s(),
                "rss_mib": rss_mib(),
                "threads": threads(),
                "open_files": open_files(),
            }
        )
print("RESULT", json.dumps({"rows": rows, "wrong": rows_wrong, "samples": samples}))
