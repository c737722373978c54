#!/usr/bin/env python3
"""Every other Python of this machine that the packages promise to run on, and a command on each of them.

    .ci/pythons.py                  # which there are
    .ci/pythons.py make quickstart  # make quickstart PYTHON=/path/to/python3.12 VENV=.venv-3.12, then 3.13, ...

Executables called python3.11 (what `requires-python` says) or higher are looked for on PATH and below
$PYENV_ROOT/versions; of each version the first that will do is taken, and why others are not is printed. The version
that runs this script is tested elsewhere. All but the newest are told BETWEEN=1. The last line says how each went.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASKED = """
import platform, sys, sysconfig
locked = not sysconfig.get_config_var("Py_GIL_DISABLED")
print(sys.executable)
print(platform.python_version())
print(platform.python_implementation() == "CPython" and sys.version_info.releaselevel == "final" and locked)
"""


def main(command: list[str]) -> int:
    """The exit code: 1 if the command failed on any."""
    found = others()
    newest = max(found, key=lambda name: int(name.split(".")[1]), default=None)
    outcomes = []
    for name, python in found.items():
        between = [] if name == newest else ["BETWEEN=1"]
        outcomes.append(f"Python {name}: {ran([*command, *between], name, python) if command else python}")
    print("; ".join(outcomes) or "No other Python here: nothing was run")
    return any("FAILED" in outcome for outcome in outcomes)


def ran(command: list[str], name: str, python: str) -> str:
    """How it went."""
    print(f"==> Python {name}, {python}", flush=True)
    started = time.monotonic()
    done = subprocess.run([*command, f"PYTHON={python}", f"VENV=.venv-{name}"], cwd=ROOT, check=False)  # noqa: S603 - what we are told to run
    return f"{'passed' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s"


def others() -> dict[str, str]:
    """Programs by version, such as "3.12". Prints what is passed over."""
    found: dict[str, str] = {}
    here = "{}.{}".format(*sys.version_info)
    for path in candidates():
        name = path.name.removeprefix("python")
        try:
            if name in (here, *found):
                raise ValueError(f"{name} is tested already" if name == here else f"{found[name]} came first")
            found[name] = program(path)
        except ValueError as reason:
            print(f"passed over: {path}: {reason}", flush=True)
    return found


def candidates() -> Iterator[Path]:
    project = tomllib.loads((ROOT / "packages/gemini-embed/pyproject.toml").read_text("utf-8"))["project"]
    oldest = int(project["requires-python"].removeprefix(">=3."))
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    if root := os.environ.get("PYENV_ROOT"):
        folders += sorted(Path(root).glob("versions/*/bin"))
    for folder in dict.fromkeys(folders):
        for path in sorted(folder.glob("python3.*")):
            minor = re.fullmatch(r"python3\.(\d+)", path.name)
            if minor and int(minor[1]) >= oldest and os.access(path, os.X_OK):
                yield path


def program(path: Path) -> str:
    """What runs behind shims and links. Raises ValueError that says why it will not do."""
    try:
        done = subprocess.run([path, "-c", ASKED], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - an interpreter of this machine
        python, version, usual = done.stdout.splitlines()
    except (OSError, subprocess.SubprocessError, ValueError):
        raise ValueError("does not run, as a shim of pyenv whose version is not chosen") from None
    if usual != "True":
        raise ValueError(f"{version} is no final release of CPython with its lock")
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
