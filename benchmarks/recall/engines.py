"""The engines that are compared: each is filled, and asked for the positions of the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from benchmarks.recall.minilm import Matrix

_BATCH = 500
Search = Callable[[Matrix, int], list[int]]


class Engine(Protocol):
    """One that is measured."""

    def fill(self, rows: Path) -> None:
        """Take in all rows of a .npy file."""

    def search(self, query: Matrix, k: int) -> list[int]:
        """The positions of the `k` nearest."""


class Edge:
    """EdgeStore, with codes."""

    def __init__(self, folder: Path, size: int, quantization: Any) -> None:
        from gemini_embed import EdgeStore, Embedder

        self.embedder = Embedder(api_key="never-asked", dimensions=size)
        self.store = EdgeStore(folder / "index", quantization=quantization)
        self.store.open(self.embedder.fingerprint)

    def fill(self, rows: Path) -> None:
        from gemini_embed import Record

        for start, some in pieces(rows):
            self.store.upsert([Record(_id(start + i), "", {"source": "wordnet"}) for i in range(len(some))], some)

    def search(self, query: Matrix, k: int) -> list[int]:
        return [UUID(hit.record.id).int for hit in self.store.search(query, k)]


class QdrantLocal:
    """qdrant-client's local mode, in memory."""

    def __init__(self, _: Path, size: int, __: object) -> None:
        from qdrant_client import QdrantClient, models

        self._client, self._models = QdrantClient(":memory:"), models
        self._client.create_collection("c", models.VectorParams(size=size, distance=models.Distance.COSINE))

    def fill(self, rows: Path) -> None:
        for start, some in pieces(rows):
            batch = self._models.Batch(ids=list(range(start, start + len(some))), vectors=some.tolist())
            self._client.upsert("c", batch)

    def search(self, query: Matrix, k: int) -> list[int]:
        return [int(str(point.id)) for point in self._client.query_points("c", query.tolist(), limit=k).points]


class Chroma:
    """Chroma in a folder, with its graph as it comes, by cosine."""

    def __init__(self, folder: Path, _: int, __: object) -> None:
        import chromadb

        client = chromadb.PersistentClient(str(folder / "chroma"), chromadb.Settings(anonymized_telemetry=False))
        self._collection = client.create_collection("glosses", configuration={"hnsw": {"space": "cosine"}})

    def fill(self, rows: Path) -> None:
        for start, some in pieces(rows):
            self._collection.add(ids=[str(start + i) for i in range(len(some))], embeddings=some)

    def search(self, query: Matrix, k: int) -> list[int]:
        found = self._collection.query(query_embeddings=query[None], n_results=k, include=[])
        return [int(one) for one in found["ids"][0]]


class Faiss:
    """FAISS: an exact index, or a graph of 32 links."""

    def __init__(self, _: Path, size: int, kind: str) -> None:
        import faiss

        self._index: Any = faiss.IndexFlatIP(size)
        if kind == "hnsw":
            self._index = faiss.IndexHNSWFlat(size, 32, faiss.METRIC_INNER_PRODUCT)
            self._index.hnsw.efConstruction, self._index.hnsw.efSearch = 100, 128

    def fill(self, rows: Path) -> None:
        for _, some in pieces(rows):
            self._index.add(some)

    def search(self, query: Matrix, k: int) -> list[int]:
        found: NDArray[Any] = self._index.search(query[None], k)[1]
        return [int(one) for one in found[0]]


ENGINES: dict[str, tuple[Callable[..., Engine], str]] = {
    **{f"edge-{name}": (Edge, name) for name in ("none", "int8", "turbo4", "turbo2", "turbo1", "binary")},
    "qdrant-local": (QdrantLocal, ""),
    "chroma": (Chroma, ""),
    "faiss-flat": (Faiss, "flat"),
    "faiss-hnsw": (Faiss, "hnsw"),
}


def pieces(rows: Path) -> Iterator[tuple[int, Matrix]]:
    """(start, rows) of a .npy file; nothing of it stays in this process's memory."""
    count = len(np.load(rows, mmap_mode="r"))
    for start in range(0, count, _BATCH):
        yield start, np.array(np.load(rows, mmap_mode="r")[start : start + _BATCH])


def _id(position: int) -> str:
    return str(UUID(int=position))
