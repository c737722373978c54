"""What is measured. Each part returns plain JSON data; tables and plots are made of nothing else."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.driver import (
    ADAPTERS,
    MockServer,
    Result,
    job_interpreter,
    measure,
    recall_interpreter,
    scale_interpreter,
    script,
)
from benchmarks.driver import job as in_a_process
from benchmarks.recall.engines import ENGINES
from benchmarks.store_tables import CLIENT_NAMES, WAYS_OF_SCALE, WAYS_OF_SHARING

MODEL = "gemini-embedding-001"
CPU_ROUNDS = 5
THROUGHPUT_ROUNDS = 3
COLD_STARTS = 11
COLD_CLIENTS = ("imports", "core", "langchain")
GROWTH_ROUNDS = 3
PASSAGES = 200_000
INT8_POINTS = 20_000
RECALL_SIZES = ((20_000, 3072), (100_000, 768))
JOB_SIZES = ((5_000, 768), (5_000, 3072), (20_000, 768))
OVERHEAD_ROUNDS = 9
BATCH_ROUNDS = 3
BATCH_LINES = (("core", 5_000), ("json", 5_000), ("sdk", 5_000), ("core", 20_000))
MIGRATION_ROUNDS, MIGRATED = 3, 10_000
FOLDER_FILES = 5_000
SCALED = 12_000
SHARED = 10_000
DRIVEN = 100_000
Clients = Iterable[tuple[str, str]]

FAULTS = ("--p429", "0.01", "--p503", "0.01", "--pdrop", "0.01", "--retry-delay-s", "0.2", "--latency-ms", "5")
CPU_CLIENTS = (
    ("floor_simd", "async"),
    ("core", "sync"),
    ("lc", "sync"),
    ("langchain", "sync"),
    ("li100", "sync"),
    ("llama_index", "sync"),
)
DOORS = [(name, mode) for name in ("lc", "langchain", "li100", "llama_index") for mode in ("sync", "async")]


def cpu() -> list[Result]:
    """CPU of 2,000 texts without latency, in turn; each size in a process of its own, without what another left."""
    with MockServer("--track", "false") as server:
        return [
            {**result, "round": number}
            for number in range(CPU_ROUNDS)
            for dim in (3072, 768)
            for client, mode in CPU_CLIENTS
            for result in measure(client, mode, server.url, plan=[_run(dim, 2_000, latency_ms=0)])
        ]


def throughput() -> list[Result]:
    """Wall time of 5,000 texts, 200 ms a request, both doors, in turn."""
    plan = [_run(dim, 5_000, latency_ms=200) for dim in (3072, 768)]
    with MockServer("--track", "false") as server:
        clients = [("floor_simd", "async"), ("core", "sync"), *DOORS]
        return [result for _ in range(THROUGHPUT_ROUNDS) for result in _all(server, clients, plan=plan)]


def memory() -> list[Result]:
    """Peak memory of 20,000 texts at 3072 dimensions in one call."""
    clients = [("floor_simd", "async"), ("core", "sync"), ("langchain", "sync"), ("lc", "sync"), ("li100", "sync")]
    with MockServer("--track", "false") as server:
        return _all(server, clients, dim=3072, n=20_000)


def index() -> Result:
    """`index.add` of 200,000 passages at 768 dimensions into an EdgeStore: memory and CPU on the way."""
    with MockServer("--track", "false", "--warm", "768") as server, tempfile.TemporaryDirectory() as folder:
        return in_a_process("add_to_index", server.url, Path(folder) / "index", PASSAGES)


def overhead() -> list[Result]:
    """CPU of `index.add` beside embedding, and embedding and writing to the bare engine, in turn."""
    with MockServer("--track", "false", "--warm", "768,3072") as server:
        return [in_a_process("overhead", server.url, 5_000, dim, OVERHEAD_ROUNDS) for dim in (768, 3072)]


def job() -> list[Result]:
    """The whole job, ours and that of the official plugins with stores: passages added, questions asked."""
    python = job_interpreter()
    with MockServer("--track", "false", "--warm", "768,3072", "--latency-ms", "200") as server:
        return [
            in_a_process("whole", client, server.url, *size, python=python)
            for size in JOB_SIZES
            for client in CLIENT_NAMES
        ]


def faults() -> list[Result]:
    """`bench_d.py`: 5,000 texts, 5 % 429, 2 % 503, 1 % dropped connections, three seeds."""
    ours = _adapters(("core", "sync"), ("langchain", "sync"), ("llama_index", "async"))
    peers = "floor_paced:async,lc:sync,li100:sync,sdk_retry:async"
    return _scripted("bench_d.py", "D", "--only", f"{ours},{peers}", "--jobs", "2")


def quota() -> list[Result]:
    """`bench_e.py`: how much of a quota is used, told (core_told) and learned (core), by calls of three sizes; and how
    soon the pace is back where refusals were no quota."""
    ours = _adapters(("core_told", "sync"), ("core", "sync"))
    used = _scripted("bench_e.py", "E", "--only", f"{ours},floor_paced:async,lc:sync,li100:sync")
    with MockServer("--track", "false", "--warm", "768") as server:
        return [*used, in_a_process("recover", server.url)]


def batch() -> list[Result]:
    """A batch job's file of results brought into a cache: ours, the plainest way, and by google-genai; in turn."""
    return [in_a_process("collect", *one) for _ in range(BATCH_ROUNDS) for one in BATCH_LINES]


def migration() -> list[Result]:
    """An index embedded anew: by `Migration`, and read and added by hand, in turn."""
    with tempfile.TemporaryDirectory() as made:
        in_a_process("migrate", "make", MIGRATED, made)
        runs = []
        for number in range(MIGRATION_ROUNDS):
            for way in ("hand", "core"):
                with tempfile.TemporaryDirectory() as folder:
                    shutil.copytree(Path(made) / "old", Path(folder) / "old")
                    runs.append({**in_a_process("migrate", way, MIGRATED, folder), "round": number})
        return runs


def folders() -> list[Result]:
    """A folder of 5,000 small files of many kinds, and a recording of an hour, out of a cache: first, and again."""
    with tempfile.TemporaryDirectory() as made:
        in_a_process("folders", "make", made, FOLDER_FILES)
        steps = ("small first", "small again", "small isolated", "hour first", "hour again")
        return [in_a_process("folders", step, made, FOLDER_FILES) for step in steps]


def scale() -> list[Result]:
    """Texts into a Milvus server by one process, by Ray, by Daft, by a stage of Ray's written by hand; and killed."""
    with MockServer("--warm", "768", "--latency-ms", "50") as server:
        return [in_a_process("scale", way, server.url, SCALED, python=scale_interpreter()) for way in WAYS_OF_SCALE]


def scale_quota() -> list[Result]:
    """Two workers on one quota: shared by a file, by Ray's actor, in one process of Daft's; and not shared."""
    with MockServer("--warm", "768") as server:
        ways = WAYS_OF_SHARING
        return [in_a_process("sharing", way, server.url, SHARED, python=scale_interpreter()) for way in ways]


def scale_driver() -> Result:
    """The driver's memory while 100,000 rows are indexed by Ray."""
    with MockServer("--warm", "768", "--latency-ms", "50") as server:
        return in_a_process("driver", server.url, DRIVEN, python=scale_interpreter())


def cold() -> list[Result]:
    """CPU from an empty process to the first vector, beside the imports it is compared with."""
    with MockServer("--track", "false", "--warm", "3072") as server:
        starts = [
            [in_a_process("cold_start", what, server.url) for what in COLD_CLIENTS] for _ in range(1 + COLD_STARTS)
        ]
        return [start for rest in starts[1:] for start in rest]  # the first one compiled the modules


def growth() -> list[Result]:
    """CPU per text of calls of 1,000, 10,000 and 100,000 texts."""
    with MockServer("--track", "false", "--warm", "768") as server:
        return [in_a_process("grow", server.url, 1_000, 10_000, 100_000) for _ in range(GROWTH_ROUNDS)]


def int8() -> list[Result]:
    """Searches of an EdgeStore with int8 vectors and rescoring: recall@10 against exact search, and times."""
    return [in_a_process("search_int8", INT8_POINTS, dim) for dim in (768, 3072)]


def recall() -> list[Result]:
    """Real text vectors in an EdgeStore with each code, and in other engines; each in a process of its own, in turn.

    And words beside vectors.
    """
    python = recall_interpreter()
    found = [in_a_process("recall", engine, *size, python=python) for size in RECALL_SIZES for engine in ENGINES]
    return [*found, in_a_process("words", python=python)]


def quality() -> Result:
    """Sizes, codes, words beside vectors, reranking, imagined answers: what finds how much."""
    return in_a_process("quality", python=recall_interpreter())


def code() -> Result:
    """Search of this library's own source, by vectors of a real model and by words."""
    return in_a_process("code", python=recall_interpreter())


def soak() -> Result:
    """200,000 texts against a server with 3 % faults: memory, threads and open files on the way."""
    with MockServer("--track", "false", "--warm", "256", *FAULTS) as server:
        return {**in_a_process("soak", server.url, 200_000, 256), "server": server.stats()}


PARTS: dict[str, Callable[[], Any]] = {
    part.__name__: part
    for part in (
        cpu,
        throughput,
        memory,
        index,
        overhead,
        job,
        faults,
        quota,
        batch,
        migration,
        folders,
        scale,
        scale_quota,
        scale_driver,
        cold,
        growth,
        int8,
        recall,
        quality,
        code,
        soak,
    )
}


def _run(dim: int, count: int, **server: float) -> Result:
    return {"model": MODEL, "dim": dim, "n": count, "server": server}


def _all(server: MockServer, clients: Clients, **options: Any) -> list[Result]:
    return [result for client, mode in clients for result in measure(client, mode, server.url, **options)]


def _adapters(*clients: tuple[str, str]) -> str:
    return ",".join(f"{ADAPTERS / client}.py:{mode}" for client, mode in clients)


def _scripted(name: str, results: str, *arguments: str) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        script(name, Path(folder), *arguments)
        lines = (Path(folder) / f"{results}.jsonl").read_text().splitlines()
    return [{**result, "adapter": Path(result["adapter"]).stem} for result in map(json.loads, lines)]
