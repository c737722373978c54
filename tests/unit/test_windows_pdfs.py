"""Pages cut out of a PDF are the same bytes whenever that is done."""

from __future__ import annotations

import re
from pathlib import Path

from fix_media import pdf
from gemini_embed.models import facts_for
from gemini_embed.windows import probe, windows

FACTS = facts_for("gemini-embedding-2", "developer")


def test_equal_pages_are_equal_bytes(tmp_path: Path) -> None:
    """A cache would never find a page again by the second that PDFium writes into it, or by a random /ID."""
    (tmp_path / "source.pdf").write_bytes(pdf("The first page.", "The second page.", "The first page."))
    once, again = ([one.data for one in windows(tmp_path / "source.pdf", FACTS)] for _ in range(2))
    assert once == again
    assert once[0] == once[2] != once[1]
    for data in again:
        assert probe(data).pages == 1
        (date,) = re.findall(rb"/CreationDate\(D:(\d+)", data)
        ((first, second),) = re.findall(rb"/ID\[<(\w+)><(\w+)>\]", data)
        assert date == b"19700101000000"
        assert first == second != b"0" * 32


def test_what_a_page_says_of_dates_stays() -> None:
    said = "/CreationDate(D:20200229120000)/Creator(PDFium)"
    (window,) = windows(pdf(said), FACTS)
    assert window.text == said
