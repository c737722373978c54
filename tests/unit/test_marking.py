"""Which words of a text are marked for a query."""

from __future__ import annotations

import pytest
from gemini_embed.marking import marked


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        pytest.param("Turn the main valve.", "Where is the main valve?", ["main", "valve"], id="no-small-words"),
        pytest.param("TYRES and a tyre", "my Tyre", ["TYRES", "tyre"], id="case-and-endings"),
        pytest.param("the ring of rings", "ringing", ["ring"], id="three-letters-more-at-most"),
        pytest.param("careful cars", "car", [], id="short-words-are-whole"),
        pytest.param("a valve-gear", "valve", ["valve"], id="beside-a-hyphen"),
        pytest.param("Straße, STRASSE", "straße", ["Straße", "STRASSE"], id="folded"),
        pytest.param("to be or not", "to be", ["to", "be"], id="nothing-but-small-words"),
        pytest.param("error E4217 of 7", "E4217", ["E4217"], id="numbers"),
        pytest.param("anything", "", [], id="no-words"),
        pytest.param("", "anything", [], id="no-text"),
    ],
)
def test_marked(text: str, query: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in marked(text, query)] == words
