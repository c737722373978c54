"""Machines that submit the same contents at about the same time, each with a cache of its own, while jobs are made,
refused, listed late, or begin to run: no text is paid twice that need not be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from gemini_embed import ApiError, Embedder
from gemini_embed.batch_jobs import adopting
from gemini_embed.batch_jobs.developer import DeveloperJobs
from gemini_embed.wire.batch_jobs import JobReport
from gemini_embed_emulator import Emulator, Fault, ReceivedRequest

CREATE = "asyncBatchEmbedContent"
TEXTS = [f"text number {n}" for n in range(60)]

Make = Callable[..., Embedder]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """`make("here")` is an embedder of a machine, which is a cache's file."""

    def made(machine: str) -> Embedder:
        limits = {"max_items": 20, "look_again_s": 0.2}
        return make_embedder(dimensions=128, cache=tmp_path / f"{machine}.db", batch_limits=limits)

    return made


def billed(emulator: Emulator) -> tuple[int, int]:
    """Texts, and how many of them once more, when all jobs have ended."""
    emulator.clock.advance(1000)
    return emulator.bill.batch.items, emulator.bill.batch.repeated


def test_a_name_of_which_nothing_came_here_is_another_machine_s_job(make: Make, emulator: Emulator) -> None:
    """As where both are called "nightly", and the first try of one was refused."""
    emulator.batch_s = 1000
    here, there = make("here"), make("there")
    emulator.faults.push(Fault.status(403), action=CREATE)
    with pytest.raises(ApiError, match="403"):
        there.batches.submit_documents(TEXTS[:20], verify=0, name="nightly")
    here.batches.submit_documents(TEXTS[:20], verify=0, name="nightly")
    run = there.batches.submit_documents(TEXTS[:20], verify=0, name="nightly")
    assert billed(emulator) == (20, 0)
    assert run.wait() is not None


def test_a_job_that_is_not_found_yet_is_not_gone(make_embedder: Make, emulator: Emulator, tmp_path: Path) -> None:
    """Right after it was created; whoever believed that would pay its texts again."""
    emulator.batch_s = 1000
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db")
    run = embedder.batches.submit_documents(TEXTS[:20], verify=0)
    emulator.faults.rule = lambda asked: Fault.status(404) if "/batches/" in asked.path else None
    run.wait(timeout_s=0)
    assert run.refresh().pending == 20
    emulator.faults.rule = None
    assert billed(emulator) == (20, 0)
    assert run.wait() is not None


def test_what_another_machine_creates_while_this_one_uploads(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Uploads of a large run take hours: the list is asked for now and then, and what was made twice meanwhile is left
    to one of both before it begins to run."""
    monkeypatch.setattr(adopting, "LISTED_S", 0.0)
    emulator.batch_s = 1000
    here, there = make("here"), make("there")
    put, puts = DeveloperJobs.put, list[str]()

    async def slowly(self: DeveloperJobs, file: IO[bytes], display_name: str) -> str:
        puts.append(display_name)
        if len(puts) == 2:
            await asyncio.to_thread(here.batches.submit_documents, TEXTS, verify=0)
        elif len(puts) > 4:
            emulator.clock.advance(600)
        return await put(self, file, display_name)

    monkeypatch.setattr(DeveloperJobs, "put", slowly)
    there.batches.submit_documents([*TEXTS, "one more"], verify=0)
    assert len(puts) == 5, "one is created twice, those after it are not"
    assert billed(emulator) == (61, 0)


def test_a_refusal_is_not_waited_for_with_twins(make: Make, emulator: Emulator) -> None:
    """They would begin to run, and be paid, while the queue is full."""
    emulator.batch_s = 1000
    make("here").batches.submit_documents(TEXTS[:20], verify=0)
    nothing, lists, asked = [Fault.raw_body(b"{}")], list[str](), list[str]()

    def rule(request: ReceivedRequest) -> Fault | None:
        if request.method == "GET" and request.path.endswith("/batches"):
            if nothing:
                return nothing.pop()  # what `here` has created is not shown yet
            lists.extend(["list"] if len(asked) == 2 else [])
            if len(lists) == 2:
                emulator.clock.advance(1000)
        elif request.path.endswith(CREATE):
            asked.append(CREATE)
            return Fault.queue_full() if len(asked) == 2 else None
        return None

    emulator.faults.rule = rule
    make("there").batches.submit_documents(TEXTS[:40], verify=0)
    assert billed(emulator) == (40, 0)


@pytest.mark.parametrize("what", ["ours-runs", "first-is-cancelled"])
def test_a_twin_is_looked_at_before_it_goes(
    what: str, monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """The list is some requests old by then: what runs is paid, and what was cancelled brings nothing."""
    emulator.batch_s = 1000
    first = make("here").batches.submit_documents(TEXTS[:20], verify=0)
    look, looks, nothing = DeveloperJobs.look, list[str](), [Fault.raw_body(b"{}")]
    is_list = re.compile("/batches$")
    emulator.faults.rule = lambda asked: nothing.pop() if nothing and is_list.search(asked.path) else None

    async def late(self: DeveloperJobs, name: str) -> JobReport:
        looks.append(name)
        if len(looks) == 1 and what == "ours-runs":
            emulator.clock.advance(600)
        elif len(looks) == 1:
            await asyncio.to_thread(first.cancel)
        return await look(self, name)

    monkeypatch.setattr(DeveloperJobs, "look", late)
    run = make("there").batches.submit_documents(TEXTS[:20], verify=0)
    assert next(job["displayName"].split("/")[1] for job in emulator.jobs()) == run.name
    emulator.clock.advance(1000)
    assert run.wait() is not None
    assert sum(asked.path.endswith(CREATE) for asked in emulator.requests) == 2


def test_another_run_that_shares_a_twin_has_what_stays(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Its name alone is enough to wait for the first machine's job, as for that which has gone."""
    emulator.batch_s = 1000
    other = make("there")
    make("here").batches.submit_documents(TEXTS[:20], verify=0)
    put, puts, nothing = DeveloperJobs.put, list[str](), [Fault.raw_body(b"{}")]
    is_list = re.compile("/batches$")
    emulator.faults.rule = lambda asked: nothing.pop() if nothing and is_list.search(asked.path) else None

    async def slowly(self: DeveloperJobs, file: IO[bytes], display_name: str) -> str:
        puts.append(display_name)
        if len(puts) == 2:
            await asyncio.to_thread(other.batches.submit_documents, TEXTS[:20], name="second", verify=0)
        return await put(self, file, display_name)

    monkeypatch.setattr(DeveloperJobs, "put", slowly)
    make("there").batches.submit_documents(TEXTS[:40], name="first", verify=0)
    assert len(emulator.jobs()) == 2, "the twin is gone"
    for name, items in (("second", 20), ("first", 40)):
        assert make("there").batches.get(name).refresh().items == items
