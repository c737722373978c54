"""`gemini_embed.ray` on Ray itself, with two workers of this machine, writing to a Milvus server."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_milvus import milvus_standalone
from fix_ray import passages, wait_until
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    InputError,
    MultimodalIndex,
    QuotaUsedUpError,
    RateLimits,
    StoreError,
)
from gemini_embed_emulator import Emulator, Quota

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def test_vectors_beside_the_rows(ray: Any, make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    """The quota that is told is kept by all workers together."""
    from gemini_embed.ray import embed_dataset

    embedder = make_embedder(dimensions=128)
    limits = RateLimits(requests_per_minute=60_000)
    ds = embed_dataset(ray.data.from_arrow(passages(400)), embedder, workers=2, batch_size=50, limits=limits)
    assert emulator.requests.items_billed == 0, "it is lazy"
    rows = ds.take_all()
    assert emulator.requests.items_billed == 400
    rows.sort(key=lambda row: int(row["id"][3:]))
    expected = embedder.embed_documents([row["text"] for row in rows]).values
    assert np.array_equal(np.array([row["vector"] for row in rows], np.float32), expected)
    assert {row["vector_error"] for row in rows} == {None}


@pytest.mark.slow
def test_a_dataset_is_indexed(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """Bad rows are told; a second run finds everything."""
    from gemini_embed.ray import index_dataset

    rows = passages(300).to_pandas().assign(lang="en", unused=1.5)
    rows.loc[7, "text"] = None
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index:
        options: dict[str, Any] = {"source": "id", "metadata": ["lang"], "workers": 2, "batch_size": 50}
        report = index_dataset(ray.data.from_pandas(rows), index, **options)
        assert (report.rows, report.added, report.skipped, report.workers_lost) == (300, 299, 1, 0)
        assert report.examples == [("doc7", "the row has nothing in its column 'text'")]
        assert index.count({"lang": "en"}) == emulator.requests.items_billed == 299
        again = index_dataset(ray.data.from_pandas(rows), index, **options)
        assert (again.added, again.reused, emulator.requests.items_billed) == (0, 299, 299)


@pytest.mark.slow
def test_a_quota_that_is_used_up_in_the_middle(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """The job ends at once and says until when; what was paid for is there, and the next run adds the rest."""
    from gemini_embed.ray import index_dataset

    emulator.quota = Quota(requests_per_day=500)
    batch = 50
    options: dict[str, Any] = {"source": "id", "workers": 2, "batch_size": batch}
    ds = ray.data.from_arrow(passages(1000))
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index:
        with pytest.raises(QuotaUsedUpError) as raised:
            index_dataset(ds, index, **options)
        assert raised.value.resets_at is not None
        billed, there = emulator.requests.items_billed, index.count()
        assert billed <= 500
        assert 0 <= billed - there <= batch, "the other worker may have had a batch in flight"
        emulator.quota = None
        report = index_dataset(ds, index, **options)
        assert (report.added, report.reused) == (1000 - there, there)
        assert emulator.requests.items_billed - billed == 1000 - there
        assert sorted(r.source or "" for r in index.vectors().records) == sorted(f"doc{n}" for n in range(1000))


@pytest.mark.slow
def test_a_dead_worker_gives_its_share_back(ray: Any, make_embedder: Callable[..., Embedder]) -> None:
    """Who is at work has an equal share, by an actor that all jobs find by its name."""
    from gemini_embed.ray import RayBroker
    from gemini_embed.scale import EmbedStage

    limits = RateLimits(requests_per_minute=6000)
    broker = RayBroker(limits, name="of-this-test", workers=2, beat_s=0.5)
    broker.start()
    stage = EmbedStage(make_embedder(dimensions=128), share=broker)

    class Worker:
        def embed(self) -> int:
            stage({"text": ["one"]})
            return os.getpid()

    worker = ray.remote(Worker).options(num_cpus=0.1).remote()
    pid = ray.get(worker.embed.remote())
    assert broker.beat("here", 0).requests_per_minute == 3000
    os.kill(pid, 9)
    wait_until(lambda: broker.beat("here", 0).requests_per_minute == 6000)
    assert broker.at_work() == 1
    broker.leave("here")
    assert broker.at_work() == 0
    with pytest.raises(ConfigurationError, match="workers learn it alone"):
        RayBroker(None)  # type: ignore[arg-type]  # what is refused


@pytest.mark.slow
def test_what_cannot_run_is_said_before_or_by_its_own_error(
    ray: Any, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    from gemini_embed.ray import index_dataset

    embedder, ds = make_embedder(dimensions=128), ray.data.from_arrow(passages(4))
    with (
        MultimodalIndex(embedder, EdgeStore(tmp_path / "store")) as index,
        pytest.raises(StoreError, match=r"is embedded.*QdrantStore\(url=...\)"),
    ):
        index_dataset(ds, index, workers=2)
    with MultimodalIndex(embedder, milvus_standalone(tmp_path)) as index:
        with pytest.raises(InputError, match="the batch has no column 'body': it has id"):
            index_dataset(ds, index, content="body", source="id", workers=1)
        with pytest.raises(ConfigurationError, match="known tiers are"):
            index_dataset(ds, index, limits="tier9")
    assert emulator.requests.items_billed == 0
