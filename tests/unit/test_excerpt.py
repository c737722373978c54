"""Which part of a source: anchors, neighbours, widening; and metadata that anybody may have written."""

from __future__ import annotations

import math
from typing import Any

import pytest
from gemini_embed import Excerpt, Hit, Record

PAGE_7 = Excerpt(page_start=7, page_end=7)
CLIP = Excerpt(start_s=96.0, end_s=128.5)
PASSAGE = Excerpt(char_start=100, char_end=250)
LINES = Excerpt(char_start=100, char_end=250, line_start=10, line_end=42)


@pytest.mark.parametrize(
    ("excerpt", "anchor"),
    [
        pytest.param(Excerpt(), "", id="whole"),
        pytest.param(PAGE_7, "page=7", id="page"),
        pytest.param(Excerpt(page_start=7, page_end=9), "page=7", id="pages"),
        pytest.param(CLIP, "t=96,128.5", id="seconds"),
        pytest.param(Excerpt(start_s=0.1 + 0.2, end_s=1234567.25), "t=0.3,1234567.25", id="milliseconds"),
        pytest.param(Excerpt(start_s=5.0), "t=5", id="to the end"),
        pytest.param(PASSAGE, "char=100,250", id="characters"),
        pytest.param(LINES, "L10-L42", id="lines"),
        pytest.param(Excerpt(line_start=10, line_end=10), "L10", id="one line"),
        pytest.param(Excerpt(line_start=10), "L10", id="a line, as others may have written it"),
    ],
)
def test_anchors(excerpt: Excerpt, anchor: str) -> None:
    assert excerpt.anchor == anchor


@pytest.mark.parametrize(
    ("one", "other", "touch"),
    [
        pytest.param(PAGE_7, Excerpt(page_start=8, page_end=8), True, id="the next page"),
        pytest.param(PAGE_7, Excerpt(page_start=9, page_end=9), False, id="the page after"),
        pytest.param(CLIP, Excerpt(start_s=128.5, end_s=160), True, id="where the other ends"),
        pytest.param(CLIP, Excerpt(start_s=120, end_s=160), True, id="overlapping"),
        pytest.param(CLIP, Excerpt(start_s=100, end_s=101), True, id="within"),
        pytest.param(CLIP, Excerpt(start_s=130, end_s=160), False, id="a gap"),
        pytest.param(PASSAGE, Excerpt(char_start=252, char_end=300), True, id="white space between"),
        pytest.param(PASSAGE, Excerpt(char_start=260, char_end=300), False, id="a passage between"),
        pytest.param(PASSAGE, CLIP, False, id="of another kind"),
        pytest.param(LINES, Excerpt(char_start=253, line_start=45, line_end=50), True, id="two blank lines between"),
        pytest.param(LINES, Excerpt(char_start=254, line_start=46, line_end=50), False, id="a line between"),
        pytest.param(Excerpt(), Excerpt(), False, id="whole sources"),
    ],
)
def test_neighbours(one: Excerpt, other: Excerpt, touch: bool) -> None:
    assert (one.touches(other), other.touches(one)) == (touch, touch)


@pytest.mark.parametrize(
    ("excerpt", "padding", "expected"),
    [
        pytest.param(CLIP, 4.0, Excerpt(start_s=92.0, end_s=132.5), id="seconds"),
        pytest.param(CLIP, 100.0, Excerpt(start_s=0.0, end_s=228.5), id="not before the beginning"),
        pytest.param(PAGE_7, 1, Excerpt(page_start=6, page_end=8), id="pages"),
        pytest.param(PAGE_7, 20, Excerpt(page_start=1, page_end=27), id="from the first page"),
        pytest.param(PASSAGE, 150, Excerpt(char_start=0, char_end=400), id="characters"),
        pytest.param(Excerpt(), 5, Excerpt(), id="whole"),
        pytest.param(CLIP, 0.0, CLIP, id="nothing"),
    ],
)
def test_widened(excerpt: Excerpt, padding: float, expected: Excerpt) -> None:
    assert excerpt.widened(padding) == expected


def test_joined() -> None:
    assert PAGE_7.joined(Excerpt(page_start=8, page_end=9)) == Excerpt(page_start=7, page_end=9)
    assert CLIP.joined(Excerpt(start_s=64.0, end_s=96.0)) == Excerpt(start_s=64.0, end_s=128.5)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({"page_start": 7, "page_end": 7, "author": "Ann"}, PAGE_7, id="ours"),
        pytest.param({}, Excerpt(), id="nothing"),
        pytest.param({"start_s": "soon", "end_s": None, "page_start": True}, Excerpt(), id="what is no number"),
        pytest.param({"start_s": math.inf, "end_s": math.nan, "char_end": math.inf}, Excerpt(), id="not finite"),
        pytest.param({"char_start": 2.5, "start_s": 2.5}, Excerpt(char_start=2, start_s=2.5), id="whole numbers"),
    ],
)
def test_of_metadata(metadata: dict[str, Any], expected: Excerpt) -> None:
    assert Excerpt.of(metadata) == expected
    assert Excerpt.of(expected.metadata) == expected


@pytest.mark.parametrize(
    ("metadata", "link"),
    [
        pytest.param({"uri": "a/manual.pdf", **PAGE_7.metadata}, "a/manual.pdf#page=7", id="page"),
        pytest.param({"uri": "/talks/my talk.mp4", **CLIP.metadata}, "/talks/my%20talk.mp4#t=96,128.5", id="a blank"),
        pytest.param({"uri": "odd#name?.md", **PASSAGE.metadata}, "odd%23name%3F.md#char=100,250", id="odd names"),
        pytest.param(
            {"uri": "https://x.org/a.mp4?b=1", **CLIP.metadata}, "https://x.org/a.mp4?b=1#t=96,128.5", id="URL"
        ),
        pytest.param({"source": "sha256:ab"}, "sha256:ab", id="from memory"),
        pytest.param({"uri": "cup.png"}, "cup.png", id="whole"),
    ],
)
def test_links(metadata: dict[str, Any], link: str) -> None:
    assert Hit(Record("an-id", "", metadata), 0.5).link == link
