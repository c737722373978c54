"""What the pages say of speed and memory is what was measured: tables are made of the data that is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import quality_tables
from benchmarks.tables import FIGURES, TABLES, figures

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def runs(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))["runs"]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RESULTS if path.stem in TABLES])
def test_the_page_shows_the_data(path: Path) -> None:
    assert TABLES[path.stem](runs(path)) in (ROOT / "benchmarks" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", quality_tables.TABLES)
def test_the_page_on_quality_shows_the_data(name: str) -> None:
    found = runs(ROOT / "benchmarks" / "results" / "quality.json")
    assert quality_tables.TABLES[name](found) in (ROOT / "docs" / "quality.md").read_text("utf-8")


@pytest.mark.skipif(not {*FIGURES} <= {path.stem for path in RESULTS}, reason="not all of it has been measured")
def test_the_readme_shows_the_data() -> None:
    assert figures({path.stem: runs(path) for path in RESULTS}) in (ROOT / "README.md").read_text("utf-8")
