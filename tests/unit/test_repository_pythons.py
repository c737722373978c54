"""`.ci/pythons.py` finds the other Pythons of a machine and says which it passes over."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/pythons.py"
HERE = "{}.{}".format(*sys.version_info)
GOOD = 'echo "$0"; echo 3.{minor}.1; echo True'


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Its environment: executables that answer as a Python would, and one called make."""
    programs = {
        "bin/python3.9": GOOD.format(minor=9),
        f"bin/python{HERE}": GOOD,
        "bin/python3.95": GOOD.format(minor=95),
        "bin/python3.96": "echo 'pyenv: command not found' >&2; exit 127",
        "bin/python3.97": 'echo "$0"; echo 3.97.0rc1; echo False',
        "bin/python3.98-config": GOOD.format(minor=98),
        "bin/make": 'echo "made: $*"; case "$*" in *3.96*) exit 2;; esac',
        "pyenv/versions/3.95.2/bin/python3.95": GOOD.format(minor=95),
        "pyenv/versions/3.96.1/bin/python3.96": GOOD.format(minor=96),
    }
    for name, lines in programs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
    return {"PATH": f"{tmp_path}/bin", "PYENV_ROOT": f"{tmp_path}/pyenv"}


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    done = [sys.executable, str(SCRIPT), *command]
    return subprocess.run(done, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script


def test_of_each_version_the_first_that_will_do(machine: dict[str, str]) -> None:
    path, pyenv = machine["PATH"], machine["PYENV_ROOT"]
    *passed_over, last = run(machine).stdout.splitlines()
    assert last == f"Python 3.95: {path}/python3.95; Python 3.96: {pyenv}/versions/3.96.1/bin/python3.96"
    assert passed_over == [
        f"passed over: {path}/python{HERE}: {HERE} is tested already",
        f"passed over: {path}/python3.96: does not run, as a shim of pyenv whose version is not chosen",
        f"passed over: {path}/python3.97: 3.97.0rc1 is no final release of CPython with its lock",
        f"passed over: {pyenv}/versions/3.95.2/bin/python3.95: {path}/python3.95 came first",
    ]


def test_without_pyenv_path_alone_is_searched(machine: dict[str, str]) -> None:
    assert run({"PATH": machine["PATH"]}).stdout.splitlines()[-1] == f"Python 3.95: {machine['PATH']}/python3.95"


def test_no_other_python_is_told(machine: dict[str, str]) -> None:
    done = run({**machine, "PATH": "", "PYENV_ROOT": ""}, "make")
    assert (done.returncode, done.stdout) == (0, "No other Python here: nothing was run\n")


def test_the_command_runs_on_each_and_one_failure_is_enough(machine: dict[str, str]) -> None:
    """Both run, whichever fails; each in an environment of its own. All but the newest are told so."""
    done = run(machine, "make", "test")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("made:")] == [
        f"made: test BETWEEN=1 PYTHON={machine['PATH']}/python3.95 VENV=.venv-3.95",
        f"made: test PYTHON={machine['PYENV_ROOT']}/versions/3.96.1/bin/python3.96 VENV=.venv-3.96",
    ]
    last = done.stdout.splitlines()[-1]
    assert re.sub(r"\d+ s", "N s", last) == "Python 3.95: passed in N s; Python 3.96: FAILED in N s"
