"""`index.add` in a process of its own that is killed again and again, in any store."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fix_milvus import milvus_standalone
from gemini_embed import EdgeStore, Embedder, MilvusStore, MultimodalIndex, QdrantStore, Store, Words
from gemini_embed_emulator import Emulator

if TYPE_CHECKING:  # not in the child process
    from fix_signs import Signs

RECORDS = 30
ADDING = """
import sys
from pathlib import Path
from fix_kills import STORES
from gemini_embed import Embedder, MultimodalIndex

base_url, folder, kind, place = sys.argv[1:]
store = STORES[kind](Path(place))
write = store.upsert

def acknowledged(records, vectors):
    write(records, vectors)
    print(*(record.id for record in records), flush=True)

store.upsert = acknowledged
MultimodalIndex(Embedder(api_key="k", base_url=base_url, dimensions=128), store).add(folder, batch_size=2)
"""
"""Adds a folder and prints the ids of each batch once it is written."""

STORES: dict[str, Callable[[Path], Store]] = {
    "edge": EdgeStore,
    "edge-words": lambda place: EdgeStore(place, lexical=True),
    "qdrant": lambda place: QdrantStore(path=place),
    "lite": MilvusStore,
    "standalone": milvus_standalone,
}


def check_kills(kind: str, signs: Signs, tmp_path: Path) -> None:
    place = tmp_path / "index.db"
    with Emulator(latency_s=0.02) as server:
        command = [sys.executable, "-c", ADDING, server.base_url, str(signs.folder), kind, str(place)]
        written: set[str] = set()
        for batches in (1, 3, 5):  # killed after so many
            written |= killed_after(command, batches)
        assert len(written) < RECORDS, "killed before the end"
        with (
            Embedder(api_key="k", base_url=server.base_url, dimensions=128) as embedder,
            MultimodalIndex(embedder, STORES[kind](place)) as index,
        ):
            assert {record.id for record in index.get(sorted(written))} == written
            held = index.count()
            report = index.add(signs.folder)
            assert (report.added, report.reused) == (RECORDS - held, held)
            records = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
            assert len({(record.source, str(record.metadata.get("page_start")), str(record.metadata.get("start_s")))
                        for record in records}) == len(records) == RECORDS  # fmt: skip
            if kind == "edge-words":
                named = Path(records[0].uri or "").name
                hits = index.search("anything", RECORDS, lexical=Words(f'"{named}"', only=True))
                assert {hit.record.id for hit in hits} == {
                    one.id for one in records if Path(one.uri or "").name == named
                }


def killed_after(command: list[str], batches: int) -> set[str]:
    """The ids that a process had acknowledged when it was killed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent) as child:  # noqa: S603 - our own interpreter and code
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(batches)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    assert len(whole) >= batches
    return {id_ for line in whole for id_ in line.split()}
