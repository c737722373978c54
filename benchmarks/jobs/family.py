"""A process and all that it started, theirs too: memory and CPU of all of them together (Linux)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.jobs.process import MIB

EVERY_S = 0.3
TICKS = os.sysconf("SC_CLK_TCK")


class Family:
    """Runs a command, and watches its processes until it ends."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True, **options)  # noqa: S603 - our own command
        self.peak_mib = 0.0
        self._cpu_s: dict[int, float] = {}
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    @property
    def cpu_s(self) -> float:
        """Of all of them, as last seen."""
        return sum(self._cpu_s.values())

    def named(self, name: str) -> list[int]:
        """The processes whose title holds this."""
        return [pid for pid in self._members() if name in _read(pid, "cmdline")]

    def end(self) -> None:
        """Wait until all that were ever seen are gone; what has not gone after a minute is killed."""
        deadline = time.monotonic() + 60
        while alive := [pid for pid in self._cpu_s if _state(pid) not in ("", "Z")]:
            if time.monotonic() > deadline:
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._watching.join()
        self.process.wait()
        self.end()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            members = self._members()
            self.peak_mib = max(self.peak_mib, sum(_pss_mib(pid) for pid in members))
            for pid in members:
                fields = _read(pid, "stat").rpartition(")")[2].split()
                if fields:
                    self._cpu_s[pid] = (int(fields[11]) + int(fields[12])) / TICKS

    def _members(self) -> list[int]:
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _read(int(entry.name), "stat").rpartition(")")[2].split()):
                parents[int(entry.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found.extend(child for child, parent in parents.items() if parent == pid)
        return found


def _state(pid: int) -> str:
    return (_read(pid, "stat").rpartition(")")[2].split() or [""])[0]


def _pss_mib(pid: int) -> float:
    """What it holds, shared pages divided among those that share them."""
    lines = [line for line in _read(pid, "smaps_rollup").splitlines() if line.startswith("Pss:")]
    return int(lines[0].split()[1]) * 1024 / MIB if lines else 0.0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")
    except (OSError, ProcessLookupError):
        return ""
