"""`examples/batch.py` as a newcomer runs it: without a key and without a network, and once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "batch.py"


def test_it_runs_without_a_key(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("API_KEY")}
    command = [sys.executable, str(EXAMPLE), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert (done.returncode, done.stderr) == (0, "")
    assert "in batch jobs" in done.stdout
    assert "added     12" in done.stdout
    assert "4 texts each: 0 requests, tokens unknown, 8 inputs from the cache." in done.stdout
