"""`MultimodalIndex.add` of many passages at 768 dimensions into an `EdgeStore`: add_to_index.py URL FOLDER COUNT.

Passages come from a generator, so that what grows is ours. A sample is taken every 5,000 passages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from gemini_embed import EdgeStore, Embedder, MultimodalIndex

from benchmarks.jobs.process import cpu_s, peak_rss_mib, rss_mib
from benchmarks.jobs.texts import texts

EVERY = 5_000

url, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
samples: list[dict[str, Any]] = []


def sampled() -> Iterator[str]:
    """The passages; the adding asks for the next ones when it has room for them."""
    for taken, passage in enumerate(texts(0, count)):
        if taken % EVERY == 0:
            samples.append({"passages": taken, "cpu_s": cpu_s(), "rss_mib": rss_mib()})
        yield passage


with Embedder("gemini-embedding-001", dimensions=768, api_key="k", base_url=url, concurrency=16) as embedder:
    index = MultimodalIndex(embedder, EdgeStore(folder))
    index.add(["warm"])
    before = rss_mib()
    report = index.add(sampled())
    samples.append({"passages": count, "cpu_s": cpu_s(), "rss_mib": rss_mib()})
    result = {
        "added": report.added,
        "stored": index.count(),
        "before_mib": before,
        "peak_mib": peak_rss_mib(),
        "samples": samples,
    }
    index.close()
print("RESULT", json.dumps(result))
