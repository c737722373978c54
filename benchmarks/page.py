"""What a typed query takes on the page beyond the embedding call, over 20,000 records of 768 numbers.

    python -m benchmarks.page

The folder is made up in a temporary place and embedded by nobody: its vectors are random, its texts passages.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
import uuid
from pathlib import Path

import httpx
import numpy as np
from gemini_embed import Record
from gemini_embed_cli.folder import OpenFolder, settings
from gemini_embed_cli.serving.page.running import guarded, server_of

RECORDS, DIMENSIONS, QUERIES, WARM_UP = 20_000, 768, 200, 20
KINDS = ("text", "text", "text", "image", "image", "pdf", "audio", "video")
PASSAGE = "Passage {} says how the water of a house is shut off in winter, and who comes to mend it. "


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = settings({"folder": Path(place), "emulator": True, "dimensions": DIMENSIONS}, {})
        with OpenFolder(folder, confined=True) as opened, socket.create_server(("127.0.0.1", 0)) as listening:
            _fill(opened)
            port = listening.getsockname()[1]
            server = server_of(guarded(opened, host="127.0.0.1", port=port, token=None))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            beyond = _measured(f"http://127.0.0.1:{port}/")
            server.should_exit = True
            thread.join()
    p50, p95 = np.percentile(beyond, (50, 95))
    print(f"{RECORDS:,} records: beyond the embedding call p50 {p50:.1f} ms, p95 {p95:.1f} ms ({len(beyond)} queries)")


def _fill(opened: OpenFolder) -> None:
    random = np.random.default_rng(0)
    with opened.index(new=True) as index:
        index.store.open(opened.embedder.fingerprint)
        for start in range(0, RECORDS, 1_000):
            vectors = random.standard_normal((1_000, DIMENSIONS), dtype=np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            index.store.upsert([_record(opened.settings.folder, start + n) for n in range(1_000)], vectors)


def _record(folder: Path, number: int) -> Record:
    file = str(folder / f"{number}.md")
    metadata = {"source": file, "uri": file, "modality": KINDS[number % len(KINDS)]}
    return Record(str(uuid.UUID(int=number)), PASSAGE.format(number) * 6, metadata)


def _measured(url: str) -> list[float]:
    """Milliseconds from the question sent to the answer read, without those of the embedding."""
    beyond = []
    with httpx.Client(timeout=60) as client:
        for number in range(WARM_UP + QUERIES):
            began = time.perf_counter()
            answer = client.post(f"{url}search", data={"words": f"where is the water shut off {number}"}).json()
            beyond.append((time.perf_counter() - began) * 1000 - answer["embedding_ms"])
    return beyond[WARM_UP:]


if __name__ == "__main__":
    main()
