"""The page on other stores: the blocks that need an engine run beside it, in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from fix_docs import ROOT, blocks_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`langchain-community` is being sunset:DeprecationWarning"),
]

HERE = (None, "needs the engine; run beside it by tests/engines")


@pytest.mark.usefixtures("reader_folder")
def test_the_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    page: Path = ROOT / "docs/other-stores.md"
    blocks = [block for block in blocks_of(page, "python") if block.not_run in HERE]
    assert len(blocks) == 6
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        block.run(namespace)
        assert block.printed in ("", capsys.readouterr().out), f"{page}:{block.line}"
