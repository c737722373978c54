"""What a store acknowledged is there after the process was killed in the middle of writing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from gemini_embed import EdgeStore, Fingerprint, QdrantStore, Store

pytestmark = pytest.mark.slow

FINGERPRINT = Fingerprint("m", 4, "raw", "unit")
BATCH = 50
WRITER = """
import sys
from uuid import UUID
import numpy as np
from gemini_embed import EdgeStore, Fingerprint, QdrantStore, Record

kind, path = sys.argv[1:]
store = EdgeStore(path) if kind == "edge" else QdrantStore(path=path)
store.open(Fingerprint("m", 4, "raw", "unit"))
for batch in range(100_000):
    ids = range(batch * 50, batch * 50 + 50)
    store.upsert([Record(str(UUID(int=i)), f"text {i}", {"source": "s"}) for i in ids], np.ones((50, 4), np.float32))
    print(batch, flush=True)
"""


def start(code: str, kind: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, kind, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and code


@pytest.mark.parametrize("kind", ["edge", "qdrant-path"])
@pytest.mark.parametrize("batches", [1, 7])
def test_acknowledged_records_survive_sigkill(kind: str, batches: int, tmp_path: Path) -> None:
    path = tmp_path / "index"
    with start(WRITER, kind, path) as child:
        assert child.stdout is not None
        for _ in range(batches):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
    store: Store = EdgeStore(path) if kind == "edge" else QdrantStore(path=path)
    store.open(FINGERPRINT)
    ids = [str(UUID(int=i)) for i in range((acknowledged + 1) * BATCH)]
    assert [record.id for record in store.get(ids)] == ids
    assert sum(len(batch.vectors) for batch in store.iterate()) == store.count()
    store.close()


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1])
def test_edge_opens_after_a_kill_while_it_was_made(delay: float, tmp_path: Path) -> None:
    """Killed at some moment of the making, the folder opens afterwards as if nothing had happened."""
    code = WRITER.replace("store.open", "print('opening', flush=True); store.open")
    path = tmp_path / "index"
    with start(code, "edge", path) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
    store = EdgeStore(path)
    store.open(FINGERPRINT)
    assert store.count() % BATCH == 0
    store.close()
