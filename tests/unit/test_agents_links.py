"""Where links lead, and which lines of a text they show."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import Excerpt, InputError, Record
from gemini_embed.agents.links import Place, place_of
from gemini_embed.agents.passages import fitted, passage, pieced


@pytest.mark.parametrize(
    ("link", "place"),
    [
        pytest.param("notes.md", Place("notes.md"), id="whole"),
        pytest.param("m.pdf#page=7", Place("m.pdf", Excerpt(page_start=7, page_end=7)), id="page"),
        pytest.param("m.pdf#page=7-9", Place("m.pdf", Excerpt(page_start=7, page_end=9)), id="pages"),
        pytest.param("t.mp4#t=96,128.5", Place("t.mp4", Excerpt(start_s=96, end_s=128.5)), id="seconds"),
        pytest.param("t.mp4#t=96", Place("t.mp4", Excerpt(start_s=96, end_s=96)), id="moment"),
        pytest.param("a.txt#char=10,20", Place("a.txt", Excerpt(char_start=10, char_end=20)), id="characters"),
        pytest.param("a.py#L10-L42", Place("a.py", lines=(10, 42)), id="lines"),
        pytest.param("a.py#L10", Place("a.py", lines=(10, 10)), id="line"),
        pytest.param("a.py#L10-42", Place("a.py", lines=(10, 42)), id="lines-in-short"),
        pytest.param(" my%20notes%231.md#L2 ", Place("my notes#1.md", lines=(2, 2)), id="quoted"),
        pytest.param("my notes.md#intro", Place("my notes.md#intro"), id="no-anchor-of-ours"),
        pytest.param(
            "https://x.org/a%20b.pdf#page=2",
            Place("https://x.org/a%20b.pdf", Excerpt(page_start=2, page_end=2)),
            id="url",
        ),
    ],
)
def test_places(link: str, place: Place) -> None:
    assert place_of(link) == place


@pytest.mark.parametrize(
    "metadata",
    [
        {"uri": "a b#c%20d.pdf", "page_start": 2, "page_end": 2},
        {"uri": "t.mp4", "start_s": 0.5, "end_s": 96.125},
        {"source": "memo 1", "char_start": 0, "char_end": 9},
        {"source": "sha256:abc"},
    ],
)
def test_the_links_of_records_lead_back(metadata: dict[str, Any]) -> None:
    record = Record("id", "", metadata)
    assert place_of(record.link()) == Place(record.uri or record.source or "", record.window)


@pytest.mark.parametrize("link", ["", "  ", "#page=1", "m.pdf#page=0", "m.pdf#page=9-7", "t.mp4#t=9,3", "a.py#L0"])
def test_no_place(link: str) -> None:
    with pytest.raises(InputError, match=r"the link is empty|is no part of a source"):
        place_of(link)


WHOLE = "one\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(
    ("anchor", "around", "most", "text", "named", "more"),
    [
        pytest.param("", 0, 99, WHOLE, "L1-L5", None, id="whole"),
        pytest.param("", 0, 9, "one\ntwo\n", "L1-L2", "L3-L5", id="whole-cut"),
        pytest.param("#L2", 0, 99, "two\n", "L2", "L3-L5", id="a-line"),
        pytest.param("#L4", 1, 99, "three\nfour\nfive\n", "L3-L5", None, id="around"),
        pytest.param("#L2-L9", 0, 99, "two\nthree\nfour\nfive\n", "L2-L5", None, id="beyond-the-end"),
        pytest.param("#L3", 9, 11, "three\nfour\n", "L3-L4", "L5", id="around-as-far-as-it-fits"),
        pytest.param("#char=5,10", 0, 99, "two\nthree\n", "L2-L3", "L4-L5", id="whole-lines"),
        pytest.param("#L3", 0, 4, "thre", "char=8,12", "char=12,24", id="a-long-line"),
        pytest.param("#char=10,12", 0, 3, "re", "char=10,12", "char=12,24", id="within-a-long-line"),
        pytest.param("#char=10,11", 9, 3, "hre", "char=9,12", "char=12,24", id="around-within-a-long-line"),
    ],
)
def test_passages(anchor: str, around: int, most: int, text: str, named: str, more: str | None) -> None:
    found = passage(WHOLE, place_of(f"a.md{anchor}"), around, most)
    assert (found.text, found.anchor, found.more, found.of_lines) == (text, named, more, 5)
    assert WHOLE[found.window.char_start : found.window.char_end] == text


@pytest.mark.parametrize(
    ("passages", "whole"),
    [
        pytest.param([("b", {"char_start": 2}), ("a", {"char_start": 0})], "a b", id="in-order"),
        pytest.param([("a", {"char_start": 0}), ("b", {"char_start": 3})], "a\n\nb", id="paragraphs"),
        pytest.param([("a b", {"char_start": 0}), ("b c", {"char_start": 2})], "a b c", id="overlapping"),
        pytest.param([("a b c", {"char_start": 0}), ("b", {"char_start": 2})], "a b c", id="one-in-another"),
        pytest.param(
            [("a", {"char_start": 0}), ("b", {"char_start": 6, "line_start": 3})], "a   \n\nb", id="lines-that-are-told"
        ),
        pytest.param([("a", {"char_start": 0}), ("b", {"char_start": 2, "line_start": 2})], "a\nb", id="next-line"),
        pytest.param(
            [("a\r\nb\rc", {"char_start": 0}), ("d", {"char_start": 10, "line_start": 5})],
            "a\r\nb\rc  \n\nd",
            id="breaks-of-every-kind",
        ),
        pytest.param([("a", {}), ("b", {})], "a\n\nb", id="of-one-name"),
        pytest.param([("a", {"char_start": 0}), ("b", {"char_start": 10**12})], "a\n\nb", id="beyond-any-text"),
        pytest.param([("a", {"char_start": 0}), ("b", {"char_start": 2.5})], "a b", id="no-whole-number"),
        pytest.param([("a", {}), ("b", {"char_start": float("nan")})], "a\n\nb", id="not-a-number"),
        pytest.param([], "", id="none"),
    ],
)
def test_passages_are_one_text(passages: list[tuple[str, dict[str, Any]]], whole: str) -> None:
    """At their own characters."""
    ends = [{"char_end": place["char_start"] + len(text)} if place else {} for text, place in passages]
    records = [
        Record(f"{n}", text, place | end) for n, ((text, place), end) in enumerate(zip(passages, ends, strict=True))
    ]
    assert pieced(records) == whole


def test_a_place_is_shown_with_much_around_it() -> None:
    whole = "x" * 50_000 + "NEEDLE" + "y" * 50_000
    found = passage(whole, place_of("f#char=50000,50006"), 100, 8_000)
    assert found.text == "x" * 3_997 + "NEEDLE" + "y" * 3_997


def test_no_such_line() -> None:
    with pytest.raises(InputError, match=r"there is no line 6: a\.md has 5 lines"):
        passage(WHOLE, place_of("a.md#L6"), 0, 99)
    with pytest.raises(InputError, match=r"there is no character 24: a\.md has 24"):
        passage(WHOLE, place_of("a.md#char=24,30"), 0, 99)


@pytest.mark.parametrize(
    ("place", "widest", "most", "shown"),
    [
        pytest.param((3, 3), (1, 9), 3, (2, 4), id="either-side"),
        pytest.param((3, 3), (1, 9), 4, (2, 5), id="after-first"),
        pytest.param((3, 5), (1, 9), 2, (3, 4), id="the-place-itself-is-cut"),
        pytest.param((3, 3), (3, 9), 4, (3, 6), id="nothing-before"),
        pytest.param((3, 3), (1, 9), 0, (3, 3), id="at-least-one"),
    ],
)
def test_fitted(place: tuple[int, int], widest: tuple[int, int], most: int, shown: tuple[int, int]) -> None:
    assert fitted(lambda unit: 1, place, widest, most) == shown
