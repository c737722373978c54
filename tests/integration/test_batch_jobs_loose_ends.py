"""What is uploaded for lines that come into no job is taken away; what was ordered holds for jobs that come later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fix_emulator import KEY
from fix_media import wav
from gemini_embed import ApiError, Audio, BudgetError, Embedder
from gemini_embed.batch_jobs import queueing, waiting
from gemini_embed.service import HttpSession
from gemini_embed_emulator import Emulator, Fault, JobPlan
from gemini_embed_emulator.http import ReceivedRequest

RECORDING = Audio(wav((440, 100)))  # more than 1 MiB

Make = Callable[..., Embedder]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """Embedders with one cache between them."""
    return lambda **options: make_embedder(dimensions=128, cache=tmp_path / "vectors.db", **options)


def recordings(emulator: Emulator) -> int:
    """How many are in the Files API."""
    told = httpx.get(f"{emulator.base_url}/v1beta/files", headers={"x-goog-api-key": KEY}).json()
    return sum(file["mimeType"].startswith("audio/") for file in told.get("files", []))


def test_media_of_a_job_that_is_not_made(make: Make, emulator: Emulator) -> None:
    emulator.faults.push(*[Fault.status(403)] * 9, action="embedContent")
    emulator.faults.push(*[Fault.status(403)] * 9, action="batchEmbedContents")
    with pytest.raises(ApiError):
        make().batches.submit([RECORDING, "a", "b", "c"])
    assert emulator.jobs() == []
    assert recordings(emulator) == 0


def test_media_of_lines_that_another_process_was_quicker_with(
    monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    """While this one verified some of its own online: one recording is left, that of the other's job."""
    emulator.batch_s = 1000
    slow, other, ask = make(), make(), HttpSession.ask
    verifies, is_done = threading.Event(), threading.Event()

    async def held_up(self: HttpSession, method: str, url: str, body: bytes = b"", **options: Any) -> bytes:
        if "mbedContent" in url and "async" not in url and not verifies.is_set():
            verifies.set()
            await asyncio.to_thread(is_done.wait)
        return await ask(self, method, url, body, **options)

    monkeypatch.setattr(HttpSession, "ask", held_up)
    with ThreadPoolExecutor(1) as pool:
        slowly = pool.submit(slow.batches.submit, [RECORDING, "a", "b", "c"], verify=1)
        verifies.wait()
        other.batches.submit([RECORDING], verify=0)
        is_done.set()
        slowly.result()
    assert sorted(job["items"] for job in emulator.jobs()) == [1, 3]
    assert recordings(emulator) == 1


def test_what_was_ordered_holds_for_lines_that_are_asked_again(make: Make, emulator: Emulator) -> None:
    """Nothing is verified that was not to be verified."""
    emulator.batches.push(JobPlan(failed=20, failed_code=14))
    run = make().batches.submit_documents([f"text {n}" for n in range(40)], verify=0)
    assert run.wait() is not None
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (40, 0)


@pytest.mark.parametrize(
    ("ordered", "waited", "left"),
    [
        pytest.param(True, False, 2, id="keep-of-submit"),
        pytest.param(False, True, 5, id="keep-of-wait"),
    ],
)
def test_keep_holds_for_lines_that_are_asked_again(
    ordered: bool, waited: bool, left: int, make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three jobs fail, and their lines come in three more. One is under way at a time: while the third of each three
    waits for the second the first is collected, as `submit` was told; the others are collected by `wait`."""
    monkeypatch.setattr(queueing, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(waiting, "Pauses", lambda: SimpleNamespace(after=lambda *_: 0.01))
    emulator.batch_s = 1000

    def look(asked: ReceivedRequest) -> None:
        if asked.method == "GET" and "/batches" in asked.path:
            emulator.clock.advance(400)

    emulator.faults.rule = look
    emulator.batches.push(*[JobPlan(failed=10, failed_code=14)] * 3)
    embedder = make(batch_limits={"max_items": 10, "max_jobs": 1, "look_again_s": 0.05})
    run = embedder.batches.submit_documents([f"text {n}" for n in range(30)], verify=0, keep=ordered)
    assert run.wait(keep=waited) is not None
    assert sum("asyncBatchEmbedContent" in one.path for one in emulator.requests) == 6
    assert len(emulator.jobs()) == left


def test_max_cost_usd_holds_for_lines_that_are_asked_again(make: Make, emulator: Emulator) -> None:
    """The first job was dearer than was likely, so there is no room for another one."""

    def dear(line: dict[str, Any]) -> None:
        if "response" in line:
            line["response"]["usageMetadata"]["promptTokenCount"] = 1000

    texts = [f"text {n}" for n in range(40)]
    embedder = make()
    likely_usd = embedder.estimate(texts, price="batch").usd
    assert likely_usd is not None
    emulator.batches.push(JobPlan(failed=20, failed_code=14, edit=dear))
    run = embedder.batches.submit_documents(texts, verify=0, max_cost_usd=2 * likely_usd)
    with pytest.raises(BudgetError):
        run.wait()
    assert emulator.bill.batch.items == 20
