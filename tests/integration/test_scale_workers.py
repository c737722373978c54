"""Stages in workers of process pools, which stand for a cluster: killed at any moment, and sharing a quota."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fix_emulator import KEY
from fix_scale import SPAWN, passages_in_batches
from gemini_embed import Embedder, RateLimits
from gemini_embed.scale import EmbedStage
from gemini_embed_emulator import Emulator, Quota

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("key")]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find it in their environment."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def test_workers_embed_with_the_key_of_their_environment(
    make_embedder: Callable[..., Embedder], emulator: Emulator
) -> None:
    """A pool pickles the stage for each batch."""
    embedder = make_embedder(dimensions=128)
    batches = passages_in_batches(4, 10)
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        found = pa.concat_tables(pool.map(EmbedStage(embedder), batches))
    assert emulator.requests.items_billed == 40
    vectors = np.array(found.column("vector").to_pylist(), np.float32)
    assert np.array_equal(vectors, embedder.embed_documents([f"row {n}" for n in range(40)]).values)


_EMBEDDING = """
import sys
from gemini_embed import Embedder
from gemini_embed.scale import EmbedStage, FileBroker

base_url, path, name, count = sys.argv[1:]
embedder = Embedder(base_url=base_url, dimensions=128, verify=False, batch_size=20)
stage = EmbedStage(embedder, share=FileBroker(path, LIMITS, workers=2, beat_s=0.2))
for start in range(0, int(count), 100):
    texts = [f"{name} {number}" for number in range(start, start + 100)]
    assert stage({"text": texts})["vector_error"][0] is None
    print(embedder.rate_limits.requests_per_minute, flush=True)
"""


def _begun(emulator: Emulator, path: Path, limits: RateLimits, name: str, count: int) -> subprocess.Popen[str]:
    code = _EMBEDDING.replace("LIMITS", repr(limits)).replace("import Embedder", "import Embedder, RateLimits")
    command = [sys.executable, "-c", code, emulator.base_url, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and code


def test_two_workers_share_a_quota_and_a_dead_one_gives_its_share_back(tmp_path: Path) -> None:
    """Neither meets the quota, though each would use it up alone."""
    limits = RateLimits(requests_per_minute=30_000, burst_s=1)
    with Emulator(quota=Quota(requests_per_minute=500, minute_s=1)) as emulator:
        path = tmp_path / "shares.db"
        first = _begun(emulator, path, limits, "a", 2500)
        second = _begun(emulator, path, limits, "b", 100_000)
        assert first.stdout is not None
        assert second.stdout is not None
        assert float(first.stdout.readline()) == float(second.stdout.readline()) == 15_000
        second.kill()
        second.communicate()
        rest, _ = first.communicate()
        assert first.returncode == 0
        assert float(rest.split()[-1]) == 30_000
        calls = [request for request in emulator.requests if request.path.endswith(":batchEmbedContents")]
        assert len(calls) * 20 == emulator.requests.items_billed, "none was refused"
