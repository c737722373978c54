"""The picture on docs/architecture.md: its rooms stand where the map has them, and it says what it shows."""

from __future__ import annotations

import ast
import re
from xml.etree import ElementTree

from fix_docs import ROOT

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = ElementTree.parse(ROOT / "docs/architecture.svg").getroot()  # noqa: S314 - our own file
MAP = (
    ast.get_docstring(ast.parse((ROOT / "packages/gemini-embed/src/gemini_embed/__init__.py").read_text("utf-8"))) or ""
)
ROWS = {
    name: int(row)
    for row, names in re.findall(r"^ {4}(\d+) +((?:`\w+/?` ?)+)", MAP, re.MULTILINE)
    for name in re.findall(r"`(\w+)/?`", names)
}


def words(css: str) -> list[str]:
    """The texts of one class, in the order of the file."""
    return ["".join(text.itertext()) for text in PICTURE.iter(f"{SVG}text") if text.get("class") == css]


def test_every_room_stands_on_its_floor() -> None:
    floors = zip(words("row"), words("rooms"), strict=True)
    wrong = {
        room: rows
        for rows, rooms in floors
        for room in rooms.split(" · ")
        if not int(rows.split("-")[0]) <= ROWS.get(room, 0) <= int(rows.split("-")[-1])
    }
    assert not wrong


def test_the_description_has_the_steps_in_order() -> None:
    """Who cannot see it hears the same; the page's own words for it too."""
    steps = ", ".join(words("name"))
    assert steps in (PICTURE.findtext(f"{SVG}desc") or "")
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    assert f"![The data path: {steps}" in page
    table = page.partition("|---|")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([a-z ]+?) \|", table, re.MULTILINE) == words("name")
