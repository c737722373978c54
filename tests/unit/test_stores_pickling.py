"""Stores and indexes in pickles: settings travel, keys and what is open do not, embedded stores refuse."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    Fingerprint,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    StoreError,
)
from gemini_embed.stores import Store
from qdrant_client import QdrantClient

FINGERPRINT = Fingerprint("stand-in", 8, "prefix:retrieval", "unit")
KEY = "a-secret-key-for-tests"


def travelled(thing: Any) -> Any:
    data = pickle.dumps(thing)
    assert KEY.encode() not in data
    return pickle.loads(data)  # noqa: S301  # our own bytes


@pytest.mark.parametrize(
    ("make", "variable"),
    [
        pytest.param(lambda: QdrantStore(url="http://127.0.0.1:9", api_key=KEY), "QDRANT_API_KEY", id="qdrant"),
        pytest.param(lambda: QdrantStore(url=f"http://me:{KEY}@127.0.0.1:9"), "QDRANT_API_KEY", id="in-the-url"),
        pytest.param(lambda: MilvusStore("http://127.0.0.1:9", token=KEY), "MILVUS_TOKEN", id="milvus"),
        pytest.param(lambda: MilvusStore(f"http://me:{KEY}@127.0.0.1:9"), "MILVUS_TOKEN", id="milvus-in-the-url"),
    ],
)
def test_a_servers_key_is_found_in_the_environment(
    make: Callable[[], Store], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError, match=f"did not travel with the pickle: set {variable}"):
        travelled(make()).open(FINGERPRINT)
    monkeypatch.setenv(variable, "found-again")
    again = travelled(travelled(make()))  # twice, as through a queue of a queue
    assert "found-again" in vars(again).values()


def test_settings_travel() -> None:
    store = QdrantStore(url="http://127.0.0.1:9", collection="mine", quantization="int8", timeout_s=3, retry_for_s=0)
    again = travelled(store)
    kept = {name: value for name, value in vars(store).items() if name != "_lock"}
    assert {name: value for name, value in vars(again).items() if name in kept} == kept
    with pytest.raises(StoreError, match="refused"):
        again.open(FINGERPRINT)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(EdgeStore, id="edge"),
        pytest.param(lambda place: QdrantStore(path=place), id="qdrant-path"),
        pytest.param(lambda place: QdrantStore(":memory:"), id="qdrant-memory"),
        pytest.param(lambda place: QdrantStore(client=QdrantClient(":memory:")), id="qdrant-client"),
        pytest.param(lambda place: MilvusStore(place.with_suffix(".db")), id="milvus-lite"),
    ],
)
def test_embedded_stores_say_what_to_do(
    make: Callable[[Path], Store], make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    store = make(tmp_path / "index")
    index = MultimodalIndex(make_embedder(), store)
    for thing in (store, index):
        with pytest.raises(StoreError, match="make the index in the process that uses it, or share one by a server"):
            pickle.dumps(thing)
    assert copy.copy(store) is copy.deepcopy(store) is copy.deepcopy(index).store is store, "within the process it can"


def test_an_index_of_a_server_travels(make_embedder: Callable[..., Embedder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "found-again")
    index = MultimodalIndex(make_embedder(dimensions=8), QdrantStore(url="http://127.0.0.1:9", collection="mine"))
    again = travelled(index)
    assert repr(again) == repr(index)
    assert again.opener is not index.opener
    again.embedder.close()
