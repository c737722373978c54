"""Processes forked after a store was opened: refused at once where its engine lives in one process, no harm done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gemini_embed_emulator import Emulator

WORKERS = """
import json, os, sys, warnings
from gemini_embed import EdgeStore, Embedder, MilvusStore, MultimodalIndex, QdrantStore

warnings.simplefilter("ignore")  # of forks beside threads, which is the point
base_url, kind, place = sys.argv[1:]
make = {"edge": EdgeStore, "qdrant": lambda place: QdrantStore(path=place), "milvus": MilvusStore}[kind]
calls = {
    "count": lambda index: index.count(),
    "search": lambda index: index.search("one"),
    "add": lambda index: index.add(["new in the child"]),
    "delete": lambda index: index.delete(source="s"),
    "optimize": lambda index: index.optimize(),
    "close": lambda index: index.close(),
}
index = MultimodalIndex(Embedder(api_key="k", base_url=base_url, dimensions=64, verify=False), make(place))
index.add(["one", "two"])
if pid := os.fork():
    child = os.waitpid(pid, 0)[1]
    index.add(["three"])
    print(json.dumps({"child": child, "count": index.count()}))
    index.close()
else:  # and it ends as a worker does, with all handlers at exit
    for name, call in calls.items():
        try:
            call(index)
        except Exception as error:
            print(json.dumps({name: f"{type(error).__name__}: {error}"}), flush=True)
        else:
            print(json.dumps({name: "fine"}), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
@pytest.mark.parametrize("kind", ["edge", "qdrant", pytest.param("milvus", marks=pytest.mark.slow)])
def test_an_index_opened_before_a_fork(kind: str, emulator: Emulator, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKERS, emulator.base_url, kind, str(tmp_path / "index.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own code
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        told |= json.loads(line)
    assert (told.pop("child", None), told.pop("count", None), told.pop("close", None)) == (0, 3, "fine"), done.stderr
    assert {said.partition(":")[0] for said in told.values()} == {"StoreLockedError"}
    assert "make the index in the worker" in told["search"]
