"""Texts that differ, of a length, and whether a vector belongs to its text."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from benchmarks.driver import bench_folder

sys.path.insert(0, str(bench_folder()))
mock_gemini = import_module("mock_gemini")

BITS = 22
STEP = 2 * np.pi / 2**BITS


def texts(first: int, count: int, chars: int = 200) -> Iterator[str]:
    """Texts number `first`, `first` + 1, ...; no two numbers have the same."""
    rng = random.Random(first)  # noqa: S311 - not a secret
    for number in range(first, first + count):
        words = f"{number:07d}"
        while len(words) < chars:
            words += f" {rng.randrange(36**6):x}"
        yield words[:chars]


def wrong(passages: list[str], rows: NDArray[np.float32]) -> int:
    """How many rows are not the mock server's vector of their text: its first four values hold a hash of the text."""
    angles = np.stack([np.arctan2(rows[:, 1], rows[:, 0]), np.arctan2(rows[:, 3], rows[:, 2])])
    high, low = np.round(angles / STEP).astype(np.int64) & (2**BITS - 1)
    expected = np.array([mock_gemini.text_hash(text) for text in passages], dtype=np.int64)
    return int(np.count_nonzero((high << BITS | low) != expected))
