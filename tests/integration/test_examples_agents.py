"""The agents of `examples/agents` as a newcomer runs them: without a key and without a network."""

from __future__ import annotations

import re

import pytest
from agents import media_agent, pdf_agent
from agents.offline import first_second, hear
from fix_docs import ROOT
from media_files import mp4, spoken, wav
from PIL import Image


def test_an_agent_that_listens_and_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """Its model hears the words and sees the colour in what it was given, not in what a search says of it."""
    media_agent.main()
    answer, *cited = capsys.readouterr().out.splitlines()[1:]
    assert re.sub(r"\[\d+\]", "[n]", answer) == (
        "The spare key hangs at the red door [n], said from 20 s on; see 16 s [n]."
    )
    assert [line.split("] ")[1] for line in cited] == ["audio messages.mp3#t=20,40", "video walk.mp4#t=16,24"]


def test_an_agent_that_finds_a_contradiction(capsys: pytest.CaptureFixture[str]) -> None:
    pdf_agent.main()
    answer, *cited = capsys.readouterr().out.splitlines()[1:]
    assert re.findall(r"(\d\.\d) bar \[\d+\]", answer) in (["1.5", "2.5"], ["2.5", "1.5"])
    pages = {line.split("] ")[1] for line in cited}
    assert "pdf service.pdf#page=3" in pages
    assert pages & {"pdf boiler.pdf#page=2", "pdf radiators.pdf#page=2"}


def test_the_scripted_models_ears_and_eyes() -> None:
    """They depend on what they are given."""
    assert hear(wav(spoken("the cat sleeps"))) == "the cat sleeps"
    film = mp4([(Image.new("RGB", (64, 48), colour), 2.0) for colour in ("blue", "red")])
    assert [first_second(film, colour) for colour in ("blue", "red", "green")] == [0, 2, -1]


def test_they_stay_short() -> None:
    for script in (ROOT / "examples/agents").glob("*_agent.py"):
        assert len(script.read_text("utf-8").splitlines()) < 80, script.name
