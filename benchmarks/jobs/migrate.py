"""An index of texts embedded anew by another model, 768 dimensions, EdgeStore to EdgeStore: migrate.py WAY COUNT FOLDER

make: the old index, which the two others read. Its server, and theirs, is the emulator, in a process of its own.
core: `Migration.run`, `run` again, `verify`.
hand: the records read out of the old store and given to `index.add` with their metadata, ids as they come out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from gemini_embed import EdgeStore, Embedder, Fingerprint, Item, Migration, MultimodalIndex

from benchmarks.jobs.process import cpu_s, peak_rss_mib, rss_mib

WORDS = ("bread", "glacier", "tide", "moss", "copper", "violin", "ledger", "harbour", "thunder", "saffron")
figures: dict[str, Any] = {}


def items(count: int) -> Iterator[Item]:
    """Texts of some 200 characters, each of a source with nine others."""
    for n in range(count):
        words = " ".join(f"{WORDS[(n * step + step) % 10]} {n * step % 9973}" for step in range(1, 16))
        yield Item(f"Note {n}: {words}", source=f"notes/{n // 10}.md", metadata={"year": 1900 + n % 100})


@contextmanager
def emulator() -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-m", "gemini_embed_emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        yield server.stdout.readline().split()[-1] if server.stdout else ""
        server.terminate()


def timed(name: str, work: Callable[[], Any]) -> Any:
    """What it gives; its seconds go into `figures`."""
    cpu, wall = cpu_s(), perf_counter()
    result = work()
    figures.update(
        {f"{name}_s": perf_counter() - wall, f"{name}_cpu_s": cpu_s() - cpu, f"{name}_peak_mib": peak_rss_mib()}
    )
    return result


def by_hand(old: EdgeStore, kept: Fingerprint, new: MultimodalIndex) -> int:
    """The least that somebody writes who does without `Migration`."""
    old.open(kept)
    records = (record for batch in old.iterate(with_vectors=False) for record in batch.records)
    return new.add(Item(one.page_content, source=one.source, metadata=one.metadata) for one in records).added


def main(way: str, count: int, folder: Path) -> dict[str, Any]:
    """Wall and CPU seconds of this process, and memory."""
    old = EdgeStore(folder / "old")
    with emulator() as url:
        model, place = ("gemini-embedding-001", "old") if way == "make" else ("gemini-embedding-2", way)
        embedder = Embedder(model, dimensions=768, api_key="k", base_url=url, concurrency=16)
        with embedder, MultimodalIndex(embedder, EdgeStore(folder / place)) as index:
            if way == "make":
                return {"way": way, "count": index.add(items(count)).added}
            index.add(["warm"])
            index.delete(filter={"modality": "text"})
            kept = old.made_with()
            before = rss_mib()
            if way == "hand":
                added = timed("run", lambda: kept and by_hand(old, kept, index))
            else:
                with closing(Migration(old, index)) as migration:
                    added = timed("run", migration.run).added
                    figures["added_again"] = timed("again", migration.run).added
                    figures["passed"] = timed("verify", migration.verify).passed
            if added != count or index.count() != count:
                raise RuntimeError(f"{added} of {count} were added, {index.count()} are there")
            return {"way": way, "count": count, **figures, "before_mib": before}


if __name__ == "__main__":
    print("RESULT", json.dumps(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
