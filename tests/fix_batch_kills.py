"""Processes that submit and collect batch jobs, and are killed at a told moment: what the tests of kills run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WORKING = """
import json, os, signal, sys, threading
from gemini_embed import BatchLimits, Embedder
from gemini_embed.batch_jobs import developer, leases, vertex
from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed.batch_jobs.leases import Lease
from gemini_embed.cache import VectorCache

base_url, cache, count, max_items, point, number, backend = sys.argv[1:]
jobs, module = (vertex.VertexJobs, vertex) if backend == "vertex" else (developer.DeveloperJobs, developer)
leases.LEASE_S = 1.0
calls = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def due():
    global calls
    calls += 1
    return calls == int(number)

def before(place, name):
    call = getattr(place, name)
    def wrapped(*args, **kwargs):
        if due():
            die()
        return call(*args, **kwargs)
    setattr(place, name, wrapped)

def after(place, name):
    call = getattr(place, name)
    def wrapped(*args, **kwargs):
        is_due = due()
        result = call(*args, **kwargs)
        if is_due:
            die()
        return result
    setattr(place, name, wrapped)

def during(place, name):
    call = getattr(place, name)
    def wrapped(*args, **kwargs):
        if due():
            threading.Timer(0.05, die).start()
        return call(*args, **kwargs)
    setattr(place, name, wrapped)

POINTS = {
    "intended": (after, Ledger, "intend"),
    "uploading": (during, jobs, "put"),
    "uploaded": (after, Ledger, "uploaded"),
    "sending": (after, Ledger, "may_send"),
    "posting": (during, jobs, "create"),
    "posted": (before, module, "read_job"),
    "created": (after, Ledger, "created"),
    "downloaded": (before, VectorCache, "put"),
    "collecting": (after, VectorCache, "put"),
    "collected": (after, Ledger, "collected"),
    "deleting": (before, jobs, "delete"),
}
if point:
    how, place, name = POINTS[point]
    how(place, name)
limits = BatchLimits(max_items=int(max_items), look_again_s=0.5)
options = {"base_url": base_url, "dimensions": 128, "cache": cache, "batch_limits": limits, "verify": False}
if backend == "vertex":
    from google.oauth2.credentials import Credentials

    options |= {"project": "p", "credentials": Credentials(token="t"), "staging": "gs://bucket/prefix"}
else:
    options["api_key"] = "k"
with Embedder(**options) as embedder:
    run = embedder.batches.submit_documents([f"text {i}" for i in range(int(count))], verify=2)
    result = run.wait()
    print(json.dumps({"shape": result.values.shape, "online": result.usage.requests}))
"""
"""Submits texts, collects them, and prints what came of it."""


def command(
    base_url: str,
    cache: Path,
    count: int,
    max_items: int,
    point: str = "",
    number: int = 1,
    backend: str = "developer",
) -> Sequence[str]:
    """A process that is killed at the `number`th time it comes to `point`; with none it works to its end."""
    told = (base_url, str(cache), str(count), str(max_items), point, str(number), backend)
    return [sys.executable, "-c", WORKING, *told]


def started(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Such a process."""
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and code


def ended(process: subprocess.Popen[str]) -> dict[str, object] | None:
    """What it printed; None when it was killed."""
    said, _ = process.communicate(timeout=120)
    if process.returncode == -signal.SIGKILL:
        return None
    assert process.returncode == 0
    told: dict[str, object] = json.loads(said)
    return told
