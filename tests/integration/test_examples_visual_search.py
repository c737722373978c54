"""`examples/agents/visual_search.py` as a newcomer runs it: without a key and without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_it_runs_without_a_key() -> None:
    """Both frameworks find the same, a known kind makes it easier, and twenty are enough."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("API_KEY")}
    command = [sys.executable, "-m", "agents.visual_search"]
    done = subprocess.run(command, env=environment, cwd=EXAMPLES, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert (done.returncode, done.stderr) == (0, "")
    _, head, photo, told = done.stdout.splitlines()
    assert head.split() == ["42", "photos", "match@1", "match@5", "match@20"]
    page = (EXAMPLES.parent / "docs/agents.md").read_text("utf-8")
    assert [row for row in (head, photo, told) if row.rstrip() not in page] == []
    shares = [[int(share.rstrip("%")) for share in row.split() if share.endswith("%")] for row in (photo, told)]
    assert shares[0] == sorted(shares[0])
    assert shares[0][1] >= 85
    assert shares[0][2] == 100
    assert all(one >= other for one, other in zip(shares[1], shares[0], strict=True))
