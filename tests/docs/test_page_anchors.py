"""Links to a heading find it, on a forge and on the site, which make the same anchors of our headings."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest
from fix_docs import PAGES, ROOT


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def headings(page: Path) -> list[str]:
    """Their words, without links and marks."""
    found = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return [re.sub(r"\[(.+?)\]\(.+?\)", r"\1", heading).replace("`", "").replace("*", "") for heading in found]


def on_a_forge(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def on_the_site(heading: str) -> str:
    """As Python-Markdown does it."""
    ascii_only = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links_find_their_heading(page: Path) -> None:
    lost = []
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)#([^)\s]+)\)", prose(page)):
        there = page.parent / unquote(target) if target else page
        if there.suffix == ".md" and there.exists():  # what is not there another test tells
            makers = (on_a_forge, on_the_site) if there.parent.name == "docs" else (on_a_forge,)
            lost += [f"{target}#{anchor}" for make in makers if anchor not in map(make, headings(there))]
    assert not lost
