"""Batch jobs by the same doors on both backends: what holds on the Developer API holds on Vertex AI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gemini_embed import BatchFailedError, BatchMismatchError, Embedder, EmbeddingResult, Image
from gemini_embed_emulator import Emulator, Fault, JobPlan, ReceivedRequest
from PIL.Image import effect_noise

TEXTS = [f"text number {n}" for n in range(30)]
MODELS = {"gemini-embedding-2": "global", "gemini-embedding-001": "us-central1"}

Make = Callable[..., Embedder]


@pytest.fixture(params=["developer", "vertex"])
def make(request: pytest.FixtureRequest, make_embedder: Make, fake_credentials: Any, tmp_path: Path) -> Make:
    """Makes embedders of one backend, with a cache of their own."""

    def made(model: str = "gemini-embedding-2", *, cache: str = "vectors.db", **options: Any) -> Embedder:
        told: dict[str, Any] = {"dimensions": 32, "cache": tmp_path / cache, **options}
        if request.param == "vertex":
            access = {"project": "p", "credentials": fake_credentials, "location": MODELS[model]}
            told = {"vertexai": True, "staging": "gs://bucket/prefix", **access, **told}
        return make_embedder(model, **told)

    return made


@pytest.fixture
def online(make: Make, emulator: Emulator) -> EmbeddingResult:
    """What ordinary calls make of `TEXTS`; the bill and the log begin after that."""
    result = make(cache="online.db").embed_documents(TEXTS)
    emulator.bill.clear()
    emulator.requests.clear()
    return result


def is_create(request: ReceivedRequest) -> bool:
    return request.method == "POST" and request.path.endswith((":asyncBatchEmbedContent", "/batchPredictionJobs"))


def creates(emulator: Emulator) -> int:
    return sum(map(is_create, emulator.requests))


def left_behind(emulator: Emulator) -> list[Any]:
    """Jobs, objects and files that are still at the service."""
    headers = {"x-goog-api-key": "k"}
    files = httpx.get(f"{emulator.base_url}/v1beta/files", headers=headers, verify=False).json().get("files", [])  # noqa: S501 - plain http
    return [*emulator.jobs(), *emulator.objects, *files]


def same(result: EmbeddingResult | None, online: EmbeddingResult) -> bool:
    return result is not None and np.array_equal(result.values, online.values)


@pytest.mark.parametrize("model", [*MODELS])
def test_from_submit_to_vectors(model: str, make: Make, emulator: Emulator) -> None:
    """Those of ordinary calls, each billed once but for the four that are verified; nothing is left at the service."""
    online = make(model, cache="online.db").embed_documents(TEXTS, titles=["T"] * len(TEXTS))
    emulator.bill.clear()
    embedder = make(model)
    run = embedder.batches.submit_documents(TEXTS, titles=["T"] * len(TEXTS))
    assert same(run.wait(), online)
    bill = emulator.bill
    assert (bill.batch.items, bill.batch.repeated, bill.online.items, bill.both) == (30, 0, 4, 4)
    assert left_behind(emulator) == []
    before = len(emulator.requests)
    assert same(embedder.embed_documents(TEXTS, titles=["T"] * len(TEXTS)), online)
    assert len(emulator.requests) == before, "an ordinary call finds what the job made"


@pytest.mark.parametrize(
    "fault", [Fault.lost(503), Fault.lost(), Fault.drop_mid_body()], ids=["503", "no-answer", "half"]
)
def test_a_job_whose_creation_is_not_answered_is_found(
    fault: Fault, make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """It is created once, and adopted by its display name."""
    faults = iter([fault])
    emulator.faults.rule = lambda request: next(faults, None) if is_create(request) else None
    run = make().batches.submit_documents(TEXTS)
    assert (creates(emulator), len(emulator.jobs())) == (1, 1)
    assert same(run.wait(), online)
    assert emulator.bill.batch.repeated == 0


def test_what_is_under_way_is_adopted(make: Make, online: EmbeddingResult, emulator: Emulator) -> None:
    """By a second call, of another object with the same cache."""
    emulator.batch_s = 60
    make().batches.submit_documents(TEXTS)
    again = make().batches.submit_documents(TEXTS)
    assert creates(emulator) == 1
    emulator.clock.advance(60)
    assert same(again.wait(), online)


def test_another_machine_finds_and_collects(make: Make, online: EmbeddingResult, emulator: Emulator) -> None:
    """By the list and the keys in the answers."""
    name = make().batches.submit_documents(TEXTS, name="nightly").name
    elsewhere = make(cache="elsewhere.db")
    assert [run.name for run in elsewhere.batches.list()] == [name] == ["nightly"]
    assert elsewhere.batches.get("nightly").wait() is None, "the order of the contents is not known there"
    calls = emulator.requests.items_billed
    assert same(elsewhere.embed_documents(TEXTS), online)
    assert emulator.requests.items_billed == calls


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(JobPlan(shuffle=True, doubled=3, output_files=4), id="shuffled-doubled-several-files"),
        pytest.param(JobPlan(end="EXPIRED", partial=0.5, failed=5, failed_code=14), id="expired-with-some-of-it"),
    ],
)
def test_whatever_a_job_brings_is_used_and_the_rest_asked_again(
    plan: JobPlan, make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    emulator.batches.push(plan)
    assert same(make().batches.submit_documents(TEXTS).wait(), online)
    assert left_behind(emulator) == []


def test_a_job_that_fails_says_why(make: Make, emulator: Emulator) -> None:
    emulator.batches.rule = lambda job: JobPlan(end="FAILED", message="There is no room.")
    with pytest.raises(BatchFailedError, match="There is no room"):
        make().batches.submit_documents(TEXTS).wait()


def test_answers_under_wrong_keys_never_reach_the_cache(
    make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """The job is named, and kept for a report."""
    emulator.batches.push(JobPlan(swapped=15))
    embedder = make()
    run = embedder.batches.submit_documents(TEXTS)
    (job,) = emulator.jobs()
    with pytest.raises(BatchMismatchError) as mismatch:
        run.wait()
    assert mismatch.value.jobs == (job["name"],)
    assert [one["name"] for one in emulator.jobs()] == [job["name"]]
    assert same(embedder.embed_documents(TEXTS), online)


def test_a_cancelled_run_keeps_what_was_done(make: Make, emulator: Emulator) -> None:
    """It costs what was done, and no more."""
    emulator.batches.push(JobPlan(batch_s=100, partial=0.5))
    run = make().batches.submit_documents(TEXTS)
    emulator.clock.advance(60)
    status = run.cancel()
    assert emulator.bill.batch.items == 15
    assert status.done >= 15
    run.delete()
    assert left_behind(emulator) == []


def test_large_media_go_by_reference_and_are_taken_away(make: Make, emulator: Emulator, tmp_path: Path) -> None:
    """Until the job has ended they are there; a small one is in its line."""
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    effect_noise((1100, 1000), 90).save(large, compress_level=0)
    effect_noise((20, 20), 90).save(small)
    emulator.batch_s = 60
    pictures = [Image(large), Image(small)]
    online = make(cache="online.db").embed(pictures)
    run = make().batches.submit(pictures)
    assert len(left_behind(emulator)) == 3, "a job, its input, and one picture"
    emulator.clock.advance(60)
    assert same(run.wait(), online)
    assert left_behind(emulator) == []
