"""What jobs answer, and what becomes of it: right vectors or a named error, nothing wrong kept, nothing lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from fix_emulator import KEY
from gemini_embed import (
    BatchFailedError,
    BatchMismatchError,
    CacheError,
    Embedder,
    EmbeddingResult,
    GeminiEmbedWarning,
    RefusedItemsError,
    VectorCache,
)
from gemini_embed_emulator import Emulator, Fault, JobPlan
from gemini_embed_emulator.batches import Entry

MakeEmbedder = Callable[..., Embedder]

TEXTS = [f"text number {n}" for n in range(40)]


@pytest.fixture
def embedder(make_embedder: MakeEmbedder, tmp_path: Path) -> Embedder:
    """With a cache."""
    return make_embedder(dimensions=128, cache=tmp_path / "vectors.db")


@pytest.fixture
def online(make_embedder: MakeEmbedder, emulator: Emulator) -> EmbeddingResult:
    """What ordinary calls make of `TEXTS`; the bill begins after that."""
    result = make_embedder(dimensions=128).embed_documents(TEXTS)
    emulator.bill.clear()
    return result


def _calls(emulator: Emulator, end: str) -> int:
    return sum(request.path.endswith(end) for request in emulator.requests)


def test_a_run_brings_what_online_calls_would(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """The same vectors, each paid once but for the verified ones, at half price; nothing is left at the service."""
    run = embedder.batches.submit_documents([*TEXTS, TEXTS[0]])
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, np.concatenate([online.values, online.values[:1]]))
    bill = emulator.bill
    assert (bill.batch.items, bill.batch.repeated, bill.both, bill.online.items) == (40, 0, 4, 4)
    assert result.usage.prompt_tokens == bill.batch.tokens
    assert embedder.budget.spent_usd == pytest.approx((bill.online.tokens + bill.batch.tokens / 2) * 0.2e-6)
    assert embedder.budget.in_flight_usd == pytest.approx(0)
    assert emulator.jobs() == []
    assert embedder.embed_documents(TEXTS).usage.requests == 0


async def test_the_async_doors(embedder: Embedder, online: EmbeddingResult) -> None:
    """Each does what its twin does."""
    run = await embedder.batches.asubmit_documents(TEXTS)
    assert (await run.arefresh()).pending == 36
    result = await run.awaited(progress=False)
    assert result is not None
    assert np.array_equal(result.values, online.values)
    status = await run.acancel()
    assert (status.done, status.pending) == (40, 0)
    await run.adelete()
    assert (await run.arefresh()).jobs == {}


@pytest.mark.parametrize(
    ("plan", "jobs", "billed_twice"),
    [
        pytest.param(JobPlan(shuffle=True), 1, 0, id="shuffled"),
        pytest.param(JobPlan(doubled=7, shuffle=True), 1, 0, id="doubled"),
        pytest.param(JobPlan(missing=9), 2, 0, id="missing"),
        pytest.param(JobPlan(missing=2), 1, 0, id="few-missing-are-asked-online"),
        pytest.param(JobPlan(failed=9, failed_code=14), 2, 0, id="failed-lines"),
        pytest.param(JobPlan(kept=0.7), 2, None, id="cut"),
        pytest.param(JobPlan(end="EXPIRED", partial=0.5), 2, 0, id="expired-with-half-of-it"),
        pytest.param(JobPlan(end="EXPIRED"), 2, 0, id="expired-with-nothing"),
    ],
)
def test_what_a_job_lacks_is_asked_again(
    plan: JobPlan,
    jobs: int,
    billed_twice: int | None,
    embedder: Embedder,
    online: EmbeddingResult,
    emulator: Emulator,
) -> None:
    """In a new job, a few by ordinary calls, and all vectors are right."""
    emulator.batches.push(plan)
    run = embedder.batches.submit_documents(TEXTS)
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert _calls(emulator, ":asyncBatchEmbedContent") == jobs
    if billed_twice is not None:
        assert emulator.bill.batch.repeated == billed_twice
    assert run.refresh().failed == 0
    assert emulator.jobs() == []


def test_what_no_job_answers_is_asked_online(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """After two more jobs."""
    emulator.batches.rule = lambda job: JobPlan(failed=20, failed_code=13, seed=job.number)
    emulator.batches.push(JobPlan(failed=40))
    result = embedder.batches.submit_documents(TEXTS).wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert _calls(emulator, ":asyncBatchEmbedContent") == 3


def _rotated(entries: list[Entry]) -> list[Entry]:
    return [Entry(entry.key, other.answer) for entry, other in zip(entries, entries[1:] + entries[:1], strict=True)]


def test_keys_on_other_answers(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """Nothing of the job enters the cache, the job is kept and named; without it all begins anew."""
    emulator.batches.push(JobPlan(arrange=_rotated))
    run = embedder.batches.submit_documents(TEXTS)
    with pytest.raises(BatchMismatchError, match="None of its vectors is used and the job is kept") as caught:
        run.wait()
    (job,) = emulator.jobs()
    assert caught.value.jobs == (job["name"],)
    assert run.refresh().done == 4, "the verified ones"
    run.delete()
    assert emulator.jobs() == []
    assert embedder.budget.in_flight_usd == pytest.approx(0)
    result = embedder.batches.submit_documents(TEXTS).wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)


def test_a_mismatch_keeps_nothing_else_up(embedder: Embedder, emulator: Emulator) -> None:
    """What other jobs brought is collected."""
    small = embedder.batches
    emulator.batches.push(JobPlan(arrange=_rotated), None)
    small.submit_documents(TEXTS[:20])
    small.submit_documents(TEXTS[20:])
    with pytest.raises(BatchMismatchError):
        small.submit_documents(TEXTS).wait()
    assert embedder.embed_documents(TEXTS[20:]).usage.requests == 0


def test_a_comparison_that_was_wrong(embedder: Embedder, online: EmbeddingResult) -> None:
    """One vector that does not agree has many compared, had anew where the contents are at hand; these decide."""
    run = embedder.batches.submit_documents(TEXTS)
    cache = embedder.cache
    assert isinstance(cache, VectorCache)

    def spoil(db: sqlite3.Connection) -> None:
        (checks,) = db.execute("SELECT checks FROM batch_jobs").fetchone()
        with db:
            db.execute("UPDATE batch_jobs SET checks = ?", (checks[:-512] + checks[-256:] + checks[-512:-256],))

    cache.use(spoil)
    with pytest.raises(BatchMismatchError, match="1 of 4 lines differ"):
        embedder.batches.get(run.name).wait()
    with pytest.warns(GeminiEmbedWarning, match=r"1 of 4 lines differ .*, while 3[23] compared again agree"):
        result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)


def test_without_verification_a_service_is_trusted(embedder: Embedder, emulator: Emulator) -> None:
    """As one that keeps the order; nothing is embedded online then."""
    assert embedder.batches.submit_documents(TEXTS, verify=0).wait() is not None
    assert emulator.bill.online.items == 0


def test_refused_contents(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """They are named with their places, twins among them, and sent nowhere again; all others are there."""
    emulator.batches.push(JobPlan(failed=3, failed_code=3, failed_message="no such content"))
    run = embedder.batches.submit_documents([*TEXTS, *TEXTS], verify=0)
    with pytest.raises(RefusedItemsError, match="no such content") as caught:
        run.wait()
    error = caught.value
    assert error.completed is not None
    assert len(error.refused) == 6
    assert len(error.completed.positions) == 74
    assert {one.position % 40 for one in error.refused} == {one.position for one in error.refused[:3]}
    assert _calls(emulator, ":asyncBatchEmbedContent") == 1
    assert emulator.bill.online.items == 0
    status = run.refresh()
    assert (status.done, status.failed) == (37, 3)
    assert "3 refused" in str(status)


def test_refused_contents_are_skipped(embedder: Embedder, emulator: Emulator) -> None:
    """With `on_error="skip"` their rows are NaN."""
    emulator.batches.push(JobPlan(failed=3, failed_code=9))
    result = embedder.batches.submit_documents(TEXTS, verify=0, on_error="skip").wait()
    assert result is not None
    assert np.isnan(result.values).any(axis=1).sum() == len(result.refused) == 3


def test_a_job_that_failed(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """Its reason is told; with a deadline its contents are embedded online, and a warning says so."""
    emulator.batches.push(JobPlan(end="FAILED", code=3, message="The file is no JSONL.", partial=0.5))
    run = embedder.batches.submit_documents(TEXTS)
    with pytest.raises(BatchFailedError, match=r"failed: The file is no JSONL\. \(2\d of 40 vectors"):
        run.wait()
    assert run.refresh().done > 20, "what it brought is kept"
    with pytest.warns(GeminiEmbedWarning, match=r"of 40 items have no vector and are embedded online: .*no JSONL"):
        result = run.wait(deadline_s=60)
    assert result is not None
    assert np.array_equal(result.values, online.values)


def test_a_job_that_was_deleted_by_somebody(
    make_embedder: MakeEmbedder, online: EmbeddingResult, emulator: Emulator, tmp_path: Path
) -> None:
    """As by another machine that had its vectors: its contents are put into a new one, where they are at hand. One that
    is young may not be shown yet."""
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db", batch_limits={"look_again_s": 0.1})
    run = embedder.batches.submit_documents(TEXTS)
    for job in emulator.jobs():
        httpx.delete(f"{emulator.base_url}/v1beta/{job['name']}", headers={"x-goog-api-key": KEY}).raise_for_status()
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert emulator.bill.batch.repeated == 36, "but for the four verified ones"


@pytest.mark.parametrize("is_submitted", [True, False], ids=["with-the-contents", "without"])
def test_results_that_are_gone(is_submitted: bool, embedder: Embedder, emulator: Emulator) -> None:
    """A job may outlive its file: who has the contents asks again, who has not is told."""
    run = embedder.batches.submit_documents(TEXTS)
    emulator.faults.push(Fault.status(404), action="download")
    if is_submitted:
        assert run.wait() is not None
        return
    with pytest.raises(BatchFailedError, match="its results are gone"):
        embedder.batches.get(run.name).wait()


def test_a_broken_download(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """It is read again, and nothing is asked for twice."""
    run = embedder.batches.submit_documents(TEXTS)
    emulator.faults.push(Fault.drop_mid_body(), Fault.status(503), action="download")
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert _calls(emulator, ":download") == 3
    assert emulator.bill.batch.repeated == 0


def test_a_full_disk(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """It is said, the job is kept, and with more room all is collected."""
    run = embedder.batches.submit_documents(TEXTS)
    cache = embedder.cache
    assert isinstance(cache, VectorCache)
    pages = cache.use(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    cache.use(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    with pytest.raises(CacheError, match="full"):
        run.wait()
    assert len(emulator.jobs()) == 1
    cache.use(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert emulator.bill.batch.items == 40


def test_files_and_jobs_are_kept_if_wanted(embedder: Embedder, emulator: Emulator) -> None:
    """`keep=True` leaves them at the service."""
    assert embedder.batches.submit_documents(TEXTS).wait(keep=True) is not None
    assert len(emulator.jobs()) == 1
    assert not [request for request in emulator.requests if request.method == "DELETE"]


def test_a_job_that_brings_nothing_new_is_cleared_away(embedder: Embedder, emulator: Emulator) -> None:
    """As one whose process was killed between its last vector and the note that it is collected: no run asks for its
    texts again, and still it is paid, noted, and taken away."""
    embedder.batches.submit_documents(TEXTS)
    embedder.embed_documents(TEXTS)
    assert len(emulator.jobs()) == 1
    assert embedder.batches.submit_documents(TEXTS).wait() is not None
    assert emulator.jobs() == []
    assert embedder.budget.in_flight_usd == pytest.approx(0)


async def test_cleaning_up_that_was_ended_goes_on(
    embedder: Embedder, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """By whoever waits next; what is gone by then is nothing to be told of."""
    run = await embedder.batches.asubmit_documents(TEXTS)
    emulator.faults.rule = lambda asked: (
        Fault.latency(60) if asked.method == "DELETE" and "batches" in asked.path else None
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await run.awaited()
    emulator.faults.clear()
    assert len(emulator.jobs()) == 1
    assert await (await embedder.batches.asubmit_documents(TEXTS)).awaited() is not None
    assert emulator.jobs() == []
    assert "could not be deleted" not in caplog.text
    emulator.requests.clear()
    await run.awaited()
    assert not emulator.requests, "and once is enough"
