"""Batch jobs killed at told places, from outside: at a request that comes to the service, or in a write to the cache's
file, which is held up there until the process is dead. Nothing of the library is patched."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from gemini_embed import VectorCache
from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed_emulator import Emulator, Fault
from gemini_embed_emulator.http import ReceivedRequest

FORKING = """
import os, resource, sys
import google.genai, numpy as np
from gemini_embed import BatchLimits, Embedder

base_url, folder, count, size, jobs, deadline_s = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
limits = BatchLimits(max_items=size, max_jobs=jobs, look_again_s=0.3)
options = {"base_url": base_url, "dimensions": 128, "cache": f"{folder}/vectors.db", "batch_limits": limits}

def work():
    with Embedder(api_key="k", verify=False, concurrency=8, **options) as embedder:
        run = embedder.batches.submit_documents([f"passage {i}" for i in range(count)])
        result = run.wait(deadline_s=deadline_s)
        np.save(f"{folder}/vectors.npy", result.values)

for line in sys.stdin:
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    print(child, flush=True)
    _, status, used = os.wait4(child, 0)
    print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss, flush=True)
"""
"""For every line it reads it forks a process that submits and collects, tells its id, and at its end its exit code,
its seconds of CPU and the most memory it had, in kB."""
HELD_UP = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)"


@dataclass(frozen=True)
class Asking:
    """Killed when the `number`th request comes that `is_it`; what becomes of that one is `fault`: done, unless told."""

    is_it: Callable[[ReceivedRequest], bool]
    fault: Fault | None = None
    number: int = 1


@dataclass(frozen=True)
class Writing:
    """Killed in a write to the cache's file, of which nothing is there afterwards: `when` is a trigger's."""

    when: str


@dataclass
class Ended:
    """What one process came to."""

    code: int
    cpu_s: float
    max_mb: float


class Killing:
    """Runs one program again and again, and kills it at the place that is told. A write that lasts `held_s` is the one
    that is held up."""

    def __init__(self, emulator: Emulator, folder: Path, *numbers: int, held_s: float) -> None:
        self._held_s = held_s
        self.emulator, self.folder, self.cache = emulator, folder, folder / "vectors.db"
        self._command = [sys.executable, "-c", FORKING, emulator.base_url, str(folder), *map(str, numbers)]
        self._child, self._known = 0, threading.Event()

    def __enter__(self) -> Self:
        Ledger(VectorCache(self.cache)).rows("", "")  # its tables, for triggers
        self._forking = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and self._child:
            self._kill()
        self._forking.communicate(timeout=60)

    def run(self, place: Asking | Writing | None = None) -> Ended:
        """A process from its start to its end, at this place if one is told."""
        seen = 0
        self._known.clear()

        def rule(request: ReceivedRequest) -> Fault | None:
            nonlocal seen
            if not isinstance(place, Asking) or not place.is_it(request):
                return None
            seen += 1
            if seen == place.number:
                self._kill()
            return place.fault if seen <= place.number else None

        self.emulator.faults.rule = rule
        with closing(sqlite3.connect(self.cache, timeout=60, isolation_level=None)) as db:
            db.execute("UPDATE batch_jobs SET lease = 0")  # as if the one before had been dead for longer
            if isinstance(place, Writing):
                db.execute(f"CREATE TRIGGER held_up {place.when} BEGIN {HELD_UP}; END")
            self._say()
            self._child = int(self._hear())
            self._known.set()
            if isinstance(place, Writing):
                db.execute("PRAGMA busy_timeout = 0")
                _wait_until_held(db, self._held_s)
                self._kill()
            code, cpu_s, kilobytes = self._hear().split()
            self._child = 0
            db.execute("PRAGMA busy_timeout = 60000")
            db.execute("DROP TRIGGER IF EXISTS held_up")
        while self.emulator.requests.in_flight:  # what it has sent is done first
            time.sleep(0.002)
        return Ended(int(code), float(cpu_s), int(kilobytes) / 1024)

    def files(self) -> list[str]:
        """Those that are at the service."""
        url = f"{self.emulator.base_url}/v1beta/files"
        page: dict[str, Any] = httpx.get(url, params={"pageSize": 100}, headers={"x-goog-api-key": "k"}).json()
        return [file["name"] for file in page.get("files", [])]

    def _kill(self) -> None:
        assert self._known.wait(60)
        assert self._child  # 0 would be this process and all that belong to it
        os.kill(self._child, signal.SIGKILL)

    def _say(self) -> None:
        assert self._forking.stdin is not None
        print(file=self._forking.stdin, flush=True)

    def _hear(self) -> str:
        assert self._forking.stdout is not None
        return self._forking.stdout.readline()


def _wait_until_held(db: sqlite3.Connection, held_s: float) -> None:
    """Until somebody has been writing for so long."""
    since, end = time.monotonic(), time.monotonic() + 300
    while time.monotonic() - since < held_s:
        assert time.monotonic() < end, "it did not happen within 300 s"
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            time.sleep(0.005)
        else:
            db.execute("ROLLBACK")
            since = time.monotonic()
            time.sleep(0.005)
