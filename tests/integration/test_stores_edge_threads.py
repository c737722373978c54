"""How many threads the engine searches with: no more than it has segments for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from gemini_embed import EdgeStore
from gemini_embed.stores.edge import folder as folders
from gemini_embed.testing.samples import FINGERPRINT, sample_records, sample_vectors


def test_one_segment_is_searched_by_one_thread(tmp_path: Path) -> None:
    """As a new index is, and one that is opened again."""
    for _ in range(2):
        store = EdgeStore(tmp_path / "index")
        store.open(FINGERPRINT)
        store.upsert(sample_records(), sample_vectors())
        store.close()

        assert json.loads((tmp_path / "index/shard/edge_config.json").read_text())["max_search_threads"] == 1
        assert len([*(tmp_path / "index/shard/segments").glob("*/")]) == 1


@pytest.mark.parametrize(("segments", "threads"), [(0, 1), (2, 1), (3, 3), (64, 4)])
def test_many_segments_are_shared_by_threads(
    segments: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for number in range(segments):
        (tmp_path / "segments" / str(number)).mkdir(parents=True)

    assert folders._threads(tmp_path) == threads
