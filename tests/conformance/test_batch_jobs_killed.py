"""Batch jobs outlive every process that works on them: killed anywhere, nothing is paid twice and nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from fix_batch_kills import command, ended, started
from gemini_embed import Embedder
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.slow

EVERY_POINT = ["uploading", "sending", "posting", "posted", "created", "collecting", "deleting"]
"""Before a create, between its request and its answer, after it, and while answers are written; see `fix_batch_kills`.
"""
POINTS = EVERY_POINT if "GEMINI_EMBED_KILLS" in os.environ else EVERY_POINT[::3]
"""`make test-slow` kills before, within and after; `make test-long` everywhere."""
VERIFIED = 2
"""Texts of each job that are embedded online too."""


def check(emulator: Emulator, cache: Path, count: int) -> None:
    """Every text was in one job, and has the vector that online calls give."""
    bill = emulator.bill
    assert bill.batch.repeated == 0
    texts = [f"text {i}" for i in range(count)]
    with Embedder(api_key="k", base_url=emulator.base_url, dimensions=128, verify=False) as plain:
        wanted = plain.embed_documents(texts).values
    emulator.requests.clear()
    with Embedder(api_key="k", base_url=emulator.base_url, dimensions=128, cache=cache, verify=False) as cached:
        assert np.array_equal(cached.embed_documents(texts).values, wanted)
    assert not emulator.requests


def test_killed_at_point_after_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process after another, each killed further on, with one cache. None leaves texts in the temporary folder."""
    count, max_items, cache = 80, 10, tmp_path / "vectors.db"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with Emulator(latency_s=0.03) as emulator:
        killed = [ended(started(command(emulator.base_url, cache, count, max_items, point))) for point in POINTS]
        assert killed.count(None) >= len(POINTS) - 1  # the clock decides whether one was quicker
        assert ended(started(command(emulator.base_url, cache, count, max_items))) is not None
        online = emulator.bill.online.items
        assert online <= VERIFIED * (count // max_items + len(POINTS) + 1)
        check(emulator, cache, count)
    assert [*temporary.iterdir()] == []


def test_two_processes_share_one_cache(tmp_path: Path) -> None:
    """They work at the same time; one of them is killed half-way, and the other takes its jobs over."""
    count, cache = 60, tmp_path / "vectors.db"
    with Emulator(latency_s=0.02) as emulator:
        first = started(command(emulator.base_url, cache, count, 10, "posted", 3))
        second = started(command(emulator.base_url, cache, count, 10))
        assert ended(first) is None
        assert ended(second) is not None
        check(emulator, cache, count)
