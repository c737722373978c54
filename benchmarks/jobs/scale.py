"""Texts into a Milvus server, 768 dimensions, by one way: scale.py WAY URL COUNT

add: `index.add`, one process.
ray, daft: `index_dataset`, `index_dataframe`, two workers.
hand: Ray Data, two actors, each with langchain-google-genai and a client of Milvus: embeds a batch and upserts it.

Each way runs to its end; then anew, a worker killed in the middle; then anew, the driver killed in the middle and the
same started again. A server is asked what it embedded (twice). The service is the mock server at URL.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.jobs.family import Family
from benchmarks.jobs.texts import texts

MODEL, SIZE, BATCH, WORKERS = "gemini-embedding-001", 768, 500, 2
TITLES = {"ray": "MapBatches(", "hand": "MapBatches(", "daft": "daft"}
"""What the processes of a worker are called."""
MILVUS = """
import sys
from milvus import MilvusServer, MilvusServerConfig
server = MilvusServer(MilvusServerConfig(data_dir=sys.argv[1]), wait_for_started=False)
server.start()
try:
    server.wait_started(timeout=60_000)
    print(server.listen_port, flush=True)
    sys.stdin.read()
finally:
    server.stop()
"""


def rows(count: int) -> dict[str, list[str]]:
    """Texts and their ids."""
    return {"text": list(texts(0, count)), "id": [f"doc{n}" for n in range(count)]}


def ours(url: str, uri: str, collection: str) -> Any:
    """An index over the server."""
    from gemini_embed import Embedder, MilvusStore, MultimodalIndex

    embedder = Embedder(MODEL, dimensions=SIZE, base_url=url, verify=False)
    return MultimodalIndex(embedder, MilvusStore(uri, collection=collection))


def add(url: str, uri: str, collection: str, count: int) -> None:
    """`index.add`."""
    from gemini_embed import Item

    table = rows(count)
    index = ours(url, uri, collection)
    pairs = zip(table["text"], table["id"], strict=True)
    index.add((Item(text, source=source) for text, source in pairs), progress=False)


def daft(url: str, uri: str, collection: str, count: int) -> None:
    """`index_dataframe`; one worker works in the driver's own process."""
    import daft as engine
    from gemini_embed.daft import index_dataframe

    df = engine.from_pydict(rows(count)).into_batches(BATCH)
    index_dataframe(df, ours(url, uri, collection), source="id", workers=WORKERS, batch_size=BATCH)


def ray(url: str, uri: str, collection: str, count: int) -> None:
    """`index_dataset`."""
    from gemini_embed.ray import index_dataset

    index_dataset(_dataset(count), ours(url, uri, collection), source="id", workers=WORKERS, batch_size=BATCH)


def hand(url: str, uri: str, collection: str, count: int) -> None:
    """What somebody writes who knows Ray: one step, ids that come out the same."""
    import ray.data
    from pymilvus import MilvusClient

    class Stage:
        def __init__(self) -> None:
            from langchain_google_genai import GoogleGenerativeAIEmbeddings

            self.embeddings = GoogleGenerativeAIEmbeddings(
                model=MODEL, api_key="k", base_url=url, output_dimensionality=SIZE
            )
            self.client = MilvusClient(uri)

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            passages = batch["text"].tolist()
            made = zip(batch["id"].tolist(), passages, self.embeddings.embed_documents(passages), strict=True)
            self.client.upsert(collection, [{"id": key, "text": text, "vector": vector} for key, text, vector in made])
            return {"id": batch["id"]}

    client = MilvusClient(uri)
    if not client.has_collection(collection):
        client.create_collection(collection, SIZE, id_type="string", max_length=64, metric_type="COSINE")
    pool = ray.data.ActorPoolStrategy(size=WORKERS)
    stage = _dataset(count).repartition(4 * WORKERS).map_batches(Stage, batch_size=BATCH, compute=pool, num_cpus=0.25)
    for _ in stage.iter_batches(batch_size=None):
        pass


def _dataset(count: int) -> Any:
    import pyarrow as pa
    import ray.data

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=300 * 2**20)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray.data.from_arrow(pa.table(rows(count)))


WAYS = {way.__name__: way for way in (add, ray, daft, hand)}


@contextmanager
def milvus() -> Iterator[str]:
    """The address of a server."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", "-c", MILVUS, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
            port = server.stdout.readline().strip() if server.stdout else ""
            if not port:
                raise RuntimeError("Milvus did not start: is there another one on this machine? It bears no second one")
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                server.communicate()


class Service:
    """The mock server's counters."""

    def __init__(self, url: str) -> None:
        self._url = url

    def counted(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._url}/stats", timeout=30) as reply:  # noqa: S310 - loopback
            found: dict[str, Any] = json.load(reply)
        return found

    def reset(self) -> None:
        urllib.request.urlopen(f"{self._url}/reset", data=b"{}", timeout=30).close()  # noqa: S310 - loopback


def main(way: str, url: str, count: int) -> dict[str, Any]:
    """Figures of the three runs."""
    service, found = Service(url), {"way": way, "count": count}

    def begun(run: str) -> Family:
        command = [sys.executable, "-m", "benchmarks.jobs.scale", "drive", way, url, uri, run, str(count)]
        settings = {"GEMINI_API_KEY": "k", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
        return Family(command, env={**os.environ, **settings})

    with milvus() as uri:
        service.reset()
        started = time.monotonic()
        with begun("whole") as family:
            _check(family)
            found["s"] = time.monotonic() - started
        counted = service.counted()
        found |= {"embedding_s": counted["span_s"], "cpu_s": family.cpu_s, "peak_mib": family.peak_mib}
        found["billed_twice"] = counted["texts_ok"] - count
        print(found, file=sys.stderr)
        if way in ("ray", "hand"):
            service.reset()
            with begun("worker") as family:
                _until(service, count // 2, family)
                os.kill(family.named(TITLES[way])[0], signal.SIGKILL)
                _check(family)
            found["worker_killed_billed_twice"] = service.counted()["texts_ok"] - count
        print(found, file=sys.stderr)
        service.reset()
        with begun("driver") as family:
            _until(service, count // 2, family)
            family.process.kill()
        with begun("driver") as family:
            _check(family)
        found["driver_killed_billed_twice"] = service.counted()["texts_ok"] - count
    return found


def _check(family: Family) -> None:
    if family.process.wait() != 0:
        raise RuntimeError("it failed: its own words are above")


def _until(service: Service, items: int, family: Family) -> None:
    while service.counted()["texts_ok"] < items:
        if family.process.poll() is not None:
            raise RuntimeError("it ended before it was to be killed")
        time.sleep(0.02)


if __name__ == "__main__":
    if sys.argv[1] == "drive":
        service_url, milvus_url, into, number = sys.argv[3:]
        WAYS[sys.argv[2]](service_url, milvus_url, into, int(number))
    else:
        print("RESULT", json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
