"""Waiting for a run: looked at seldom, interrupted at will, gone on with anywhere, by anybody, or given up in time."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fix_telemetry import Told
from gemini_embed import (
    BatchDeadlineError,
    BatchFailedError,
    BatchStatus,
    ConfigurationError,
    Embedder,
    EmbeddingResult,
    GeminiEmbedWarning,
    track_usage,
)
from gemini_embed_emulator import Emulator, JobPlan

MakeEmbedder = Callable[..., Embedder]

TEXTS = [f"text number {n}" for n in range(30)]
NEVER = JobPlan(end="PENDING")


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


def test_the_time_is_over(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """None, and the jobs go on; later all is there."""
    emulator.batches.push(JobPlan(batch_s=3600))
    run = embedder.batches.submit_documents(TEXTS)
    assert run.wait(0) is None
    status = run.refresh()
    assert (status.items, status.done, status.pending, status.failed) == (30, 4, 26, 0)
    assert dict(status.jobs) == {"pending": 1}
    emulator.clock.advance(2000)
    assert dict(run.refresh().jobs) == {"running": 1}
    emulator.clock.advance(2000)
    result = run.wait(0)
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert str(run.refresh()).startswith("30 of 30 items done, 1 job (1 succeeded), 2")


@pytest.mark.parametrize("fallback", ["raise", None])
def test_a_deadline_after_which_jobs_go_on(embedder: Embedder, emulator: Emulator, fallback: str | None) -> None:
    """An error that names them, or None."""
    emulator.batches.push(NEVER)
    run = embedder.batches.submit_documents(TEXTS)
    (job,) = emulator.jobs()
    if fallback is None:
        assert run.wait(deadline_s=0, fallback=None) is None
    else:
        with pytest.raises(BatchDeadlineError, match=r"deadline_s=0, 1 job had not ended .*goes on") as caught:
            run.wait(deadline_s=0, fallback="raise")
        assert caught.value.jobs == (job["name"],)
    assert [one["state"] for one in emulator.jobs()] == ["PENDING"]


def test_a_deadline_after_which_calls_are_made(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """The jobs are cancelled, and the rest is embedded by ordinary calls; nothing is paid twice, nothing held back."""
    emulator.batches.push(NEVER)
    run = embedder.batches.submit_documents(TEXTS)
    with pytest.warns(GeminiEmbedWarning, match="1 job had not ended by the deadline"):
        result = run.wait(deadline_s=0)
    assert result is not None
    assert np.array_equal(result.values, online.values)
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (0, 30)
    assert emulator.jobs() == []
    assert embedder.budget.spent_usd == pytest.approx(emulator.bill.online.tokens * 0.2e-6)
    assert embedder.budget.in_flight_usd == pytest.approx(0)


def test_a_deadline_without_the_contents(embedder: Embedder, emulator: Emulator) -> None:
    """What is to be embedded is not known, so that is said."""
    emulator.batches.push(NEVER)
    run = embedder.batches.submit_documents(TEXTS)
    with pytest.raises(BatchDeadlineError, match="needs the contents: submit them again"):
        embedder.batches.get(run.name).wait(deadline_s=0)


def test_another_object_collects(embedder: Embedder, online: EmbeddingResult, emulator: Emulator) -> None:
    """A run that is found again has no contents, so no vectors come back; they are in the cache."""
    run = embedder.batches.submit_documents(TEXTS)
    found = embedder.batches.get(run.name)
    assert found.wait() is None
    status = found.refresh()
    assert (status.items, status.done, status.failed) == (30, 30, 0)
    result = embedder.embed_documents(TEXTS)
    assert result.usage.requests == 0
    assert np.array_equal(result.values, online.values)
    assert emulator.bill.both == 4


def test_another_machine_collects(
    embedder: Embedder, online: EmbeddingResult, emulator: Emulator, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    """Only the list of jobs knows the run there; the answers alone say whose they are."""
    run = embedder.batches.submit_documents(TEXTS)
    elsewhere = make_embedder(dimensions=128, cache=tmp_path / "of another machine.db")
    found = elsewhere.batches.get(run.name)
    assert found.wait() is None
    assert found.refresh().done == 30
    result = elsewhere.embed_documents(TEXTS)
    assert result.usage.requests == 0
    assert np.array_equal(result.values, online.values)


def test_two_collect_at_once(
    embedder: Embedder, online: EmbeddingResult, emulator: Emulator, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    """With one cache: each job is taken in once, and both have all vectors."""
    other = make_embedder(dimensions=128, cache=tmp_path / "vectors.db")
    run = embedder.batches.submit_documents(TEXTS)
    again = other.batches.submit_documents(TEXTS)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda one: one.wait(), (run, again)))
    for result in results:
        assert result is not None
        assert np.array_equal(result.values, online.values)
    assert _calls(emulator, ":asyncBatchEmbedContent") == 1
    assert _calls(emulator, ":download") == 1


def test_ctrl_c(
    embedder: Embedder, emulator: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs go on, and the line that collects them is printed: it runs as it stands, where a key is set."""
    emulator.batches.push(JobPlan(batch_s=3600))
    embedder.batches.submit_documents(TEXTS)
    run = embedder.batches.submit_documents(TEXTS)  # has the jobs of the first, and none of its own
    main = threading.get_ident()
    with pytest.raises(KeyboardInterrupt):
        run.wait(progress=lambda status: signal.pthread_kill(main, signal.SIGINT))
    said = capsys.readouterr().err
    assert "The jobs go on. To collect them later:" in said
    assert [job["state"] for job in emulator.jobs()] == ["PENDING"]
    line = said.partition("To collect them later:")[2].split("\n")[1].strip()
    emulator.clock.advance(3600)
    monkeypatch.setenv("GEMINI_API_KEY", "any")
    exec(line, {})  # noqa: S102 - what the person is told to run
    assert run.refresh().is_over


async def test_a_wait_that_is_cancelled(embedder: Embedder, emulator: Emulator) -> None:
    """So does a task's."""
    emulator.batches.push(JobPlan(batch_s=3600))
    run = await embedder.batches.asubmit_documents(TEXTS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await run.awaited()
    emulator.clock.advance(4000)
    assert await run.awaited() is not None


@pytest.mark.parametrize("partial", [0.0, 0.5])
def test_cancel(embedder: Embedder, emulator: Emulator, partial: float) -> None:
    """One call ends all jobs. What they brought is kept and paid, and nothing else."""
    emulator.batches.push(JobPlan(end="PENDING", partial=partial), times=2)
    run = embedder.batches.submit_documents(TEXTS[:15])
    both = embedder.batches.submit_documents(TEXTS)
    status = both.cancel()
    assert dict(status.jobs) == {"cancelled": 2}
    assert (status.done > 8) == (partial > 0)
    bill = emulator.bill
    assert bill.batch.items == (0 if not partial else pytest.approx(15, abs=1))
    assert embedder.budget.spent_usd == pytest.approx((bill.online.tokens + bill.batch.tokens / 2) * 0.2e-6)
    assert embedder.budget.in_flight_usd == pytest.approx(0)
    with pytest.raises(BatchFailedError, match="cancelled"):
        run.wait()


def test_progress(embedder: Embedder) -> None:
    """A function is told; the last time all is done."""
    told: list[BatchStatus] = []
    assert embedder.batches.submit_documents(TEXTS).wait(progress=told.append) is not None
    assert (told[-1].done, told[-1].is_over) == (30, True)


def test_a_bar(embedder: Embedder, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows jobs and price."""
    embedder.batches.submit_documents(TEXTS).wait(progress=True)
    said = capsys.readouterr().err
    assert "30/30" in said
    assert "1 succeeded, $0.0" in said


def test_looks_ask_for_a_list(embedder: Embedder, emulator: Emulator) -> None:
    """One request for many jobs."""
    emulator.batches.rule = lambda job: NEVER
    for start in range(0, 30, 10):
        embedder.batches.submit_documents(TEXTS[start : start + 10], verify=0)
    before = len(emulator.requests)
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    looks = len(emulator.requests)
    assert dict(run.refresh().jobs) == {"pending": 3}
    assert (looks - before, len(emulator.requests) - looks) == (0, 1)


def test_usage_is_tracked(embedder: Embedder, emulator: Emulator) -> None:
    """What jobs were counted at is the usage of who collects them."""
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    with track_usage() as spent:
        run.wait()
    assert spent.usage.prompt_tokens == emulator.bill.batch.tokens
    assert list(spent.by_model) == ["gemini-embedding-2"]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        pytest.param({"timeout_s": -1}, "timeout_s=-1 must be a number of seconds", id="negative"),
        pytest.param({"deadline_s": "soon"}, "deadline_s='soon' must be a number of seconds", id="no-number"),
        pytest.param({"progress": 3}, "progress=3 must be True or False", id="progress"),
        pytest.param({"fallback": "offline"}, "fallback='offline' must be 'online', 'raise' or None", id="fallback"),
        pytest.param({"keep": "yes"}, "keep='yes' must be True or False", id="keep"),
    ],
)
def test_what_cannot_be_honoured(embedder: Embedder, how: dict[str, object], message: str) -> None:
    """Before anything is asked."""
    run = embedder.batches.submit_documents(TEXTS[:1], verify=0)
    with pytest.raises(ConfigurationError, match=message):
        run.wait(**how)  # type: ignore[arg-type]  # that is the point


def test_opentelemetry_is_told(embedder: Embedder, emulator: Emulator, told: Told) -> None:
    """A job that is collected is a span of its own, with what it was counted at; it says that it was a job."""
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    assert run.wait() is not None
    collected, out_of_the_cache = (dict(span.attributes or {}) for span in told.spans)
    assert collected["gemini_embed.price"] == "batch"
    assert collected["gemini_embed.inputs"] == 30
    assert collected["gemini_embed.task"] == "search"
    assert collected["gen_ai.usage.input_tokens"] == emulator.bill.batch.tokens
    assert "gemini_embed.price" not in out_of_the_cache
    assert out_of_the_cache["gemini_embed.cached"] == 30
