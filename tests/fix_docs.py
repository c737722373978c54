"""The code blocks of our Markdown pages, and a place to run them in: files, and the emulator for the API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from gemini_embed_emulator import Emulator
from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("packages/*/*.md")])
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    language: str
    line: int
    """Of its first line of code, counted from 1."""
    code: str
    not_run: str | None
    """Why it is not run: the page says `<!-- not run: reason -->` on the line above the fence."""

    @property
    def printed(self) -> str:
        """What its `#> ` comments say that it prints."""
        return "".join(line.strip()[3:] + "\n" for line in self.code.splitlines() if line.strip().startswith("#> "))

    def run(self, namespace: dict[str, object]) -> None:
        """Run it; a traceback names the page and the line in it."""
        exec(compile("\n" * (self.line - 1) + self.code, str(self.page), "exec"), namespace)  # noqa: S102 - our own pages


def blocks_of(page: Path, language: str) -> list[Block]:
    """The page's blocks of one language, in order."""
    return [block for block in _blocks(page) if block.language == language]


def _blocks(page: Path) -> Iterator[Block]:
    before, opened, start, code = "", None, 0, [""]
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if opened is None and line.startswith("```"):
            reason = NOT_RUN.search(before)
            opened, start, code = line[3:].strip(), number + 1, []
        elif opened is not None and line == "```":
            yield Block(page, opened, start, "\n".join(code) + "\n", reason and reason["reason"])
            opened = None
        elif opened is not None:
            code.append(line)
        before = line
    assert opened is None, f"{page}:{start}: the block has no end"


def tables_under(page: Path, heading: str) -> list[list[list[str]]]:
    """The tables below a heading of the page, to the next one, without their heads: rows of cells."""
    section = page.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found: list[list[list[str]]] = []
    before = ""
    for line in section.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return [table[2:] for table in found]


def names_in(cell: str) -> list[str]:
    """The code words of a cell."""
    return re.findall(r"`(\w+)`", cell)


@pytest.fixture
def reader_folder(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader tries a page: two pictures, `notes.md` and the quickstart's folder `home` (with a PDF, an MP3 and
    an MP4) are there, the latter also by its place in the repository, and the API is the emulator."""
    shutil.copytree(ROOT / "examples/data/home", tmp_path / "home")
    (tmp_path / "examples/data").mkdir(parents=True)
    (tmp_path / "examples/data/home").symlink_to(tmp_path / "home", target_is_directory=True)
    picture, chart = Image.new("RGB", (64, 64), "white"), Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((12, 12, 52, 52), fill="red")
    for left, top in ((8, 40), (26, 24), (44, 10)):
        ImageDraw.Draw(chart).rectangle((left, top, left + 12, 60), fill="blue")
    picture.save(tmp_path / "picture.png")
    chart.save(tmp_path / "chart.png")
    (tmp_path / "notes.md").write_text("# Notes\n\nBread rises because of yeast.\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", emulator.base_url)
    return tmp_path
