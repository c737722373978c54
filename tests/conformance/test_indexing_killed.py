"""`MultimodalIndex.add` killed again and again, store and cache on disk: nothing is lost, and little is paid twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex
from gemini_embed_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ITEMS, KILLS, CONCURRENCY, BATCH, SEED = 5000, 20, 4, 25, 20261120
FORKING = """
import os, sys
import qdrant_edge
from gemini_embed import EdgeStore, Embedder, MultimodalIndex

base_url, folder, items, concurrency, batch = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])

def add():
    embedder = Embedder(api_key="k", base_url=base_url, verify=False, dimensions=128, cache=f"{folder}/cache.db",
                        concurrency=concurrency, batch_size=batch)
    with embedder, MultimodalIndex(embedder, EdgeStore(f"{folder}/index")) as index:
        return index.add((f"passage {i}" for i in range(items)), batch_size=500)

for line in sys.stdin:
    child = os.fork()
    if not child:
        report = add()
        os._exit(0 if report.added + report.reused == items else 1)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Forks a process that adds for every line it reads, tells its id, and at its end its exit code."""


def test_every_item_is_there_once_after_twenty_kills(tmp_path: Path) -> None:
    """The moments of the kills: some calls after the start of each run, and then anywhere up to 30 ms later."""
    moments = random.Random(SEED)  # noqa: S311 - chance, not secrets
    numbers = map(str, (ITEMS, CONCURRENCY, BATCH))
    with Emulator(latency_s=0.05) as server:
        command = [sys.executable, "-c", FORKING, server.base_url, str(tmp_path), *numbers]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forking:  # noqa: S603 - our own interpreter and code
            assert forking.stdin is not None
            assert forking.stdout is not None
            for kill in range(KILLS + 1):
                enough = len(server.requests) + moments.randint(1, 8)
                print(file=forking.stdin, flush=True)
                child = int(forking.stdout.readline())
                if kill < KILLS:
                    wait_for_requests(server, enough)
                    time.sleep(moments.uniform(0, 0.03))
                    os.kill(child, signal.SIGKILL)
                assert int(forking.stdout.readline()) == (-signal.SIGKILL if kill < KILLS else 0)
            forking.stdin.close()
        embedder = Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=128)
        with embedder, MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
            assert index.count() == ITEMS
            texts = {record.page_content for batch in index.store.iterate() for record in batch.records}
        assert texts == {f"passage {i}" for i in range(ITEMS)}
        paid_twice = server.requests.items_billed - ITEMS
        print(f"\n{KILLS} kills: {paid_twice} of {ITEMS} items paid twice")  # noqa: T201 - the figure
        assert 0 <= paid_twice <= KILLS * CONCURRENCY * BATCH, "no more than what was in flight"


def wait_for_requests(server: Emulator, number: int) -> None:
    end = time.monotonic() + 60
    while len(server.requests) < number:
        assert time.monotonic() < end, "it did not happen within 60 s"
        time.sleep(0.001)
