"""The pages' curl and JavaScript, run against an emulator as a reader would."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from fix_docs import ROOT, blocks_of
from fix_node import RunNode
from gemini_embed_emulator import Emulator

PAGE = ROOT / "docs/ci-without-a-key.md"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="curl and bash are not here")
def test_curl_prints_what_the_page_says(emulator: Emulator) -> None:
    """The `sh` blocks, in order; what follows `#> ` is what they print."""
    for block in blocks_of(PAGE, "sh"):
        code = block.code.replace("http://127.0.0.1:8080", emulator.base_url)
        done = subprocess.run(["bash", "-eu", "-c", code], capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own page, the reader's bash
        assert block.printed in ("", done.stdout), f"{PAGE}:{block.line}"


@pytest.mark.slow
def test_javascript_tests_pass(run_node: RunNode) -> None:
    """The `js` blocks are one file of Node's own test runner."""
    code = "\n".join(block.code for block in blocks_of(PAGE, "js"))
    wanted = len(re.findall(r"^test\(", code, re.MULTILINE))
    assert f"# pass {wanted}" in run_node(code, "--test", "--test-reporter=tap")
