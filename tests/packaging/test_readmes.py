"""What a reader of each README does, in a clean environment: the wheels, with all extras (make release-check)."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from fix_docs import PAGES, ROOT, blocks_of

FULL = "GEMINI_EMBED_FULL_PYTHON"
pytestmark = pytest.mark.skipif(FULL not in os.environ, reason="run by make release-check")
READMES = [pytest.param(page, id=str(page.parent.relative_to(ROOT))) for page in PAGES if page.name == "README.md"]
RUNNER = """
import contextlib, io, json, sys
namespace, printed = {"__name__": "__main__"}, []
for code in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "block", "exec"), namespace)
    printed.append(out.getvalue())
json.dump([namespace.get("gemini_embed", __import__("gemini_embed")).__file__, printed], sys.stdout)
"""


def run(folder: Path, program: str, *arguments: str, stdin: str = "") -> str:
    """What a program of the clean environment prints, in the reader's folder."""
    command = [str((ROOT / os.environ[FULL]).with_name(program)), *arguments]
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False)  # noqa: S603 - our own pages
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


@pytest.mark.parametrize("page", READMES)
def test_python_blocks_run(page: Path, reader_folder: Path) -> None:
    """In order, from the wheels, and print what the page says."""
    blocks = [block for block in blocks_of(page, "python") if block.not_run is None]
    place, printed = json.loads(run(reader_folder, "python", "-c", RUNNER, stdin=json.dumps([b.code for b in blocks])))

    assert "site-packages" in place
    assert [text for block, text in zip(blocks, printed, strict=True) if block.printed not in ("", text)] == []


@pytest.mark.parametrize("page", READMES)
def test_commands_run(page: Path, reader_folder: Path) -> None:
    """What syncs and searches without a key, as it stands there."""
    (reader_folder / "notes").mkdir()
    (reader_folder / "notes/water.md").write_text("The water shut-off is below the sink.", "utf-8")
    (reader_folder / "photo.jpg").write_bytes((reader_folder / "picture.png").read_bytes())
    blocks = [block.code for language in ("bash", "console") for block in blocks_of(page, language)]
    for line in re.findall(r"^(?:\$ )?(gemini-embed (?:sync|search) .*--emulator.*)$", "\n".join(blocks), re.MULTILINE):
        script, *arguments = shlex.split(line, comments=True)
        assert run(reader_folder, script, *arguments).strip(), line
