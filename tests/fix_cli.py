"""The command, run in this process, and a folder for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

HOME = Path(__file__).parents[1] / "examples/data/home"


class Ran(NamedTuple):
    """What became of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("search", "bees")`: the command with these arguments, in this process."""

    def run(*arguments: object) -> Ran:
        from gemini_embed_cli.commands import run as run_command

        code = run_command([str(one) for one in arguments])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three short texts and a PDF of four pages, in which one stands."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("bicycle.md", "garden.md", "recipes.md", "house-manual.pdf"):
        shutil.copy(HOME / name, folder / name)
    monkeypatch.chdir(folder)
    return folder
