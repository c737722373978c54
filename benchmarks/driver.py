"""The mock server, and one process per measurement: what the parts of the benchmark are made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
ADAPTERS = Path(__file__).with_name("adapters")
OURS = tuple(sorted(path.stem for path in ADAPTERS.glob("*.py")))
"""Our doors; any other client's name is one of the side-by-side runner's own adapters."""

Result = dict[str, Any]


def bench_folder() -> Path:
    """The side-by-side runner and the mock server, which are not part of the repository: $GEMINI_EMBED_BENCH."""
    folder = Path(os.environ.get("GEMINI_EMBED_BENCH", ""))
    if not (folder / "mock_gemini.py").is_file():
        sys.exit(
            "GEMINI_EMBED_BENCH names no folder with mock_gemini.py and runner.py, so nothing can be measured:\n"
            "the mock server and the side-by-side runner with the peers' adapters are not part of this repository."
        )
    return folder


def interpreter() -> str:
    """The Python that has the peers and us: the second environment (make bench sets it)."""
    return os.environ.get("BENCH_PY", sys.executable)


def recall_interpreter() -> str:
    """The Python that has the engines, and an encoder, of the part `recall` (make bench sets it)."""
    return os.environ.get("BENCH_RECALL_PY", sys.executable)


def job_interpreter() -> str:
    """The Python that has the official plugins and their stores, of the part `job` (make bench sets it)."""
    return os.environ.get("BENCH_JOB_PY", sys.executable)


def scale_interpreter() -> str:
    """The Python that has the engines, Milvus and the official plugin, of the part `scale` (make bench sets it)."""
    return os.environ.get("BENCH_SCALE_PY", sys.executable)


def _environment() -> dict[str, str]:
    """This process's, without proxies, and with compiled modules kept as they usually are."""
    without_proxies = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    without_proxies.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**without_proxies, "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}


class MockServer:
    """`mock_gemini.py` in a process of its own, on a free port."""

    def __init__(self, *options: str) -> None:
        command = [interpreter(), str(bench_folder() / "mock_gemini.py"), "--port", "0", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
        announced = self._process.stdout.readline() if self._process.stdout else ""
        self.url = announced.split()[-1]

    def stats(self) -> Result:
        """The server's counters since it started."""
        with urllib.request.urlopen(f"{self.url}/stats", timeout=30) as reply:  # noqa: S310 - loopback
            counters: Result = json.load(reply)
        return counters

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._process:  # closes the pipe and waits
            self._process.terminate()


def measure(client: str, mode: str, url: str, **options: Any) -> list[Result]:
    """One client's measurements by the side-by-side runner: `options` are its arguments, such as `plan=[...]`.

    Raises:
        RuntimeError: the runner printed no result.
    """
    adapter = str(ADAPTERS / f"{client}.py") if client in OURS else client
    command = [str(bench_folder() / "runner.py"), adapter, "--mode", mode, "--url", url]
    for name, value in options.items():
        command += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    return [{**result, "adapter": client} for result in _results(command)]


def job(name: str, *arguments: object, python: str | None = None) -> Result:
    """What `benchmarks/jobs/<name>.py` measured in a process of its own, of `interpreter()` or of `python`.

    Raises:
        RuntimeError: it printed no result.
    """
    (result,) = _results(["-m", f"benchmarks.jobs.{name}", *map(str, arguments)], python)
    return result


def _results(command: list[str], python: str | None = None) -> list[Result]:
    done = subprocess.run(  # noqa: S603 - our own commands
        [python or interpreter(), *command], cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    found = [json.loads(line.removeprefix("RESULT ")) for line in done.stdout.splitlines() if line[:7] == "RESULT "]
    if not found:
        raise RuntimeError(f"{' '.join(command)} measured nothing:\n{done.stderr[-2000:]}")
    return found


def script(name: str, results: Path, *arguments: str) -> None:
    """Run one of the side-by-side scripts (`bench_d.py`) whole; it appends JSON lines in the folder `results`."""
    environment = {**_environment(), "BENCH_RESULTS": str(results), "BENCH_PY": interpreter()}
    command = [interpreter(), str(bench_folder() / name), *arguments]
    subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own command
