"""What was typed, as one query and one filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Audio, Image, Pdf, Text
from gemini_embed_cli.commands.asking import filter_of, query_of
from gemini_embed_cli.folder import FolderError


@pytest.mark.parametrize(
    ("kinds", "filters", "wanted"),
    [
        pytest.param([], [], None, id="none"),
        pytest.param(["image", "pdf"], [], {"modality": ["image", "pdf"]}, id="kinds"),
        pytest.param([], ["year=1990", "author=Ada", 'id="7"'], {"year": 1990, "author": "Ada", "id": "7"}, id="is"),
        pytest.param([], ['{"page_start": {"gte": 3}}'], {"page_start": {"gte": 3}}, id="json"),
        pytest.param(["pdf"], ["a=b=c"], {"modality": ["pdf"], "a": "b=c"}, id="both"),
    ],
)
def test_filters(kinds: list[str], filters: list[str], wanted: dict[str, Any] | None) -> None:
    assert filter_of(kinds, filters) == wanted


@pytest.mark.parametrize("wrong", ["year", "{year: 3}", '{"a"}'])
def test_a_filter_that_is_none(wrong: str) -> None:
    with pytest.raises(FolderError, match="--filter"):
        filter_of([], [wrong])


def test_words_and_files_are_one_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbouring words are one text; a file is what its name says, and a text where it is one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.mp3", "c.pdf"):
        Path(name).write_bytes(b"\x00")
    Path("notes.md").write_text("Bread rises.", "utf-8")
    Path("water").write_text("no name of a file", "utf-8")

    parts = query_of(["the", "water", "a.png", "b.mp3", "or", "c.pdf", "notes.md", "https://example.com/d.jpg"])
    assert [type(part) for part in parts] == [Text, Image, Audio, Text, Pdf, Text, Image]
    assert [part.text for part in parts if isinstance(part, Text)] == ["the water", "or", "Bread rises."]


def test_nothing_typed() -> None:
    with pytest.raises(FolderError, match="search for what"):
        query_of(["", " "])
