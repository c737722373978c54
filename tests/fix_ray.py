"""Ray on this machine, and its workers killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_emulator import KEY


@pytest.fixture(scope="session")
def ray() -> Iterator[Any]:
    """Ray on two CPUs; its workers have the environment of the moment, with the key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMINI_API_KEY", KEY)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_raylet_start_wait_time_s", "120")  # it gives up after 30 where much else runs
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        import ray  # not in every environment that loads this file

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray
        ray.shutdown()


def passages(count: int) -> Any:
    """pyarrow's table of texts and their ids."""
    import pyarrow as pa

    return pa.table({"text": [f"row {n}" for n in range(count)], "id": [f"doc{n}" for n in range(count)]})


class Seen:
    """Which processes read rows: `content=` of a stage, made to leave its process's number in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = str(folder)
        self._killed: set[int] = set()

    def content(self) -> Callable[[Any], Any]:
        """What a stage reads of a row; it travels by value, since the workers do not have this file."""
        folder = self._folder

        def text(row: Any) -> Any:
            from pathlib import Path as Place

            Place(folder, str(os.getpid())).touch()
            return row["text"]

        return text

    def alive(self) -> set[int]:
        """Those that have read a row, and are not known to be dead."""
        return {pid for pid in map(int, os.listdir(self._folder)) if pid not in self._killed and _is_alive(pid)}

    def kill_one(self, choose: Callable[[list[int]], int]) -> None:
        """By SIGKILL, one that is chosen among them."""
        victim = choose(sorted(self.alive()))
        os.kill(victim, signal.SIGKILL)
        self._killed.add(victim)


def wait_until(holds: Callable[[], Any], longest_s: float = 120) -> None:
    """Fails when it never does."""
    deadline = time.monotonic() + longest_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        threading.Event().wait(0.005)


def _is_alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
