"""Jobs that are taken for others: one that is not over is not noted as collected, and another machine's job of the same
display name says nothing of this one's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from gemini_embed import BatchLimits, Embedder, QuotaUsedUpError, VectorCache
from gemini_embed.batch_jobs import leases
from gemini_embed.batch_jobs.collected import Collected
from gemini_embed.batch_jobs.collecting import Collector
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.queueing import Queue
from gemini_embed.service import HttpSession
from gemini_embed.wire.batch_jobs import JobReport, JobState
from gemini_embed_emulator import Emulator
from numpy.typing import NDArray

TEXTS = [f"text number {n}" for n in range(10)]
OF = "developer", "gemini-embedding-2"
NAME = "gemini-embed/nightly/0/0123456789abcdef"


def test_a_job_that_is_not_over_is_not_collected(
    make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    """However sure the one is who says that it is: its texts would be paid again."""
    emulator.batch_s = 60
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db")
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    host = embedder.batches._host
    (display_name,) = host.ledger.display_names()

    async def online(keys: Sequence[bytes]) -> Mapping[bytes, NDArray[np.float32]]:
        return {}

    async def collected(session: HttpSession) -> Collected | None:
        request = host.plain_request()
        async with leases.working(host.ledger) as lease:
            service = host.service(session, request)
            return await Collector.of(host, request, service, lease, None, online).collect(display_name)

    assert host.engine.run(collected) is None
    assert run.refresh().jobs == {"pending": 1}
    emulator.clock.advance(60)
    assert run.wait() is not None
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (10, 0)


@pytest.mark.parametrize(
    ("ours", "is_taken"), [pytest.param("pending", False, id="is-not-over"), pytest.param("succeeded", True, id="is")]
)
def test_another_machine_s_job_of_the_same_name(ours: JobState, is_taken: bool, tmp_path: Path) -> None:
    """The list shows theirs first, which is over: this one's place in the queue is free when its own job is."""
    ledger = Ledger(VectorCache(tmp_path / "vectors.db"))
    row = JobRow(display_name=NAME, run="nightly", part=0, service=OF[0], model=OF[1], keys=(b"k" * 32,))
    ledger.intend(row, "me", 30)
    ledger.may_send(NAME, "me", 30)
    ledger.created(NAME, "batches/ours")
    taken = list[str]()

    async def pages() -> AsyncGenerator[JobReport, None]:
        yield JobReport(name="batches/theirs", display_name=NAME, state="succeeded")
        yield JobReport(name="batches/ours", display_name=NAME, state=ours)

    async def collect(display_name: str) -> None:
        taken.append(display_name)
        ledger.collected(display_name)

    async def has_room() -> bool:
        queue = Queue(ledger, cast(Any, SimpleNamespace(pages=pages)), BatchLimits(max_jobs=1), OF, 0.05, collect)
        try:
            await queue.room()
        except QuotaUsedUpError:
            return False
        return True

    assert asyncio.run(has_room()) == is_taken
    assert taken == []
