"""Two processes with one cache, of which one sleeps, is slow or dies: what it was about to create the other takes over,
and no text is in two jobs. And what is held of the budget meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import BatchFailedError, CacheError, ConnectionFailedError, Embedder, NotFoundError
from gemini_embed.batch_jobs.creating import Creating
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.lines import Lines
from gemini_embed.service import HttpSession
from gemini_embed_emulator import Emulator, Fault, JobPlan

CREATE = "asyncBatchEmbedContent"
TEXTS = [f"text {i}" for i in range(10)]

Make = Callable[..., Embedder]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """Embedders with one cache between them, as processes have it."""

    def made(**options: Any) -> Embedder:
        limits = {"max_items": 10, "look_again_s": 0.2}
        return make_embedder(dimensions=128, cache=tmp_path / "vectors.db", batch_limits=limits, **options)

    return made


def rows_of(embedder: Embedder) -> list[JobRow]:
    assert embedder.cache is not None
    return Ledger(embedder.cache).rows("developer emulator", embedder.model, under_way=False)


def held_by(embedder: Embedder, owner: str, lease: float, state: str = "intended") -> None:
    """Have all jobs be those of a worker elsewhere."""
    assert embedder.cache is not None
    told = owner, lease, state
    embedder.cache.use(
        lambda db: db.execute("UPDATE batch_jobs SET owner = ?, lease = ?, state = ?", told).connection.commit()
    )


def creates(emulator: Emulator) -> int:
    return sum(request.path.endswith(CREATE) for request in emulator.requests)


def test_a_create_that_is_tried_again_asks_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Tries go on for minutes where there is no connection; another process may have the job by the next one."""
    emulator.batch_s = 1000
    embedder, ask = make(retry={"first_wait_s": 0.01}), HttpSession.ask
    failed: list[str] = []

    async def refused_once(self: HttpSession, method: str, url: str, body: bytes = b"", **options: Any) -> bytes:
        if CREATE in url and not failed:
            failed.append(url)
            held_by(embedder, "another", time.time() + 0.2)
            error = ConnectionFailedError("no network")
            error.sent = False
            raise error
        return await ask(self, method, url, body, **options)

    monkeypatch.setattr(HttpSession, "ask", refused_once)
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert [row.state for row in rows_of(embedder)] == ["lost", "created"], "nothing was sent for the first one"
    assert creates(emulator) == 1


@pytest.mark.parametrize("late", ["request", "answer"])
def test_a_create_that_takes_too_long(
    late: str, monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Another process has looked for the job, found none, and made its own: a late request finds its input gone, and
    what a late answer tells of is cancelled."""
    emulator.batch_s, emulator.batch_listed_after_s = 1000, 1000
    slow, other, ask = make(), make(), HttpSession.ask
    has_sent, is_taken_over = threading.Event(), threading.Event()

    async def held_up(self: HttpSession, method: str, url: str, body: bytes = b"", **options: Any) -> bytes:
        if CREATE not in url or has_sent.is_set():
            return await ask(self, method, url, body, **options)
        has_sent.set()
        answer = await ask(self, method, url, body, **options) if late == "answer" else None
        await asyncio.to_thread(is_taken_over.wait)
        return answer or await ask(self, method, url, body, **options)

    monkeypatch.setattr(HttpSession, "ask", held_up)
    with ThreadPoolExecutor(1) as pool:
        slowly = pool.submit(slow.batches.submit_documents, TEXTS, verify=0)
        has_sent.wait()
        held_by(other, "slow", 0.0)
        run = other.batches.submit_documents(TEXTS, verify=0)
        is_taken_over.set()
        slowly.result()
    emulator.clock.advance(1000)
    result = run.wait()
    assert result is not None
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (10, 0)
    assert emulator.jobs() == []
    assert (slow.budget.in_flight_usd, other.budget.in_flight_usd) == (0, 0)


def test_a_deadline_holds_while_another_process_makes_a_job(make: Make, emulator: Emulator) -> None:
    """It is left to that one, and a wait embeds online what it does not bring in time."""
    embedder = make()
    embedder.batches.submit_documents(TEXTS, verify=0)
    held_by(embedder, "another", time.time() + 20)
    run = embedder.batches.submit_documents(TEXTS, verify=0, deadline_s=0.2)
    (row,) = rows_of(embedder)
    assert row.state == "intended", "the other is still at work"
    with pytest.warns(match="1 job had not ended by the deadline"):
        result = run.wait(deadline_s=0)
    assert result is not None
    assert result.usage.requests == 1


@pytest.mark.parametrize("ahead_s", [3600, -3600], ids=["put-back", "put-on"])
def test_a_clock_that_was_set(ahead_s: float, make: Make, emulator: Emulator) -> None:
    """What a process that was killed has left is taken over all the same, soon."""
    embedder = make()
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert embedder.cache is not None
    held_by(embedder, "dead", time.time() + ahead_s)
    embedder.cache.use(
        lambda db: db.execute("UPDATE batch_jobs SET created_at = created_at + ?", (ahead_s,)).connection.commit()
    )
    result = make().batches.submit_documents(TEXTS, verify=0).wait()
    assert result is not None
    assert creates(emulator) == 1


def test_what_another_process_has_collected_is_not_held_any_more(make: Make, emulator: Emulator) -> None:
    """It is spent, at the price that was counted."""
    here, there = make(), make()
    run = here.batches.submit_documents(TEXTS, name="nightly", verify=0)
    assert here.budget.in_flight_usd > 0
    found = there.batches.get("nightly")
    found.wait()
    assert run.wait() is not None
    assert here.budget.in_flight_usd == 0
    assert here.budget.spent_usd == pytest.approx(found.refresh().usd)


def test_a_price_is_counted_once(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    """However often its job is collected: the disk was full the first time."""
    embedder, collected = make(), Ledger.collected
    run = embedder.batches.submit_documents(TEXTS, verify=0)

    def no_room(*_: Any, **__: Any) -> bool:
        monkeypatch.setattr(Ledger, "collected", collected)
        raise CacheError("no room")

    monkeypatch.setattr(Ledger, "collected", no_room)
    with pytest.raises(CacheError):
        run.wait()
    assert run.wait() is not None
    assert embedder.budget.spent_usd == pytest.approx(emulator.bill.batch.tokens / 2 * 0.2e-6)
    assert embedder.budget.in_flight_usd == pytest.approx(0)


def test_a_name_that_another_process_has_used_meanwhile(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Its job of the same contents was refused: this one's has another number."""
    emulator.faults.push(Fault.status(404), action=CREATE)
    here, there, ask = make(), make(), HttpSession.ask
    asked: list[HttpSession] = []

    def refused() -> None:
        with pytest.raises(NotFoundError):
            there.batches.submit_documents(TEXTS, name="nightly", verify=0)

    async def first_list(self: HttpSession, method: str, url: str, body: bytes = b"", **options: Any) -> bytes:
        if method == "GET" and not asked:
            asked.append(self)
            await asyncio.to_thread(refused)
        return await ask(self, method, url, body, **options)

    monkeypatch.setattr(HttpSession, "ask", first_list)
    here.batches.submit_documents(TEXTS, name="nightly", verify=0)
    assert [(row.part, row.state) for row in rows_of(here)] == [(0, "lost"), (1, "created")]


def test_a_name_that_another_process_uses_meanwhile(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """Its job has come to nothing while this one had some texts embedded online: this one's gets the next number."""
    slow, other, checks = make(), make(), Creating._checks
    begun: list[bool] = []
    emulator.batches.push(JobPlan(end="FAILED"))

    def meanwhile() -> None:
        with pytest.raises(BatchFailedError):
            other.batches.submit_documents(TEXTS, name="nightly", verify=0).wait()

    async def slowly(self: Creating, lines: Lines) -> dict[bytes, Any]:
        if not begun:
            begun.append(True)
            await asyncio.to_thread(meanwhile)
        return await checks(self, lines)

    monkeypatch.setattr(Creating, "_checks", slowly)
    run = slow.batches.submit_documents(TEXTS, name="nightly", verify=0)
    assert run.wait() is not None
    assert [(row.part, row.state) for row in rows_of(slow)] == [(0, "collected"), (1, "collected")]


def test_a_create_that_was_given_up_late(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    """`timeout_s` is as long as `look_again_s`: the list has its time from when no answer came, not from before."""
    embedder, ask = make(), HttpSession.ask
    emulator.batches.push(JobPlan(listed_after_s=0.1))

    async def timed_out(self: HttpSession, method: str, url: str, body: bytes = b"", **options: Any) -> bytes:
        answer = await ask(self, method, url, body, **options)
        if CREATE not in url:
            return answer
        assert embedder.cache is not None
        embedder.cache.use(
            lambda db: db.execute("UPDATE batch_jobs SET created_at = created_at - 0.2").connection.commit()
        )
        raise ConnectionFailedError("no answer came within timeout_s")

    monkeypatch.setattr(HttpSession, "ask", timed_out)
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert creates(emulator) == 1
