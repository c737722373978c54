"""A kill while an EdgeStore is being made. (A kill while it is written to: `gemini_embed.testing`, for every store.)"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gemini_embed import EdgeStore, Fingerprint

pytestmark = pytest.mark.slow

FINGERPRINT = Fingerprint("m", 4, "raw", "unit")
BATCH = 50
WRITER = """
import sys
from uuid import UUID
import numpy as np
from gemini_embed import EdgeStore, Fingerprint, Record

store = EdgeStore(sys.argv[1])
print("opening", flush=True)
store.open(Fingerprint("m", 4, "raw", "unit"))
for batch in range(100_000):
    ids = range(batch * 50, batch * 50 + 50)
    store.upsert([Record(str(UUID(int=i)), f"text {i}", {"source": "s"}) for i in ids], np.ones((50, 4), np.float32))
    print(batch, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1])
def test_edge_opens_after_a_kill_while_it_was_made(delay: float, tmp_path: Path) -> None:
    """Killed at some moment of the making, the folder opens afterwards as if nothing had happened."""
    path = tmp_path / "index"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own interpreter and code
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
