"""Many embedders in one process, kept or dropped: they share one loop, and few connections stay open."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Embedder, QuotaUsedUpError, RetryPolicy
from gemini_embed_emulator import Emulator, Quota

MANY = """
import gc, json, os, sys, threading, time
from gemini_embed import Embedder

def counted():
    gc.collect()
    return {"threads": threading.active_count(), "descriptors": len(os.listdir("/dev/fd"))}

def settled(wanted):  # what ends in the background may take a moment
    until = time.monotonic() + 20
    while (now := counted()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return now

def asked(number):
    embedder = Embedder(api_key=f"k{number}", base_url=sys.argv[1], dimensions=8, verify=False)
    embedder.embed_query("x")
    return embedder

asked(0).close()  # what is imported and opened once is not counted
before = counted()
for number in range(int(sys.argv[2])):
    asked(number)
dropped = settled(before)
kept = [asked(number) for number in range(int(sys.argv[2]))]
alive = counted()
again = [embedder.embed_query("y").values.shape[1] for embedder in kept[:20]]
for embedder in kept:
    embedder.close()
closed = settled(before)
print(json.dumps({"before": before, "dropped": dropped, "alive": alive, "closed": closed, "again": again}))
"""


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="descriptors cannot be counted here")
@pytest.mark.parametrize("many", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_embedders_that_have_each_made_a_call(many: int, emulator: Emulator) -> None:
    command = [sys.executable, "-c", MANY, emulator.base_url, str(many)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["dropped"] == told["before"]
    assert told["closed"] == told["before"]
    assert told["alive"]["threads"] - told["before"]["threads"] <= 8
    assert told["alive"]["descriptors"] - told["before"]["descriptors"] <= 100
    assert told["again"] == [8] * 20


class Local:
    """Something in a frame that an error passed."""


def test_a_day_s_refusal_keeps_nobody_alive() -> None:
    def refused(base_url: str) -> list[weakref.ref[Any]]:
        embedder, local = Embedder(api_key="k", base_url=base_url, retry=RetryPolicy(max_attempts=1)), Local()
        with pytest.raises(QuotaUsedUpError):
            embedder.embed_documents(["a", "b", "c"], batch_size=1)
        return [weakref.ref(embedder), weakref.ref(local)]

    with Emulator(quota=Quota(requests_per_day=2)) as server:
        left = refused(server.base_url)
        gc.collect()
        assert [one() for one in left] == [None, None]


def test_connections_that_rest_are_opened_again(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    """More embedders than keep connections, in turn: each still has its own key and its own learned limits."""
    embedders = [make_embedder(api_key=f"key-{number}", dimensions=8) for number in range(30)]
    for _ in range(2):
        for number, embedder in enumerate(embedders):
            embedder.embed_query("x")
            assert emulator.requests[-1].headers["x-goog-api-key"] == f"key-{number}"
