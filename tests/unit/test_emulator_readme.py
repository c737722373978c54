"""The emulator's README prints what it says it prints."""

from __future__ import annotations

import pytest
from fix_docs import ROOT, Block, blocks_of

BLOCKS = blocks_of(ROOT / "packages/gemini-embed-emulator/README.md", "python")


@pytest.mark.parametrize("block", [pytest.param(block, id=f"line {block.line}") for block in BLOCKS])
def test_a_block_prints_what_its_comments_say(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    block.run({})
    expected = [line.strip()[9:] for line in block.code.splitlines() if line.strip().startswith("# prints ")]
    assert capsys.readouterr().out.splitlines() == expected
    assert expected
