"""Batch jobs on Vertex AI outlive the processes that work on them, as those of the Developer API do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_batch_kills import command, ended, started
from gemini_embed import Embedder
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.slow

COUNT, MAX_ITEMS = 40, 10


def test_killed_twice(tmp_path: Path, fake_credentials: Any) -> None:
    """While an object is uploaded, and between the one request that creates a job and what is made of its answer."""
    cache = tmp_path / "vectors.db"
    points = ("uploading", "posted")
    with Emulator(latency_s=0.03) as emulator:
        for point in points:
            ended(started(command(emulator.base_url, cache, COUNT, MAX_ITEMS, point, backend="vertex")))
        assert ended(started(command(emulator.base_url, cache, COUNT, MAX_ITEMS, backend="vertex"))) is not None
        assert emulator.bill.batch.repeated == 0
        texts = [f"text {i}" for i in range(COUNT)]
        access = {"project": "p", "credentials": fake_credentials, "base_url": emulator.base_url, "verify": False}
        with Embedder(dimensions=128, **access) as plain:
            wanted = plain.embed_documents(texts).values
        emulator.requests.clear()
        with Embedder(dimensions=128, cache=cache, **access) as cached:
            assert np.array_equal(cached.embed_documents(texts).values, wanted)
        assert not emulator.requests
