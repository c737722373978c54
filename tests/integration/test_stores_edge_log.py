"""What is played back when an index is opened again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gemini_embed import EdgeStore, Record
from gemini_embed.testing.samples import FINGERPRINT

WIDE = replace(FINGERPRINT, dimensions=768)
MANY = 500

FAULTS_OF_OPENING = """
import resource, sys
import qdrant_edge

before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
shard = qdrant_edge.EdgeShard.load(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_an_index_that_was_closed_plays_back_no_large_upsert(tmp_path: Path) -> None:
    """The engine keeps the last entry of its log, and reads it at each opening; told by the memory that this takes."""
    pytest.importorskip("resource", reason="counts page faults, as POSIX does")
    store = EdgeStore(tmp_path / "index")
    store.open(WIDE)
    rows = np.random.default_rng(0).standard_normal((MANY, 768)).astype(np.float32)
    store.upsert([Record(str(uuid.UUID(int=number + 1)), "", {}) for number in range(MANY)], rows)
    shutil.copytree(tmp_path / "index", tmp_path / "killed")
    store.close()

    assert 3 * _faults_of_opening(tmp_path / "index") < _faults_of_opening(tmp_path / "killed")
    store.open(WIDE)
    assert store.count() == MANY
    store.close()


def _faults_of_opening(folder: Path) -> int:
    code = [sys.executable, "-c", FAULTS_OF_OPENING, str(folder / "shard")]
    return int(subprocess.run(code, capture_output=True, text=True, check=True).stdout)  # noqa: S603 - our own code
