"""One program that submits and collects batch jobs, killed at one place after the other, from outside.

With GEMINI_EMBED_BATCH_TEXTS=100000, as in `make test-long`, in jobs of 20,000.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fix_batch_places import Asking, Ended, Killing, Writing
from gemini_embed import Embedder
from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed_emulator import Emulator, Fault, JobPlan
from gemini_embed_emulator.http import ReceivedRequest

TEXTS = int(os.environ.get("GEMINI_EMBED_BATCH_TEXTS", "3000"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200 if TEXTS <= 3000 else 3600)]

JOBS = 5
SIZE = TEXTS // JOBS  # more than the 500 of one transaction of the cache
VERIFIED = 4
DEADLINE_S = 1
IN_FLIGHT = 8 * 100
"""Texts of the requests that one ordinary call has under way at once."""
CREATE = "asyncBatchEmbedContent"
UNDONE = Fault.drop_before()


def asks(method: str, words: str) -> Asking:
    """A request of this method with these words in its path."""
    return Asking(_is(method, words))


def _is(method: str, words: str) -> Callable[[ReceivedRequest], bool]:
    def is_it(request: ReceivedRequest) -> bool:
        return request.method == method and words in request.path

    return is_it


def _is_upload(request: ReceivedRequest) -> bool:
    return "upload_id" in request.query


NEW = "AFTER UPDATE ON batch_jobs WHEN"
SUBMITTING: dict[str, Asking | Writing] = {
    "verifying": asks("POST", ":batchEmbedContents"),
    "verified, not intended": Writing("AFTER INSERT ON batch_jobs"),
    "intended, not uploaded": Asking(_is("POST", "/upload/"), UNDONE),
    "uploading": Asking(_is_upload, UNDONE),
    "uploaded, no answer": Asking(_is_upload),
    "uploaded, not noted": Writing(f"{NEW} NEW.input_ref IS NOT OLD.input_ref"),
    "about to create": Writing(f"{NEW} NEW.is_sent > OLD.is_sent"),
    "create sent, not done": Asking(_is("POST", CREATE), UNDONE),
    "create done, no answer": Asking(_is("POST", CREATE)),
    "created, not noted": Writing(f"{NEW} NEW.state = 'created'"),
    "waiting for room": Asking(_is("GET", "/v1beta/batches"), number=5),
}
LATER = "SELECT 1 FROM batch_jobs WHERE state = 'created' AND part > NEW.part"
COLLECTING: dict[str, Asking | Writing] = {
    "adopting": Writing(f"{NEW} NEW.state = 'created' AND EXISTS ({LATER})"),
    "looking": asks("GET", "/v1beta/batches"),
    "streaming": Asking(_is("GET", ":download"), Fault.drop_mid_body(), number=2),
    "between two transactions": Writing("AFTER INSERT ON vectors WHEN (SELECT count(*) % 500 FROM vectors) = 499"),
    "all vectors, not collected": Writing(f"{NEW} NEW.state = 'collected'"),
    "deleting its input": Asking(_is("DELETE", "/v1beta/files/"), UNDONE),
    "deleting its output": Asking(_is("DELETE", "/v1beta/files/batch-")),
    "deleting the job": Asking(_is("DELETE", "/v1beta/batches/"), UNDONE),
}
ONLINE: dict[str, Asking | Writing] = {
    "cancelling": asks("POST", ":cancel"),
    "online instead": Asking(_is("POST", ":batchEmbedContents"), number=2),
}


PLACES: dict[str, Asking | Writing] = {**SUBMITTING, **COLLECTING, **ONLINE}


def test_killed_at_twenty_places(tmp_path: Path) -> None:
    """Nothing is billed twice but what is verified and what ordinary calls had in flight, all vectors are those of
    online calls, and nothing is left."""
    texts = [f"passage {i}" for i in range(TEXTS)]
    ended: list[Ended] = []
    numbers = TEXTS, SIZE, JOBS - 2, DEADLINE_S
    held_s = 0.2 + TEXTS / 40_000  # many keys take their time to be written
    with Emulator(batch_s=1000) as server, Killing(server, tmp_path, *numbers, held_s=held_s) as killing:
        server.batches.rule = lambda job: JobPlan(end="PENDING") if job.number >= JOBS else None
        ended += [killing.run(place) for place in SUBMITTING.values()]
        assert len(server.jobs()) == JOBS - 2, "the queue is full"
        server.clock.advance(2000)
        server.batch_s = 0
        ended += [killing.run(place) for place in (COLLECTING | ONLINE).values()]
        assert [one.code for one in ended] == [-signal.SIGKILL] * len(PLACES)
        assert len(PLACES) >= 20
        ended.append(killing.run())
        assert ended[-1].code == 0
        check_bill(server, len(server.requests), ended)
        assert server.jobs() == []
        assert len(killing.files()) <= 2, "those uploaded whose names no ledger has; they go by themselves in 48 hours"
        server.bill.clear()
        with Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=128) as plain:
            assert np.array_equal(np.load(tmp_path / "vectors.npy"), plain.embed_documents(texts).values)
        with Embedder(
            api_key="k", base_url=server.base_url, verify=False, dimensions=128, cache=killing.cache
        ) as cached:
            assert cached.embed_documents(texts).usage.requests == 0
            assert cached.cache is not None
            assert Ledger(cached.cache).rows("developer emulator", cached.model) == []


def check_bill(server: Emulator, calls: int, ended: list[Ended]) -> None:
    """No text was in two jobs that were billed. On both bills are no more than the verified lines of each job, and
    those that were being verified when a kill came; twice on the online one no more than these, and the calls in
    flight."""
    bill = server.bill
    print(  # noqa: T201 - the figures
        f"\n{TEXTS:,} texts, {len(PLACES)} kills: {bill.batch.items:,} by jobs ({bill.batch.repeated} twice), "
        f"{bill.online.items:,} online ({bill.online.repeated} twice), {bill.both} on both, {calls} requests; "
        f"{sum(one.cpu_s for one in ended):.0f} s of CPU, at most {max(one.max_mb for one in ended):.0f} MB"
    )
    assert bill.batch.repeated == 0
    assert bill.both <= VERIFIED * (JOBS - 1) + VERIFIED
    assert bill.batch.distinct + bill.online.distinct - bill.both == TEXTS
    assert bill.online.repeated <= VERIFIED + IN_FLIGHT
