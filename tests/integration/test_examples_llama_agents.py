"""The agents of `examples/agents` that are LlamaIndex's, as a newcomer runs them: without a key or a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from agents import code_agent_llama_index, media_agent_llama_index, pdf_agent_llama_index
from fix_llama_agents import THEIR_WARNINGS

pytestmark = THEIR_WARNINGS


async def test_an_agent_that_listens_and_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """Its model hears the words and sees the colour in what it was given, not in what a search says of it."""
    await media_agent_llama_index.main()
    answer, *cited = capsys.readouterr().out.splitlines()[1:]
    assert re.sub(r"\[\d+\]", "[n]", answer) == (
        "The spare key hangs at the red door [n], said from 20 s on; see 16 s [n]."
    )
    assert [line.split("] ")[1] for line in cited] == ["audio messages.mp3#t=20,40", "video walk.mp4#t=16,24"]


async def test_manuals_that_contradict_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    await pdf_agent_llama_index.main()
    answer, *cited = capsys.readouterr().out.splitlines()[1:]
    assert re.fullmatch(r"They contradict each other: [\d.]+ bar \[\d+\], but [\d.]+ bar \[\d+\]\.", answer)
    assert {"1.5", "2.5"} == set(re.findall(r"([\d.]+) bar", answer))
    assert "pdf service.pdf#page=3" in {re.sub(r"page=.*", "page=3", line.split("] ")[1]) for line in cited}


async def test_the_fault_is_mended(capsys: pytest.CaptureFixture[str]) -> None:
    """In few calls of tools: the tests, a search, the lines that it found, the tests again."""
    await code_agent_llama_index.main()
    *called, answer = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in called] == ["run_tests", "search_sources", "replace_lines", "run_tests"]
    assert (called[-1], answer) == ("run_tests: OK", "The fault is mended.")


@pytest.mark.parametrize(
    "script", ["code_agent_llama_index", "media_agent_llama_index", "pdf_agent_llama_index", "visual_search"]
)
def test_they_stay_short(script: str) -> None:
    folder = Path(media_agent_llama_index.__file__).parent
    assert len((folder / f"{script}.py").read_text("utf-8").splitlines()) < 80
