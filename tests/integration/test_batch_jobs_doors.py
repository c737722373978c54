"""What the doors of runs say and do besides their work: words, options, clocks, how seldom they ask."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from math import ceil
from pathlib import Path
from types import SimpleNamespace

import pytest
from gemini_embed import ConfigurationError, Content, Embedder
from gemini_embed.batch_jobs import portions, queueing, waiting
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.metering import Budget
from gemini_embed_emulator import Emulator

Make = Callable[..., Embedder]
TEXTS = [f"text number {n}" for n in range(30)]


def test_a_run_is_no_pickle(make_small_jobs: Make) -> None:
    """Its name travels."""
    run = make_small_jobs().batches.submit_documents(TEXTS, name="nightly")
    with pytest.raises(TypeError, match=r"BatchRun\('nightly'\) .*send its name.*batches\.get\(name\)"):
        pickle.dumps(run)


def test_the_line_to_go_on_names_all_that_was_told(make_small_jobs: Make, emulator: Emulator) -> None:
    embedder = make_small_jobs(service="mine", api_version="v1")
    line = embedder.batches._host.line_to_go_on("nightly")
    assert "api_version='v1', service='mine')" in line
    assert "service" not in make_small_jobs().batches._host.line_to_go_on("nightly")


def test_what_has_ended_and_is_not_collected_is_said(make_small_jobs: Make) -> None:
    run = make_small_jobs().batches.submit_documents(TEXTS)
    assert "30 pending" in str(status := run.refresh()) or status.done
    assert "3 ended but not collected" in str(status)
    assert not status.is_over
    run.wait()
    assert run.refresh().uncollected == 0


def test_an_estimate_is_shown_in_notebooks(make_small_jobs: Make) -> None:
    shown = make_small_jobs().estimate(["a & b", "c"], price="batch")._repr_html_()
    assert "2 items, about" in shown
    assert "in batch jobs" in shown


def test_what_is_collected_while_the_queue_is_full_is_kept_if_told(
    make_small_jobs: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "FIRST_LOOK_S", 0.01)
    embedder = make_small_jobs(batch_limits={"max_items": 10, "look_again_s": 0.05, "max_jobs": 1})
    run = embedder.batches.submit_documents(TEXTS, keep=True)
    assert run.wait(keep=True) is not None
    assert len(emulator.jobs()) == 3
    run.delete()
    assert emulator.jobs() == []


@pytest.mark.parametrize(
    "call",
    [
        lambda batches: batches.submit(TEXTS, keep="yes"),
        lambda batches: batches.submit_documents(TEXTS, keep=1),
        lambda batches: asyncio.run(batches.asubmit_documents(TEXTS, keep="yes")),
    ],
)
def test_keep_is_true_or_false(call: Callable[..., object], make_small_jobs: Make) -> None:
    with pytest.raises(ConfigurationError, match="keep="):
        call(make_small_jobs().batches)


def test_no_job_waits_for_less_than_no_time(make_small_jobs: Make, emulator: Emulator, tmp_path: Path) -> None:
    """The service's clock may be ahead of ours."""
    emulator.clock.advance(3600)
    emulator.batch_s = 60
    make_small_jobs().batches.submit_documents(TEXTS, name="nightly")
    found = make_small_jobs(cache=tmp_path / "of another machine.db").batches.get("nightly")
    assert found.refresh().oldest_s == 0.0


def test_all_portions_wait_for_one_deadline(make_small_jobs: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has what the ones before it have left."""
    now, orders = [1000.0], list[Order]()

    async def submitted(session: object, host: object, order: Order) -> list[bytes]:
        orders.append(order)
        now[0] += 40
        return []

    monkeypatch.setattr(portions, "submit", submitted)
    monkeypatch.setattr(portions, "time", SimpleNamespace(monotonic=lambda: now[0]))
    embedder = make_small_jobs()
    some = embedder.batches.portions("nightly", Budget(embedder.facts), deadline_s=100)
    for _ in range(4):
        some.submit([Content("a")], "raise").result()
    assert [order.deadline_s for order in orders] == [100, 60, 20, 0]
    assert [order.begins for order in orders] == [True, False, False, False]


@pytest.mark.parametrize("pages", [0, 2], ids=["alone", "behind-other-pages"])
def test_a_wait_of_hours_asks_seldom(
    pages: int, make_small_jobs: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first minute no more than one call in 30 seconds for a hundred jobs, however many pages it takes."""
    emulator.batch_s = 2 * 3600
    run = make_small_jobs().batches.submit_documents(TEXTS, verify=0)
    emulator.batch_empty_pages = pages
    emulator.requests.clear()
    slept, asked = [0.0], list[tuple[float, int]]()

    async def sleep(seconds: float) -> None:
        asked.append((slept[0], len(emulator.requests)))
        slept[0] += seconds
        emulator.clock.advance(seconds)

    loop = SimpleNamespace(time=lambda: slept[0])
    monkeypatch.setattr(waiting, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=lambda: loop))
    assert run.wait() is not None
    first = next(calls for at, calls in asked if at >= 60)
    last_at, last = asked[-1]
    assert last_at > 3600
    assert last - first <= ceil((last_at - 60) / 30)
    assert last > 50, "it did ask"
