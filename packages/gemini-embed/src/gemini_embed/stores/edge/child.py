"""Work that would block every thread for minutes, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gemini_embed.errors import StoreError

_OPTIMIZE = """
import sys
import qdrant_edge

shard = qdrant_edge.EdgeShard.load(sys.argv[1])
shard.optimize()
shard.close()
"""


_WITH_PARENT = """
import ctypes, os, signal, sys

if sys.platform == "linux":  # elsewhere it works on until it is done, on files that are nobody's any more
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != {parent}:
        os._exit(1)
"""


def optimize(folder: Path) -> None:
    """Have the closed shard of a folder optimised."""
    run_child(folder, "optimises it", _OPTIMIZE, str(folder / "shard"))


def run_child(folder: Path, job: str, code: str, *arguments: str) -> None:
    """Run `code`, which `job` is a word for; StoreError with its last words where that fails. It ends when this process
    is killed."""
    code = _WITH_PARENT.format(parent=os.getpid()) + code
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # where this process found the engine
        check=False,
    )
    if done.returncode:
        last_words = done.stderr.strip().rpartition("\n")[2] or f"it ended with {done.returncode}"
        raise StoreError(f"{folder}: the process that {job} failed: {last_words}")
