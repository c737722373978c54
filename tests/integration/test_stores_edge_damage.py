"""An EdgeStore whose files are damaged: our error, which names the folder and the way out."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from gemini_embed import EdgeStore, Fingerprint, Record, StoreError, StoreLockedError

FINGERPRINT = Fingerprint("stand-in", 32, "prefix:retrieval", "unit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a closed store with 20 records."""
    folder = tmp_path / "index"
    store = EdgeStore(folder)
    store.open(FINGERPRINT)
    records = [Record(str(UUID(int=i)), f"text {i}", {"source": f"s{i}", "modality": "text"}) for i in range(20)]
    store.upsert(records, np.random.default_rng(0).normal(size=(20, 32)).astype(np.float32))
    store.close()
    return folder


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("segments/*/vector_storage/vectors/status.dat", id="at which the engine panics"),
        pytest.param("segments/*/payload_index/*/has_values/status.dat", id="an index of metadata"),
        pytest.param("segments/*/segment.json", id="a segment's settings"),
        pytest.param("wal/first-index", id="the log"),
    ],
)
def test_damaged_files(folder: Path, pattern: str) -> None:
    for file in (folder / "shard").glob(pattern):
        file.write_bytes(b"")
    store = EdgeStore(folder)
    with pytest.raises(StoreError, match="are damaged: keep a copy of it, and add the same items") as caught:
        store.open(FINGERPRINT)
    assert str(folder) in str(caught.value)
    assert not isinstance(caught.value, StoreLockedError)
