"""Two machines that submit the same contents at the same moment, each with a cache of its own: one pays. And what is
paid already is no matter of a budget."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fix_emulator import KEY
from gemini_embed import BudgetError, Embedder
from gemini_embed_emulator import Emulator, Fault, JobPlan, ReceivedRequest

CREATE = "asyncBatchEmbedContent"
TEXTS = [f"text number {n}" for n in range(40)]
JOB_USD = 20 * 7 * 0.2e-6 / 2
"""Of one of its two jobs, about."""

Make = Callable[..., Embedder]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """`make("here")` is an embedder of a machine, which is a cache's file."""

    def made(machine: str, **options: Any) -> Embedder:
        limits = {"max_items": 20, "look_again_s": 0.2}
        return make_embedder(dimensions=128, cache=tmp_path / f"{machine}.db", batch_limits=limits, **options)

    return made


def creates(emulator: Emulator) -> int:
    return sum(one.path.endswith(CREATE) for one in emulator.requests)


def sees_nothing(emulator: Emulator) -> None:
    """The next list is as old as if it had been asked for before anything was created."""
    nothing = [Fault.raw_body(b"{}")]

    def rule(request: ReceivedRequest) -> Fault | None:
        is_list = request.method == "GET" and request.path.endswith("/batches")
        return nothing.pop() if is_list and nothing else None

    emulator.faults.rule = rule


def files(emulator: Emulator) -> list[Any]:
    told = httpx.get(f"{emulator.base_url}/v1beta/files", headers={"x-goog-api-key": KEY}).json()
    return list(told.get("files", []))


@pytest.mark.parametrize("names", [("one", "other"), ("nightly", "nightly")], ids=["two-names", "one-name"])
def test_the_later_one_has_the_vectors_of_the_first(names: tuple[str, str], make: Make, emulator: Emulator) -> None:
    """Its own jobs are cancelled before they run, nothing of them is left, and nothing is held for them."""
    emulator.batch_s = 1000
    here, there = make("here"), make("there")
    first = here.batches.submit_documents(TEXTS, name=names[0])
    sees_nothing(emulator)
    second = there.batches.submit_documents(TEXTS, name=names[1])
    assert creates(emulator) == 4, "it saw none"
    assert (len(emulator.jobs()), len(files(emulator))) == (2, 2), "and sees them now"
    assert here.budget.in_flight_usd > 1e-6
    assert there.budget.in_flight_usd == pytest.approx(0)
    emulator.clock.advance(1000)
    results = [second.wait(), first.wait()]
    online = make("third").embed_documents(TEXTS).values
    assert all(one is not None and np.array_equal(one.values, online) for one in results)
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (40, 0)
    assert (emulator.jobs(), files(emulator)) == ([], [])


def test_what_has_begun_to_run_goes_on(make: Make, emulator: Emulator) -> None:
    """It is paid, whatever becomes of it."""
    emulator.batch_s = 1000
    make("here").batches.submit_documents(TEXTS)
    sees_nothing(emulator)
    emulator.batches.push(JobPlan(batch_s=0), times=2)
    run = make("there").batches.submit_documents(TEXTS)
    assert len(emulator.jobs()) == 4
    assert run.wait() is not None
    assert len(emulator.jobs()) == 2


def test_a_kill_before_its_job_is_cancelled(make: Make, emulator: Emulator, tmp_path: Path) -> None:
    """The ledger says by then what is to go, and whoever works with it next has it cancelled and taken away."""
    emulator.batch_s = 1000
    make("here").batches.submit_documents(TEXTS[:20], name="nightly")
    sees_nothing(emulator)
    emulator.faults.push(*[Fault.status(403)] * 3, action="cancel")
    make("there").batches.submit_documents(TEXTS[:20], name="nightly")
    assert len(emulator.jobs()) == 2
    emulator.faults.clear()
    with closing(sqlite3.connect(tmp_path / "there.db")) as db:
        assert db.execute("SELECT state FROM batch_jobs ORDER BY state").fetchall() == [("created",), ("lost",)]
    make("there").batches.submit_documents(TEXTS[:20], name="nightly")
    assert (len(emulator.jobs()), creates(emulator)) == (1, 2)
    emulator.clock.advance(1000)
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (20, 0)


def test_a_budget_that_is_used_up_refuses_no_adoption(make: Make, emulator: Emulator, caplog: Any) -> None:
    """What another machine has paid costs nothing here; only what there is beside it counts."""
    make("here").batches.submit_documents(TEXTS)
    emulator.requests.clear()
    there = make("there", max_cost_usd=JOB_USD / 100)
    run = there.batches.submit_documents(TEXTS)
    assert creates(emulator) == 0
    assert run.wait() is not None
    assert there.budget.spent_usd == 0
    assert "its answers are not verified" in caplog.text


def test_a_budget_counts_what_is_not_adopted(make: Make, emulator: Emulator) -> None:
    """Before the first job."""
    make("here").batches.submit_documents(TEXTS)
    more = [*TEXTS, *(f"another text {n}" for n in range(20))]
    emulator.requests.clear()
    with pytest.raises(BudgetError, match="max_cost_usd"):
        make("there", max_cost_usd=JOB_USD / 2).batches.submit_documents(more, verify=0)
    assert creates(emulator) == 0
    make("elsewhere", max_cost_usd=JOB_USD * 1.5).batches.submit_documents(more, verify=0)
    assert creates(emulator) == 1
