"""`examples/batch.py` as a newcomer runs it, without a key and without a network."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "batch.py"


def test_it_runs_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: both frameworks take ten seconds to import."""
    for name in [name for name in os.environ if name.endswith("API_KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(tmp_path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr()
    assert said.err == ""
    assert "in batch jobs" in said.out
    assert "added     12" in said.out
    assert "4 texts each: 0 requests, tokens unknown, 8 inputs from the cache." in said.out
