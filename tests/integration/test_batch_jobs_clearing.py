"""What jobs leave at the service: taken away by whoever comes next, whatever ended the process before it could."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import BatchError, Embedder
from gemini_embed.batch_jobs import collecting, leases
from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed_emulator import Emulator, Fault, JobPlan
from gemini_embed_emulator.http import ReceivedRequest

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"text number {n}" for n in range(12)]


@pytest.fixture
def embedder(make_embedder: MakeEmbedder, tmp_path: Path) -> Embedder:
    """With a cache."""
    return make_embedder(dimensions=128, cache=tmp_path / "vectors.db")


def _deleted(emulator: Emulator, what: str) -> int:
    return sum(one.method == "DELETE" and what in one.path for one in emulator.requests)


def test_what_was_kept_goes_with_delete(embedder: Embedder, emulator: Emulator) -> None:
    """`wait(keep=True)` leaves a job and its files, and so does every later wait and run; `delete` takes them."""
    run = embedder.batches.submit_documents(TEXTS)
    assert run.wait(keep=True) is not None
    assert run.wait() is not None
    assert embedder.batches.submit_documents(["another text", "and another"]).wait() is not None
    assert len(emulator.jobs()) == 1
    run.delete()
    assert emulator.jobs() == []
    assert _deleted(emulator, "/files/") == 4


@pytest.mark.parametrize("next_one", ["wait", "submit"])
def test_a_kill_right_before_a_job_is_taken_away(
    next_one: str, embedder: Embedder, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run does that, and no run does it again."""

    run = embedder.batches.submit_documents(TEXTS)
    with monkeypatch.context() as patched:
        patched.setattr(collecting, "cleared_away", _failing)
        with pytest.raises(_KilledError):
            run.wait()
    assert len(emulator.jobs()) == 1
    if next_one == "wait":
        assert run.wait() is not None
    else:
        embedder.batches.submit_documents(TEXTS)
    assert emulator.jobs() == []
    assert (_deleted(emulator, "/files/"), _deleted(emulator, "/batches/")) == (2, 1)
    assert run.wait() is not None
    assert _deleted(emulator, "/files/") == 2


class _KilledError(Exception):
    """Stands for a kill."""


async def _failing(*given: object) -> bool:
    raise _KilledError


def test_what_could_not_be_deleted_is_deleted_later(embedder: Embedder, emulator: Emulator) -> None:
    """A refusal is logged, and the next wait tries again."""
    run = embedder.batches.submit_documents(TEXTS)
    emulator.faults.rule = lambda request: Fault.status(403) if request.method == "DELETE" else None
    assert run.wait() is not None
    emulator.faults.clear()
    assert len(emulator.jobs()) == 1
    assert run.wait() is not None
    assert emulator.jobs() == []


@pytest.mark.parametrize("is_running", [False, True])
def test_the_price_of_what_is_deleted(is_running: bool, embedder: Embedder, emulator: Emulator) -> None:
    """What waits costs nothing; what runs does."""
    emulator.batches.push(JobPlan(batch_s=3600))
    run = embedder.batches.submit_documents(TEXTS)
    budget = embedder.budget
    before_usd = budget.spent_usd
    emulator.clock.advance(2000 if is_running else 0)
    run.delete()
    assert emulator.jobs() == []
    assert (budget.spent_usd > before_usd) == is_running
    assert budget.in_flight_usd == 0


@pytest.mark.parametrize("held_s", [0.2, 60], ids=["killed", "alive"])
def test_what_another_worker_has_is_waited_for(
    held_s: float, embedder: Embedder, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its hold is over; of one that works on, it is told that its job is still there."""
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    run = embedder.batches.submit_documents(TEXTS)
    assert embedder.cache is not None
    ledger = Ledger(embedder.cache)
    (row,) = (one for one in map(ledger.get, ledger.display_names()) if one and one.run == run.name)
    assert ledger.take(row.display_name, "another", held_s)
    if held_s > 1:
        with pytest.raises(BatchError, match="1 job could not be deleted, since another process works on"):
            run.delete()
        ledger.release("another")
    run.delete()
    assert emulator.jobs() == []


@pytest.mark.parametrize("is_there", [True, False], ids=["listed-late", "never-listed"])
def test_a_job_that_is_listed_late_is_deleted(
    is_there: bool, make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    """Whoever created it was killed before the answer: it is looked for once more, and then held for never created."""
    emulator.batch_s, emulator.batch_listed_after_s = 5000, 1000
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db", batch_limits={"look_again_s": 0.2})
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    assert embedder.cache is not None
    unclear = "UPDATE batch_jobs SET state = 'intended', name = NULL, created_at = ?"
    embedder.cache.use(lambda db: db.execute(unclear, (time.time(),)).connection.commit())
    looks: list[str] = []

    def look(asked: ReceivedRequest) -> None:
        if asked.method == "GET" and asked.path.endswith("/batches"):
            looks.append(asked.path)
            if is_there and len(looks) == 2:
                emulator.clock.advance(1000)

    emulator.faults.rule = look
    run.delete()
    assert (len(looks), len(emulator.jobs())) == (2, 0 if is_there else 1)
    assert Ledger(embedder.cache).display_names() == frozenset()
