"""What must not meet does not: contents that changed, runs of one name, replies that are no results."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from gemini_embed import ApiError, Embedder, Image
from gemini_embed.batch_jobs.queueing import Queue
from gemini_embed.errors import ReplyError
from gemini_embed.service.session import HttpSession
from gemini_embed_emulator import Emulator, Fault
from PIL import Image as Pillow

Make = Callable[..., Embedder]
TEXTS = [f"text number {n}" for n in range(30)]


def picture(path: Path, colour: str) -> Path:
    Pillow.new("RGB", (64, 64), colour).save(path)
    return path


@pytest.mark.parametrize("others", [0, 9], ids=["embedded-online", "in-a-job"])
def test_a_file_that_changed_meanwhile(make_small_jobs: Make, tmp_path: Path, others: int) -> None:
    """Neither the old nor the new picture is ever answered with the other's vector."""
    path = picture(tmp_path / "a.png", "red")
    red = Image(path.read_bytes())
    alone = make_small_jobs(cache=None)
    right = {"red": alone.embed([red]).values, "blue": alone.embed([picture(tmp_path / "b.png", "blue")]).values}
    run = make_small_jobs().batches.submit([Image(path), *TEXTS[:others]], verify=0)
    picture(path, "blue")
    run.wait()
    assert np.array_equal(make_small_jobs().embed([red]).values, right["red"])
    assert np.array_equal(make_small_jobs().embed([Image(path)]).values, right["blue"])


def test_media_that_are_gone_end_the_wait(make_small_jobs: Make, emulator: Emulator, tmp_path: Path) -> None:
    """Their job is gone too, so nothing can bring them."""
    colours = ["red", "blue", "green", "black", "white", "grey"]
    paths = [picture(tmp_path / f"{colour}.png", colour) for colour in colours]
    run = make_small_jobs().batches.submit([Image(path) for path in paths], verify=0, on_error="skip")
    for path in paths:
        path.unlink()
    for job in emulator.jobs():
        httpx.delete(f"{emulator.base_url}/v1beta/{job['name']}", headers={"x-goog-api-key": "k"}).raise_for_status()
    result = run.wait(timeout_s=20)
    assert result is not None


def test_one_name_for_two_models(make_small_jobs: Make, emulator: Emulator) -> None:
    first, second = make_small_jobs(model="gemini-embedding-001"), make_small_jobs(model="gemini-embedding-2")
    for embedder in (first, second):
        embedder.batches.submit_documents(TEXTS, name="nightly", verify=0)
    second.batches.get("nightly").delete()
    assert len(emulator.jobs()) == 3
    assert first.batches.get("nightly").refresh().jobs == {"succeeded": 3}


def test_one_name_for_two_sizes(make_small_jobs: Make, emulator: Emulator) -> None:
    """What one collects of the other's is right, and paid once."""
    small, big = make_small_jobs(dimensions=128), make_small_jobs(dimensions=256)
    runs = [embedder.batches.submit_documents(TEXTS, name="nightly", verify=0) for embedder in (big, small)]
    for run, size in zip(reversed(runs), (128, 256), strict=True):
        result = run.wait()
        assert result is not None
        assert result.values.shape == (30, size)
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (60, 0)


def test_a_reply_that_is_no_file_of_results(
    make_small_jobs: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is kept, and collected later."""
    run = make_small_jobs().batches.submit_documents(TEXTS)

    async def page(*told: object, **named: object) -> AsyncGenerator[bytes, None]:
        yield b"<html>\n<body>Sign in</body>\n</html>\n"

    with monkeypatch.context() as patch:
        patch.setattr(HttpSession, "stream", page)
        with pytest.raises(ReplyError, match="no line of its results can be read"):
            run.wait()
    assert len(emulator.jobs()) == 3
    assert run.wait() is not None
    assert emulator.bill.batch.repeated == 0


def test_results_that_are_refused_keep_no_other_back(make_small_jobs: Make, emulator: Emulator) -> None:
    run = make_small_jobs().batches.submit_documents(TEXTS)
    emulator.faults.push(Fault.status(403), action="download")
    with pytest.raises(ApiError):
        run.wait()
    assert len(emulator.jobs()) == 1
    assert run.wait() is not None
    assert emulator.bill.batch.repeated == 0


def test_two_that_wait_for_room(make_small_jobs: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other has brought by then is not paid again."""
    room, is_first = Queue.room, True

    async def slow(self: Queue, tokens: int) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            other = make_small_jobs()
            await (await other.batches.asubmit_documents(TEXTS, verify=0)).awaited()
        await room(self, tokens)

    monkeypatch.setattr(Queue, "room", slow)
    assert make_small_jobs().batches.submit_documents(TEXTS, verify=0).wait() is not None
    assert emulator.bill.batch.repeated == 0
