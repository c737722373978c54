"""More jobs than the service takes at once: the queue is kept full, and nothing is lost or paid twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import Embedder
from gemini_embed.batch_jobs import queueing
from gemini_embed_emulator import Emulator, Fault, Quota
from gemini_embed_emulator.http import ReceivedRequest

AT_ONCE = 100
TEXTS = [f"text {i:04}" for i in range(260)]
OF_A_JOB = 2


@pytest.mark.slow
@pytest.mark.parametrize("tokens", [None, 700], ids=["100-jobs", "and-few-tokens"])
def test_a_corpus_of_more_jobs_than_the_queue_takes(
    tokens: int | None,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Emulator,
    make_embedder: Callable[..., Embedder],
    tmp_path: Path,
) -> None:
    """Whenever it is waited the queue is full, by its jobs or by its tokens; an hour goes by at each look."""
    monkeypatch.setattr(queueing, "FIRST_LOOK_S", 0.01)
    emulator.batch_s = 3600 * 1.5
    emulator.quota = Quota(enqueued_tokens=tokens) if tokens else None
    under_way: list[tuple[int, int]] = []

    def look(asked: ReceivedRequest) -> Fault | None:
        if asked.method == "GET" and asked.path == "/v1beta/batches":
            active = [job for job in emulator.jobs() if job["state"] in ("PENDING", "RUNNING")]
            under_way.append((len(active), sum(job["tokens"] for job in active)))
            emulator.clock.advance(3600)
        return None

    emulator.faults.rule = look
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db", batch_limits={"max_items": OF_A_JOB})
    run = embedder.batches.submit_documents(TEXTS, verify=0)
    assert max(jobs for jobs, _ in under_way) <= AT_ONCE
    first_jobs, first_tokens = under_way[1]  # the first look is for jobs of the same contents
    assert first_jobs == AT_ONCE if tokens is None else first_tokens > 0.9 * tokens
    emulator.clock.advance(7200)
    result = run.wait()
    assert result is not None
    assert len(result) == len(TEXTS)
    assert (emulator.bill.batch.distinct, emulator.bill.batch.repeated, emulator.bill.online.items) == (260, 0, 0)
    assert emulator.jobs() == []
