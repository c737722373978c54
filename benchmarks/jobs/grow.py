"""CPU per text as a call grows: grow.py URL COUNT..."""

import json
import sys

from gemini_embed import Embedder

from benchmarks.jobs.process import cpu_s
from benchmarks.jobs.texts import texts

url, *counts = sys.argv[1:]
samples = []
with Embedder("gemini-embedding-001", dimensions=768, api_key="k", base_url=url, concurrency=16) as embedder:
    embedder.embed_documents(["warm"])
    for count in map(int, counts):
        passages = list(texts(0, count))
        before = cpu_s()
        embedder.embed_documents(passages)
        samples.append({"texts": count, "cpu_us_per_text": (cpu_s() - before) / count * 1e6})
print("RESULT", json.dumps({"samples": samples}))
