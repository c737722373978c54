"""N texts give N right vectors, for every row of ModelFacts, through both doors.

Checked twice: against the benchmark's mock, whose vectors carry a hash of the text they belong to, and against the
emulator, whose vectors of a large call must equal those of single calls.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import Embedder, EmbeddingResult
from gemini_embed.models import MODELS, ModelFacts
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.filterwarnings("ignore::gemini_embed.GeminiEmbedWarning")

DIMENSIONS = 64
AS_THE_MOCK_SERVES = {"default_dimensions": DIMENSIONS}
ROWS = [pytest.param(facts, id=f"{facts.backend}-{facts.name}") for facts in MODELS.values()]
DOORS = ("sync", "async")
ONE_A_CALL = [row for row in MODELS.values() if row.max_batch_items == 1]


class BenchMock:
    """The benchmark's mock server in a process of its own, and its checks."""

    def __init__(self, folder: Path) -> None:
        path = folder / "mock_gemini.py"
        spec = importlib.util.spec_from_file_location("bench_mock_gemini", path)
        assert spec is not None
        assert spec.loader is not None
        self.logic: Any = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = self.logic  # its dataclass looks itself up there
        spec.loader.exec_module(self.logic)
        options = ["--port", "0", "--warm", "", "--max-batch", "250", "--default-dim", str(DIMENSIONS)]
        self._process = subprocess.Popen(  # noqa: S603  # the mock's own script
            [sys.executable, str(path), *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)

    def counters(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/stats", timeout=10) as reply:  # noqa: S310  # our own server
            return json.load(reply)

    def check(self, texts: Sequence[str], result: EmbeddingResult) -> None:
        """Each row is its own text's."""
        assert result.values.shape == (len(texts), DIMENSIONS)
        assert [self.logic.decode(row) for row in result] == [self.logic.text_hash(text) for text in texts]
        lengths = np.linalg.norm(result.values, axis=1, keepdims=True)
        if result.model != "embedding-001":  # never shortened, so taken as it comes; the mock makes it 0.7 long
            assert lengths == pytest.approx(np.ones_like(lengths), abs=1e-5)
        for i in {0, len(texts) // 2, len(texts) - 1}:
            assert result[i] / lengths[i] == pytest.approx(self.logic.expected(texts[i], DIMENSIONS), abs=2e-6)


@pytest.fixture(scope="module")
def bench() -> Iterator[BenchMock]:
    folder = os.environ.get("GEMINI_EMBED_BENCH")
    if not folder or not (Path(folder) / "mock_gemini.py").is_file():
        pytest.skip("GEMINI_EMBED_BENCH names no folder: the benchmark's mock is not part of this repository")
    mock = BenchMock(Path(folder))
    yield mock
    mock.stop()


def embed(embedder: Embedder, texts: Sequence[str], door: str) -> EmbeddingResult:
    if door == "async":
        return asyncio.run(embedder.aembed_documents(texts))
    return embedder.embed_documents(texts)


def make(row: ModelFacts, url: str, credentials: Any, **options: Any) -> Embedder:
    access: dict[str, Any] = {"api_key": "k"} if row.backend == "developer" else {"project": "p"}
    if row.backend == "vertex":
        access["credentials"] = credentials
    dimensions = DIMENSIONS if row.shortens else None
    return Embedder(row.name, base_url=url, verify=False, dimensions=dimensions, task="raw", **access, **options)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("facts", ROWS)
def test_against_the_benchmarks_mock(facts: ModelFacts, door: str, bench: BenchMock, fake_credentials: Any) -> None:
    with make(facts, bench.url, fake_credentials, facts=AS_THE_MOCK_SERVES) as embedder:
        for n in (1, 2, 100, 101, 250):
            texts = [f"text {i} of {n}, {facts.name}" for i in range(n)]
            bench.check(texts, embed(embedder, texts, door))


FIVE_THOUSAND = [
    pytest.param(
        facts,
        door,
        id=f"{facts.backend}-{facts.name}-{door}",
        marks=[pytest.mark.slow] if facts in ONE_A_CALL else [],
    )
    for facts in MODELS.values()
    for door in DOORS
]


@pytest.mark.parametrize(("facts", "door"), FIVE_THOUSAND)
def test_five_thousand(facts: ModelFacts, door: str, bench: BenchMock, fake_credentials: Any) -> None:
    texts = [f"{i}" for i in range(5000)]
    with make(facts, bench.url, fake_credentials, facts=AS_THE_MOCK_SERVES) as embedder:
        bench.check(texts, embed(embedder, texts, door))


def test_equal_texts_get_equal_vectors_each(bench: BenchMock, fake_credentials: Any) -> None:
    texts = ["same", "other", "same"] * 70
    with make(MODELS["gemini-embedding-2", "developer"], bench.url, fake_credentials) as embedder:
        bench.check(texts, embedder.embed_documents(texts))


def test_through_faults_of_all_kinds(bench: BenchMock, fake_credentials: Any) -> None:
    """Order and number hold while calls fail, are dropped and come back late."""
    from gemini_embed import RetryPolicy

    faults = {"p429": 0.1, "p503": 0.1, "p500": 0.05, "pdrop": 0.1, "latency_ms": 5, "latency_jitter": 1.0,
              "retry_delay_s": 0.05}  # fmt: skip
    calm = dict.fromkeys(faults, 0)
    texts = [f"text {i}" for i in range(3000)]
    retry = RetryPolicy(first_wait_s=0.01, max_wait_s=0.1, max_attempts=50)
    facts = MODELS["gemini-embedding-001", "developer"]
    try:
        reset(bench, faults)
        with make(facts, bench.url, fake_credentials, retry=retry, batch_size=20) as embedder:
            bench.check(texts, embedder.embed_documents(texts))
        counted = bench.counters()
        assert counted["429"] + counted["503"] + counted["500"] + counted["dropped_mid"] > 10
    finally:
        reset(bench, calm)


def reset(bench: BenchMock, options: dict[str, Any]) -> None:
    request = urllib.request.Request(f"{bench.url}/reset", json.dumps(options).encode(), method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310  # our own server
        pass


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("facts", ROWS)
def test_against_single_calls(facts: ModelFacts, door: str, emulator: Emulator, fake_credentials: Any) -> None:
    emulator.retired = "serve"
    texts = [f"passage number {i} about subject {i % 7}" for i in range(251)]
    with make(facts, emulator.base_url, fake_credentials) as embedder:
        together = embed(embedder, texts, door)
        assert together.values.shape[0] == len(texts)
        for i in (0, 1, 99, 100, 101, 249, 250):
            assert np.array_equal(together[i], embedder.embed_documents([texts[i]]).vector)
    assert len(np.unique(together.values, axis=0)) == len(texts)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("facts", ROWS)
def test_none_at_all(facts: ModelFacts, door: str, fake_credentials: Any, emulator: Emulator) -> None:
    with make(facts, emulator.base_url, fake_credentials) as embedder:
        result = embed(embedder, [], door)
    assert (len(result), result.tolist(), result.usage.requests) == (0, [], 0)
    assert result.values.shape == (0, embedder.fingerprint.dimensions)
    assert not emulator.requests


@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
def test_a_batch_size_of_ones_own(batch_size: int, emulator: Emulator, make_embedder: Callable[..., Embedder]) -> None:
    """At most the model's limit, whatever is asked for."""
    make_embedder(dimensions=8).embed_documents([str(i) for i in range(205)], batch_size=batch_size)
    assert max(len(r.json["requests"]) for r in emulator.requests) == min(batch_size, 100)
