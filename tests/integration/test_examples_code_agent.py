"""`examples/agents/code_agent.py` as a newcomer runs it: without a key and without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from agents import code_agent, shop
from fix_docs import ROOT
from gemini_embed import EdgeStore, Embedder, MultimodalIndex


def test_the_fault_is_mended(capsys: pytest.CaptureFixture[str]) -> None:
    """In few calls of tools: the tests, a search, the lines that it found, the tests again."""
    code_agent.main()
    said = capsys.readouterr().out
    called = re.findall(r"^Name: (\w+)", said, re.MULTILINE)
    assert called == ["run_tests", "search_sources", "replace_lines", "run_tests"]
    assert said.rstrip().endswith("The fault is mended.")


def test_lines_outside_of_the_project_are_not_replaced(tmp_path: Path) -> None:
    shop.write_files(folder := tmp_path / "project")
    (tmp_path / "other.py").write_text("x = 1\n")
    with MultimodalIndex(Embedder(api_key="k"), EdgeStore(tmp_path / "store")) as index:
        _, replace_lines = code_agent.tools_of(index, folder)
        for link in ("../other.py#L1", f"{tmp_path}/other.py#L1-L1", "shop/price.py"):
            assert "names no lines of this project" in replace_lines(link=link, code="x = 2")
    assert (tmp_path / "other.py").read_text() == "x = 1\n"


def test_it_stays_short() -> None:
    assert len((ROOT / "examples/agents/code_agent.py").read_text("utf-8").splitlines()) < 80
