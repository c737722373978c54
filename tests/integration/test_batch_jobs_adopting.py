"""What is paid already is not paid again: jobs that another machine has created of the same contents, and jobs of
another run; and the names by which runs are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fix_emulator import KEY
from gemini_embed import BatchError, Embedder, EmbeddingResult
from gemini_embed_emulator import Emulator, JobPlan

Make = Callable[..., Embedder]

TEXTS = [f"text number {n}" for n in range(40)]
CREATE = "asyncBatchEmbedContent"
HERE, THERE = "here.db", "there.db"


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """`make(HERE)` is an embedder of a machine, which is a cache's file."""

    def made(machine: str = HERE, **options: Any) -> Embedder:
        limits = {"max_items": 20, "look_again_s": 0.1}
        return make_embedder(dimensions=128, cache=tmp_path / machine, batch_limits=limits, **options)

    return made


@pytest.fixture
def online(make_embedder: Make, emulator: Emulator) -> EmbeddingResult:
    """What ordinary calls give."""
    return make_embedder(dimensions=128).embed_documents(TEXTS)


def creates(emulator: Emulator) -> int:
    return sum("asyncBatchEmbedContent" in one.path for one in emulator.requests)


def left_at(emulator: Emulator) -> list[Any]:
    """Jobs and files that the service has."""
    files = httpx.get(f"{emulator.base_url}/v1beta/files", headers={"x-goog-api-key": KEY}).json()
    return [*emulator.jobs(), *files.get("files", [])]


def is_right(result: EmbeddingResult | None, online: EmbeddingResult) -> bool:
    return result is not None and np.array_equal(result.values, online.values)


@pytest.mark.parametrize("batch_s", [0, 60], ids=["done", "under-way"])
def test_another_machine_adopts_the_jobs_of_the_same_contents(
    batch_s: float, make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """It creates none, verifies them itself, and leaves them to the machine that has: which takes them away."""
    emulator.batch_s = batch_s
    emulator.requests.clear()
    first = make(HERE).batches.submit_documents(TEXTS, name="first")
    second = make(THERE).batches.submit_documents(TEXTS, name="second")
    assert creates(emulator) == 2
    emulator.clock.advance(60)
    assert is_right(second.wait(), online)
    assert len(emulator.jobs()) == 2
    assert is_right(first.wait(), online)
    assert left_at(emulator) == []
    assert emulator.bill.batch.repeated == 0


def test_a_cache_that_was_lost(make: Make, online: EmbeddingResult, emulator: Emulator, tmp_path: Path) -> None:
    """The jobs of its ledger are adopted, too; those that came to nothing are not."""
    emulator.batches.push(JobPlan(end="FAILED"))
    with make() as embedder:
        embedder.batches.submit_documents(TEXTS)
    for file in tmp_path.glob(f"{HERE}*"):
        file.unlink()
    emulator.requests.clear()
    assert is_right(make().batches.submit_documents(TEXTS).wait(), online)
    assert creates(emulator) == 1


def test_other_contents_are_other_jobs(make: Make, emulator: Emulator) -> None:
    """Or the same of another size."""
    make(HERE).batches.submit_documents(TEXTS, verify=0)
    make(THERE).batches.submit_documents([*TEXTS[:19], "another"], verify=0)
    make(THERE).batches.submit_documents(TEXTS, verify=0, task="clustering")
    assert creates(emulator) == 2 + 1 + 2


def test_a_job_that_another_machine_has_collected_is_asked_for_again(
    make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """It has taken it away, so nothing is left to adopt."""
    first = make(HERE).batches.submit_documents(TEXTS)
    second = make(THERE).batches.submit_documents(TEXTS)
    first.wait()
    assert is_right(second.wait(), online)
    assert emulator.jobs() == []


def test_a_deadline_leaves_the_jobs_of_another_machine(make: Make, online: EmbeddingResult, emulator: Emulator) -> None:
    """It embeds online, and cancels nothing that others wait for."""
    emulator.batch_s = 60
    first = make(HERE).batches.submit_documents(TEXTS)
    with pytest.warns(match="2 jobs had not ended by the deadline"):
        assert is_right(make(THERE).batches.submit_documents(TEXTS).wait(deadline_s=0), online)
    emulator.clock.advance(60)
    assert first.refresh().jobs == {"succeeded": 2}
    assert is_right(first.wait(), online)


def test_a_run_that_was_looked_at_by_name_is_adopted_when_it_is_submitted(
    make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """Its jobs are in the ledger by then, without their keys."""
    emulator.batch_s = 60
    make(HERE).batches.submit_documents(TEXTS, name="nightly")
    there = make(THERE)
    assert there.batches.get("nightly").refresh().jobs == {"pending": 2}
    run = there.batches.submit_documents(TEXTS)
    emulator.clock.advance(60)
    assert is_right(run.wait(), online)
    assert creates(emulator) == 2


def test_a_run_whose_contents_are_in_the_jobs_of_another_one(
    make: Make, online: EmbeddingResult, emulator: Emulator
) -> None:
    """It has no job of its own, and is found by its name all the same, by whoever has the cache's file."""
    emulator.batch_s = 60
    make().batches.submit_documents(TEXTS, name="first")
    make().batches.submit_documents(TEXTS[:10], name="second")
    assert creates(emulator) == 2
    assert {run.name for run in make().batches.list()} == {"first", "second"}
    found = make().batches.get("second")
    assert found.refresh().jobs == {"pending": 1}, "it is in one of the two"
    emulator.clock.advance(60)
    found.wait()
    emulator.requests.clear()
    assert np.array_equal(make().embed_documents(TEXTS[:10]).values, online.values[:10])
    assert not emulator.requests


def test_a_run_that_needs_no_job(make: Make, emulator: Emulator) -> None:
    """All is in the cache: its name is known until it is deleted."""
    make().embed_documents(TEXTS)
    make().batches.submit_documents(TEXTS, name="nothing-to-do")
    found = make().batches.get("nothing-to-do")
    assert found.wait() is None
    found.delete()
    with pytest.raises(BatchError, match="no run is called"):
        make().batches.get("nothing-to-do")


def test_a_name_that_is_used_every_night(make: Make, emulator: Emulator) -> None:
    """Each night is a run of its own: its numbers are those of its own jobs."""
    make().batches.submit_documents(TEXTS, name="nightly").wait()
    before = make().batches.get("nightly").refresh()
    run = make().batches.submit_documents([f"{text} of today" for text in TEXTS[:20]], name="nightly")
    run.wait()
    for one in (run, make().batches.get("nightly")):
        status = one.refresh()
        assert (status.items, status.jobs) == (20, {"succeeded": 1})
        assert 0 < (status.usd or 0.0) < (before.usd or 0.0)


def test_the_same_night_goes_on(make: Make, emulator: Emulator) -> None:
    """As after a kill: jobs of the name that are under way belong to it."""
    emulator.batch_s = 60
    make().batches.submit_documents(TEXTS, name="nightly")
    run = make().batches.submit_documents([*TEXTS, "one more"], name="nightly")
    emulator.clock.advance(60)
    run.wait()
    assert run.refresh().jobs == {"succeeded": 3}


def test_delete_reaches_what_earlier_nights_have_kept(make: Make, emulator: Emulator) -> None:
    make().batches.submit_documents(TEXTS[:10], name="nightly").wait(keep=True)
    run = make().batches.submit_documents(TEXTS[10:], name="nightly")
    run.wait(keep=True)
    assert len(emulator.jobs()) == 3
    run.delete()
    assert left_at(emulator) == []


def test_a_list_is_asked_for_twice(make: Make, emulator: Emulator) -> None:
    """However many jobs are created: before the first of them, and after the last one for those of other machines."""
    make().batches.submit_documents(TEXTS, verify=0)
    asked = [one.path.rpartition("/")[2] for one in emulator.requests if "batches" in one.path or CREATE in one.path]
    assert asked == ["batches", *[f"gemini-embedding-2:{CREATE}"] * 2, "batches"]
