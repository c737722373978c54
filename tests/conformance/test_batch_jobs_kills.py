"""A process that is killed while it collects: nothing is lost, nothing paid twice, whoever goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from gemini_embed import Embedder
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.slow

TEXTS = [f"text number {n}" for n in range(1_500)]
COLLECTING = """
import sys
from gemini_embed import Embedder, VectorCache
from gemini_embed.batch_jobs import collecting
from gemini_embed.batch_jobs.answers import Answers

base_url, cache, name, place = sys.argv[1:]

def then_wait(owner, method):
    work = getattr(owner, method)
    def worked(*arguments, **options):
        done = work(*arguments, **options)
        print(method, flush=True)
        sys.stdin.readline()
        return done
    setattr(owner, method, worked)

owners = {"take": Answers, "end": Answers, "write": VectorCache, "_counted": collecting.Collector}
then_wait(owners[place], place)
Embedder(api_key="k", base_url=base_url, dimensions=128, cache=cache).batches.get(name).wait()
"""
"""Collects a run, and stops after each call of a method until it is told to go on."""
EVERY_PLACE = [
    pytest.param("take", 1, id="lines-are-read"),
    pytest.param("end", 1, id="all-lines-are-read"),
    pytest.param("write", 1, id="a-third-is-written"),
    pytest.param("write", 3, id="all-is-written"),
    pytest.param("_counted", 1, id="not-noted-as-collected"),
]
PLACES = EVERY_PLACE if "GEMINI_EMBED_KILLS" in os.environ else EVERY_PLACE[::2]
"""`make test-slow` kills while lines are read, while vectors are written and after that; `make test-long` everywhere.
"""


@pytest.mark.parametrize(("place", "calls"), PLACES)
def test_killed_while_collecting(
    place: str, calls: int, emulator: Emulator, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    """Whoever has the contents has all vectors, once the lease of the killed process is over."""
    cache = tmp_path / "vectors.db"
    embedder = make_embedder(dimensions=128, cache=cache)
    run = embedder.batches.submit_documents(TEXTS)
    command = [sys.executable, "-c", COLLECTING, emulator.base_url, str(cache), run.name, place]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for call in range(calls):
            assert child.stdout.readline().strip() == place
            if call < calls - 1:
                child.stdin.write("\n")
                child.stdin.flush()
        child.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(cache)) as db, db:
        db.execute("UPDATE batch_jobs SET lease = 0")
    result = run.wait()
    assert result is not None
    online = make_embedder(dimensions=128).embed_documents(TEXTS)
    assert np.array_equal(result.values, online.values)
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (1_500, 0)
    assert {path.name for path in tmp_path.iterdir()} <= {"vectors.db", "vectors.db-shm", "vectors.db-wal"}
    assert emulator.jobs() == []
