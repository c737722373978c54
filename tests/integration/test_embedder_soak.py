"""A long run against a server with faults, in a process of its own: nothing grows, and nothing is missing."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from typing import Any

import pytest

BENCH = Path(os.environ.get("GEMINI_EMBED_BENCH") or "/nowhere")
TEXTS = 200_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not BENCH.is_dir(), reason="GEMINI_EMBED_BENCH names no folder with mock_gemini.py"),
]


@pytest.fixture(scope="module")
def run() -> Any:
    """What `make bench ONLY=soak` measures: 1 % each of 429, 503 and dropped connections."""
    from benchmarks.parts import soak

    return soak()


def grown(run: Any, what: str) -> float:
    """The last quarter's median less the second one's: the first holds warming up."""
    values: list[float] = [sample[what] for sample in run["samples"]]
    quarter = len(values) // 4
    return median(values[-quarter:]) - median(values[quarter : 2 * quarter])


def test_every_text_got_its_vector(run: Any) -> None:
    """In spite of faults, which there were."""
    server = run["server"]

    assert (run["rows"], run["wrong"]) == (TEXTS, 0)
    assert min(server["429"], server["503"], server["dropped_before"] + server["dropped_mid"]) > 0


def test_a_batch_is_paid_for_twice_only_when_its_reply_was_lost(run: Any) -> None:
    billed, lost = run["server"]["texts_ok"], run["server"]["dropped_mid"]

    assert TEXTS <= billed <= TEXTS + 101 * lost + 1  # the benchmark's first call is of one text


def test_memory_is_flat(run: Any) -> None:
    """A kept vector per text (1 KiB) would show as 100 MiB; the allocator takes memory in steps of 5."""
    assert grown(run, "rss_mib") < 8


def test_threads_are_flat(run: Any) -> None:
    assert len({sample["threads"] for sample in run["samples"]}) == 1


def test_open_files_are_flat(run: Any) -> None:
    """Sockets: one per request in flight, and as many at the end."""
    assert grown(run, "open_files") <= 2
    assert max(sample["open_files"] for sample in run["samples"]) <= run["samples"][0]["open_files"] + 16
