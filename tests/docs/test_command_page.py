"""The page of the command, and others that use it: their console blocks, typed as a reader would."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from fix_cli import Command
from fix_docs import ROOT, blocks_of
from gemini_embed_cli.commands.app import VERBS
from gemini_embed_cli.folder import settings

PAGE = ROOT / "docs/command.md"


def pattern(lines: list[str]) -> str:
    """What is printed, as the page says it; … stands for anything."""
    return re.escape("\n".join(lines)).replace("…", ".*")


@pytest.mark.parametrize("page", [PAGE, ROOT / "docs/five-minutes.md"], ids=lambda page: page.stem)
@pytest.mark.usefixtures("reader_folder")
def test_the_console_prints_what_the_page_says(page: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, without a key; a refusal is what the page shows as one."""
    monkeypatch.delenv("GEMINI_API_KEY")
    for block in blocks_of(page, "console"):
        for typed in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
            line, *printed = typed.rstrip("\n").split("\n")
            name, *arguments = shlex.split(line)
            if name == "cd":
                monkeypatch.chdir(arguments[0])
                continue
            assert name == "gemini-embed", line
            ran = command(*arguments)
            refused = "\n".join(printed).startswith("gemini-embed: ")
            assert (ran.code != 0) == refused, ran.err
            shown = ran.err if refused else ran.out
            assert re.fullmatch(pattern(printed), shown.rstrip("\n"), re.DOTALL), f"{line}\n{shown}"


def test_every_verb_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    assert [verb for verb in VERBS if f"| `{verb}" not in page] == []


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    """With those that stand in comments."""
    (block,) = blocks_of(PAGE, "toml")
    text = re.sub(r"^# (?=\w+ = )", "", block.code, flags=re.MULTILINE)
    (tmp_path / "gemini-embed.toml").write_text(text, "utf-8")
    found = settings({"folder": tmp_path}, {})
    assert {name: getattr(found, name) for name in tomllib.loads(text)} == tomllib.loads(text)
    assert os.fspath(found.folder) == str(tmp_path)
