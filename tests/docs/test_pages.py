"""Every page does what it says: its Python runs, its commands and links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from fix_docs import PAGES, ROOT, blocks_of

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
PROJECTS = {
    (project := tomllib.loads(path.read_text("utf-8"))["project"])["name"]: project
    for path in ROOT.glob("packages/*/pyproject.toml")
}
pages = pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])


@pages
@pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")  # LlamaIndex's store makes one
@pytest.mark.usefixtures("reader_folder")
def test_python_blocks_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks of a page run in order, in one namespace; what follows `#> ` is what they print."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page, "python"):
        if block.not_run is not None:
            continue
        block.run(namespace)
        printed = capsys.readouterr().out
        assert block.printed in ("", printed), f"{page}:{block.line}"


@pages
def test_commands_exist(page: Path) -> None:
    """`make` targets, our distributions and their extras are there under the names a page gives them."""
    commands = [line for block in blocks_of(page, "bash") for line in block.code.splitlines()]
    targets = {
        name for line in commands if (found := re.match(r"make ([a-z][a-z-]*)", line)) for name in found.groups()
    }
    installed = [
        spec.groups()
        for line in commands
        if "pip install" in line
        for spec in re.finditer(r"([a-z-]*gemini-embed[a-z-]*)(?:\[([a-z,]+)\])?", line)
    ]

    assert targets <= TARGETS
    for name, extras in installed:
        assert set(extras.split(",") if extras else []) <= set(PROJECTS[name].get("optional-dependencies", {}))


@pages
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the repository."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", prose)

    assert [target for target in targets if not (page.parent / unquote(target)).exists()] == []
