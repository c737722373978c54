"""Time, money and jobs that are gone: what a wait, an order and a cancel are bounded by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import BatchLimits, Embedder
from gemini_embed.metering.batch_estimates import BatchEstimate
from gemini_embed_emulator import Emulator, Fault, JobPlan

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"text number {n}" for n in range(12)]


@pytest.fixture
def embedder(make_embedder: MakeEmbedder, tmp_path: Path) -> Embedder:
    """With a cache."""
    limits = BatchLimits(look_again_s=0.05)
    return make_embedder(dimensions=128, cache=tmp_path / "vectors.db", batch_limits=limits)


def test_a_wait_that_finds_the_queue_full(embedder: Embedder, emulator: Emulator) -> None:
    """Lines that failed are put into another job: for that there is room, or the time is over."""
    emulator.batches.push(JobPlan(missing=12))
    run = embedder.batches.submit_documents(TEXTS)
    emulator.faults.push(Fault.queue_full(), times=1000, action="asyncBatchEmbedContent")
    assert run.wait(0.3) is None
    emulator.faults.clear()
    assert run.wait() is not None


@pytest.mark.parametrize("code", [400, 404])
def test_jobs_that_are_over_or_gone_are_cancelled_already(code: int, embedder: Embedder, emulator: Emulator) -> None:
    """What the service says to that ends nothing else."""
    run = embedder.batches.submit_documents(TEXTS)
    emulator.faults.push(Fault.status(code), action="cancel")
    assert run.cancel().done == 12


@pytest.mark.parametrize(("texts", "verified"), [(1, 0), (2, 1), (5, 2), (12, 4)])
def test_at_most_half_of_a_small_job_is_verified(
    texts: int, verified: int, embedder: Embedder, emulator: Emulator
) -> None:
    """It costs no more than calls do, and what the estimate says."""
    estimate = embedder.estimate(TEXTS[:texts], price="batch")
    assert embedder.batches.submit_documents(TEXTS[:texts]).wait() is not None
    assert (emulator.bill.online.items, emulator.bill.batch.items) == (verified, texts)
    assert isinstance(estimate, BatchEstimate)
    assert estimate.verified == verified
