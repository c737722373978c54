"""The table of kinds, as code and as the page for users shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gemini_embed.readers import FileReader, Readers, label_of, mime_type_named, reader_of
from gemini_embed.readers.table import KINDS, READERS

PAGE = Path(__file__).parents[2] / "docs" / "folders.md"


def test_the_page_shows_the_table() -> None:
    rows = re.findall(r"^\| (.+?) \| (`\..+?`) \|(.*?)\| `(.+?)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    shown = [(title, names.replace("`", ""), extra.strip(" `"), link) for title, names, extra, link in rows]
    assert shown == [(kind.title, kind.suffixes, kind.extra, kind.link) for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_every_row_is_a_reader(kind: object) -> None:
    one = next(row for row in KINDS if row is kind)
    assert isinstance(one.reader, FileReader)
    assert one.reader.name
    assert one.reader.version
    for suffix in one.suffixes.split():
        path = Path("folder") / f"a{suffix.upper()}"
        assert reader_of(path) is one.reader
        assert mime_type_named(path) == one.mime_type
        assert label_of(path) == f"{one.reader.name} {one.reader.version}"


def test_what_sync_compares() -> None:
    """Names of readers tell kinds apart; what no reader is for has a label too."""
    assert label_of(Path("a.md")) == label_of(Path("b.txt")) == "text 2"
    assert label_of(Path("a.mp4")) == label_of(Path("a.pdf")) == "text 1", "nothing of media changed with texts"
    assert label_of(Path("a.py")) == "code-python 2"
    html = reader_of(Path("a.html"))
    assert html is not None
    assert Readers({".md": html}).label(Path("a.md")) == label_of(Path("a.html")) == "html 2"
    names = {(reader.name, type(reader)) for reader in READERS.values()}
    assert len({name for name, _ in names}) == len(names)
