"""The programs `*_user.py` beside this file type-check as they would on a user's machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted(HERE.glob("*_user.py"))


@pytest.mark.timeout(300)
def test_programs_pass_mypy_strict() -> None:
    """With nothing but --strict: what helps them comes with the packages."""
    cache = HERE.parents[1] / ".mypy_cache" / "users"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", *map(str, PROGRAMS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command

    assert done.returncode == 0, done.stdout + done.stderr
