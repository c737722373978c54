"""Node, with Google's and OpenAI's clients beside it, where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed_emulator import Emulator

NODE_MODULES = Path(__file__).parent.parent / ".node/node_modules"
RunNode = Callable[..., str]


@pytest.fixture
def run_node(emulator: Emulator, tmp_path: Path) -> RunNode:
    """Runs a program with the emulator as its API: `run(program, *flags_of_node, told="")` gives what it printed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on this machine")
    if not NODE_MODULES.is_dir():
        pytest.skip("@google/genai is not installed: make .node/.installed")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    given = {**os.environ, "GOOGLE_GEMINI_BASE_URL": emulator.base_url, "GOOGLE_VERTEX_BASE_URL": emulator.base_url}

    def run(program: str, *arguments: str, told: str = "") -> str:
        file = tmp_path / "program.test.mjs"
        file.write_text(program, "utf-8")
        done = subprocess.run(  # noqa: S603 - the tests' own program
            [node, *arguments, file, *([told] if told else [])],
            cwd=tmp_path, env=given, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
