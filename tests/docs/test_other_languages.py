"""The pages' curl and JavaScript, run against an emulator as a reader would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fix_docs import ROOT, blocks_of
from gemini_embed_emulator import Emulator

PAGE = ROOT / "docs/ci-without-a-key.md"
NODE_MODULES = ROOT / ".node/node_modules"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="curl and bash are not here")
def test_curl_prints_what_the_page_says(emulator: Emulator) -> None:
    """The `sh` blocks, in order; what follows `#> ` is what they print."""
    for block in blocks_of(PAGE, "sh"):
        code = block.code.replace("http://127.0.0.1:8080", emulator.base_url)
        done = subprocess.run(["bash", "-eu", "-c", code], capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own page, the reader's bash
        assert block.printed in ("", done.stdout), f"{PAGE}:{block.line}"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="Node is not here")
@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="@google/genai is not here: make .node/.installed")
def test_javascript_tests_pass(emulator: Emulator, tmp_path: Path) -> None:
    """The `js` blocks are one file of Node's own test runner."""
    blocks = blocks_of(PAGE, "js")
    (tmp_path / "embed.test.mjs").write_text("\n".join(block.code for block in blocks), "utf-8")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    given = {**os.environ, "GOOGLE_GEMINI_BASE_URL": emulator.base_url}
    done = subprocess.run(["node", "--test"], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=120)  # noqa: S607 - the reader's node
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = sum(len(re.findall(r"^test\(", block.code, re.MULTILINE)) for block in blocks)
    assert f"# pass {wanted}" in done.stdout
