"""What `index.add` costs beside embedding the same passages and writing them to the bare engine: overhead.py URL COUNT
DIMENSIONS ROUNDS

The bare engine is given points of a random id, the vector as a list and the passage, 500 at a time; and once more with
the metadata that a record of ours has, and the two indexes on them that filters need ("records"). All ways take turns
in one process, each with a new store that is open already.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from gemini_embed import EdgeStore, Embedder, MultimodalIndex
from gemini_embed.stores.points import INDEXED_FIELDS
from gemini_embed.stores.quantization import edge_config

from benchmarks.jobs.process import cpu_s
from benchmarks.jobs.texts import texts

CODES = ("turbo4", "none")
"""What a new EdgeStore has, and none."""
_BATCH = 500


def main(url: str, count: int, size: int, rounds: int) -> dict[str, Any]:
    """CPU seconds of each round, by way."""
    passages = list(texts(0, count))
    ways: list[tuple[str, Any]] = [("embed", None), *product(("bare", "records", "index"), CODES)]
    runs: list[dict[str, Any]] = [{"way": way, "code": code, "cpu_s": []} for way, code in ways]
    with Embedder("gemini-embedding-001", dimensions=size, api_key="k", base_url=url, concurrency=16) as embedder:
        for number in range(1 + rounds):
            for run in runs:
                with _ready(embedder, run["way"], run["code"]) as add:
                    before = cpu_s()
                    add(passages)
                    used = cpu_s() - before
                if number:  # the first has loaded what there is to load
                    run["cpu_s"].append(used)
    return {"count": count, "dim": size, "ways": runs}


@contextmanager
def _ready(embedder: Embedder, way: str, code: Any) -> Iterator[Callable[[list[str]], object]]:
    """What is measured."""
    with TemporaryDirectory() as folder:
        if way == "embed":
            yield embedder.embed_documents
        elif way == "index":
            store = EdgeStore(Path(folder) / "index", quantization=code)
            store.open(embedder.fingerprint)
            yield MultimodalIndex(embedder, store).add
            store.close()
        else:
            import qdrant_edge as edge

            vectors = edge.EdgeVectorParams(size=embedder.fingerprint.dimensions, distance=edge.Distance.Cosine)
            config = edge.EdgeConfig(vectors=vectors, quantization_config=edge_config(code, edge))
            shard = edge.EdgeShard.create(folder, config)
            for field in INDEXED_FIELDS if way == "records" else ():
                shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
            payload = _of_a_record if way == "records" else _of_a_passage
            yield lambda passages: _write(shard, passages, embedder.embed_documents(passages).values, payload)
            shard.close()


def _of_a_passage(passage: str) -> dict[str, Any]:
    return {"page_content": passage}


def _of_a_record(passage: str) -> dict[str, Any]:
    digest = sha256(passage.encode()).hexdigest()
    told = {"source": f"sha256:{digest}", "modality": "text", "mime_type": "text/plain", "sha256": digest}
    return {"page_content": passage, "metadata": told}


def _write(shard: Any, passages: list[str], rows: Any, payload: Callable[[str], dict[str, Any]]) -> None:
    import qdrant_edge as edge

    for start in range(0, len(rows), _BATCH):
        some = slice(start, start + _BATCH)
        points = [
            edge.Point(str(uuid4()), row.tolist(), payload(passage))
            for row, passage in zip(rows[some], passages[some], strict=True)
        ]
        shard.update(edge.UpdateOperation.upsert_points(points))


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
