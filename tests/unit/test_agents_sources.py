"""Numbers of sources, and back from an answer to what it cites."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from gemini_embed import Hit, InputError, Record
from gemini_embed.agents import Cited, Sources, cited
from gemini_embed.agents.sources import Conversations


def hit(name: str, text: str = "", **metadata: Any) -> Hit:
    return Hit(Record(f"id of {name}", text, {"source": name, "modality": "text", **metadata}), 0.5)


PUMP, LEAK = hit("pump.md", "a pump"), hit("leak.md", "a leak")
TALK = hit("talk.mp4", modality="video", start_s=96.0, end_s=128.0)
NUMBERED = {1: PUMP, 2: TALK, 3: LEAK, 12: PUMP}


def test_numbers_run_on_and_stay() -> None:
    """The same stretch with the same text keeps its number, whatever it scored."""
    sources = Sources()
    assert [sources.number(one) for one in (PUMP, LEAK, PUMP)] == [1, 2, 1]
    assert sources.number(Hit(PUMP.record, 0.9)) == 1
    assert sources.number(hit("pump.md", "another passage")) == 3
    assert sources.number(hit("pump.md", "a pump", page_start=2, page_end=2)) == 4
    assert list(sources.hits) == [1, 2, 3, 4]


def test_older_ones_are_forgotten_and_their_numbers_not_used_again() -> None:
    sources = Sources(most=2)
    assert [sources.number(hit(name)) for name in "abc"] == [1, 2, 3]
    assert list(sources.hits) == [2, 3]
    assert sources.number(hit("a")) == 4
    with pytest.raises(InputError, match="most=0"):
        Sources(most=0)


def test_numbers_do_not_travel() -> None:
    sources = Sources(most=7)
    sources.number(PUMP)
    for copied in (pickle.loads(pickle.dumps(sources)), copy.deepcopy(sources)):  # noqa: S301 - our own bytes
        assert (copied.most, copied.hits) == (7, {})


def test_each_conversation_has_its_own() -> None:
    conversations = Conversations(most=2)
    first = conversations.of("a")
    assert conversations.of("a") is first
    assert conversations.of(None) is not first
    assert conversations.of("a") is first  # used last, so the other goes
    conversations.of("b")
    assert conversations.of("a") is first


@pytest.mark.parametrize(
    ("answer", "found", "unknown"),
    [
        pytest.param("It leaks [2].", [2], (), id="one"),
        pytest.param("[3] says so, and [1]; again [3]", [3, 1], (), id="first-mention"),
        pytest.param("both [1, 2]", [1, 2], (), id="list"),
        pytest.param("both [1][2]", [1, 2], (), id="beside"),
        pytest.param("all [1-3]", [1, 2, 3], (), id="range"),
        pytest.param("all [1\N{EN DASH}2; 12]", [1, 2, 12], (), id="range-and-one"),
        pytest.param("see [4] and [2]", [2], (4,), id="made-up"),
        pytest.param("[10-999999999]", [12], tuple(n for n in range(10, 61) if n != 12), id="endless"),
        pytest.param("[x] [ ] [] [1.5] 2", [], (), id="none"),
        pytest.param("[3-1]", [3], (), id="backwards"),
    ],
)
def test_cited(answer: str, found: list[int], unknown: tuple[int, ...]) -> None:
    result = cited(answer, NUMBERED)
    assert isinstance(result, Cited)
    assert (list(result), result.unknown) == (found, unknown)
    assert all(result[number] is NUMBERED[number] for number in found)


def test_it_prints_as_links() -> None:
    assert str(cited("[2] and [1]", NUMBERED)) == "[2] video talk.mp4#t=96,128\n[1] text pump.md"


@pytest.mark.parametrize("given", ["1", "[1]", " [1] "])
def test_a_number_is_a_link(given: str) -> None:
    sources = Sources()
    sources.number(TALK)
    assert sources.link(given) == "talk.mp4#t=96,128"
    assert sources.link("pump.md#L1") == "pump.md#L1"
    with pytest.raises(InputError, match=r"there is no source \[7\]: give a link"):
        sources.link("[7]")
