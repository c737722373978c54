"""Stores, each kind behind one factory, and an embedder that needs no server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from gemini_embed import Budget, EdgeStore, EmbeddingResult, Fingerprint, GeminiEmbedError, QdrantStore, Store, Usage
from gemini_embed.calls import Submitted
from gemini_embed.content import ContentLike, contents_of
from gemini_embed.engine import Pending
from gemini_embed.models import facts_for

if TYPE_CHECKING:
    from gemini_embed.calls.rows import Rows

STORE_KINDS = ("edge", "qdrant-memory", "qdrant-path")


@pytest.fixture(params=STORE_KINDS)
def store_kind(request: pytest.FixtureRequest) -> str:
    """Every kind of store in turn."""
    kind: str = request.param
    return kind


@pytest.fixture
def make_store(store_kind: str, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """`make_store(name="a")` is a store of the kind under test; the same name means the same place on disk."""
    made: list[Store] = []

    def make(name: str = "index") -> Store:
        match store_kind:
            case "edge":
                made.append(EdgeStore(tmp_path / name))
            case "qdrant-memory":
                made.append(QdrantStore(":memory:"))
            case _:
                made.append(QdrantStore(path=tmp_path / name))
        return made[-1]

    yield make
    for store in made:
        store.close()


class CountingEmbedder:
    """Stands in for `Embedder` where a test is about the index: equal contents, equal vectors; it counts them."""

    facts = facts_for("gemini-embedding-2", "developer")

    def __init__(self, model: str = "stand-in", dimensions: int = 32) -> None:
        self.model = model
        self.fingerprint = Fingerprint(model, dimensions, "prefix:retrieval", "unit")
        self.budget = Budget(self.facts)
        self.root = None
        self.embedded: list[tuple[str, Any]] = []
        self.fail_at: tuple[int, Exception] | None = None
        """(n, error): the n-th call, counted from 0, ends with this error."""
        self.calls = 0

    def submit(self, contents: Sequence[ContentLike], *, side: str = "document", **_: Any) -> Submitted:
        pending: Future[EmbeddingResult] = Future()
        try:
            pending.set_result(self.embed(contents, side=side))
        except GeminiEmbedError as error:
            pending.set_exception(error)
        return Submitted(Pending(pending, Thread()), cast("Rows", self))

    def embed(self, contents: Sequence[ContentLike], *, side: str = "document") -> EmbeddingResult:
        call, self.calls = self.calls, self.calls + 1
        if self.fail_at is not None and self.fail_at[0] == call:
            raise self.fail_at[1]
        wanted = contents_of(contents)
        self.embedded += [(side, content) for content in wanted]
        rows = np.array([self.vector(content) for content in wanted], np.float32)
        return EmbeddingResult(rows, usage=Usage(len(wanted), {}, 1), model=self.fingerprint.model)

    def fetch(self, url: str) -> bytes:
        raise AssertionError(f"{url} is not to be fetched")

    def completed(self, usage: Usage) -> None:
        """Of a call that is stopped: nothing, as if none had begun."""

    def vector(self, content: Any) -> Any:
        seed = int(hashlib.sha256(repr((content.parts, content.title)).encode()).hexdigest()[:8], 16)
        row = np.random.default_rng(seed).normal(size=self.fingerprint.dimensions)
        return row / np.linalg.norm(row)


@pytest.fixture
def counting_embedder() -> CountingEmbedder:
    """An embedder that counts what it embeds."""
    return CountingEmbedder()
