"""Small files of every kind that a reader is for, each with a fact planted in it: made by the libraries that write
them, by hand where the format is text or zip. Optional libraries are imported where they are used."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import NamedTuple

from fix_media import drawn, pdf

SCRIPT, STYLE = "window.trackVisitors()", "font-family: Comic"
"""What no record may say."""


def picture(size: tuple[int, int] = (96, 72), what: str = "red square") -> bytes:
    file = io.BytesIO()
    drawn(what, size).save(file, "PNG")
    return file.getvalue()


def page() -> str:
    """With all that surrounds what a page says; the fact stands in the second section."""
    data = base64.b64encode(picture()).decode()
    return f"""<!DOCTYPE html><html><head><title>The mill</title><style>body {{ {STYLE} }}</style>
<script>{SCRIPT}</script></head><body><header>Our site</header><nav><a href="/">Home of all</a></nav>
<main><h1 id="mill">The mill</h1><p>It grinds <b>rye</b> and wheat.</p>
<section id="wheel"><h2>The wheel</h2><p>The water wheel of Tobel has forty-two paddles of larch.</p>
<img alt="The wheel in winter" src="data:image/png;base64,{data}"><img src="https://example.invalid/tracker.gif" alt="">
<pre>turn()
  twice()</pre></section>
<h2>Hours</h2><table><tr><th>Day</th><th>Open</th></tr><tr><td>Monday</td><td>never</td></tr></table></main>
<footer>All rights reserved</footer><script>{SCRIPT}</script></body></html>"""


def notebook() -> str:
    drawing = base64.b64encode(picture()).decode()
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Rainfall\n", "Measured in Tobel."]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": ["total = sum(rain)\n", "print(total)"],
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["The wettest month was November: 312 mm\n"]},
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": drawing, "text/plain": ["<Figure size 640x480 with 1 Axes>"]},
                },
            ],
        },
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 2,
            "source": "frame",
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": 2,
                    "metadata": {},
                    "data": {"text/html": [f"<style>td {{{STYLE}}}</style><table><tr><td>7</td></tr></table>"]},
                }
            ],
        },
    ]
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    )


def mail() -> bytes:
    """From a person, with a page as its text, a table, a picture, a PDF and another mail attached."""
    message = EmailMessage()
    message["From"], message["To"] = "Ada Gruber <ada@example.org>", "Ben <ben@example.org>"
    message["Subject"], message["Date"] = "Offer for the roof", "Mon, 02 Nov 2026 09:00:00 +0100"
    message.set_content("Dear Ben,\nthe scaffolding of the chapel stays until Candlemas.\nAda")
    message.add_alternative(f"<style>{STYLE}</style><p>the scaffolding of the chapel</p>", subtype="html")
    table = "Material,Price\nlarch shingles,88 a square metre\ncopper,240\n"
    message.add_attachment(table.encode(), maintype="text", subtype="csv", filename="prices.csv")
    message.add_attachment(picture(), maintype="image", subtype="png", filename="roof.png")
    drawing = pdf("Statics of the roof", "The ridge beam carries nine tons")
    message.add_attachment(drawing, maintype="application", subtype="pdf", filename="statics.pdf")
    message.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="unknown.bin")
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Carla <carla@example.org>", "The key"
    inner.set_content("The key of the sacristy hangs behind the clock.")
    message.add_attachment(inner)
    return message.as_bytes()


def docx_file() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("The archive", 0)
    document.add_paragraph("What is kept, and where.")
    document.add_heading("Shelves", 1)
    document.add_paragraph("The parish registers before 1784 lie in the seventh chest.")
    document.add_picture(io.BytesIO(picture()))
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Chest", "Holds", "3", "maps"), strict=True
    ):
        cell.text = text
    document.add_heading("Costs", 1)
    document.add_paragraph("Acid-free boxes cost nothing this year.", style="List Bullet")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pptx_file() -> bytes:
    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    for title, text in (
        ("Our orchard", "Apples and pears."),
        ("Grafting", "Cut the scions at new moon in January."),
        ("Harvest", "Baskets of willow are lighter."),
    ):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    slide.shapes.add_picture(io.BytesIO(picture()), Inches(1), Inches(1))
    slide.notes_slide.notes_text_frame.text = "Mention the ladder from Fuchs."
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def xlsx_file() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "Notes"
    first["A1"] = "See the next sheet."
    sheet = book.create_sheet("Tool costs")
    sheet.append(["Tool", "Owner", "Price"])
    for number in range(60):
        sheet.append([f"tool {number}", "the village", number])
    sheet.append(["cider press", "family Oberhofer", 1450])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "presentation": "presentation",
        "svg": "svg-compatible",
    }.items()
)


def odf(kind: str, body: str, pictures: Mapping[str, bytes] | None = None) -> bytes:
    content = (
        f'<?xml version="1.0"?><office:document-content {_NAMES} xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zipped({"content.xml": content, "META-INF/manifest.xml": manifest, **(pictures or {})})


def odt_file() -> bytes:
    body = (
        '<text:h text:outline-level="1">Bees</text:h><text:p>They swarm in <text:span>May</text:span>.</text:p>'
        '<text:h text:outline-level="2">Hives</text:h><text:list><text:list-item><text:p>The hive at the pond is '
        'queenless<text:s text:c="2"/>since Whitsun.</text:p></text:list-item></text:list>'
        '<text:p><draw:frame><draw:image xlink:href="Pictures/hive.png"/><svg:desc>A hive</svg:desc></draw:frame>'
        "</text:p>"
    )
    return odf("text", body, {"Pictures/hive.png": picture()})


def ods_file() -> bytes:
    def row(*cells: str) -> str:
        held = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
        return f"<table:table-row>{held}</table:table-row>"

    empty = '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
    rows = row("Calf", "Born") + row("Alma", "in the great snow of March") + empty
    return odf("spreadsheet", f'<table:table table:name="Herd">{rows}</table:table>')


def odp_file() -> bytes:
    slides = "".join(
        f'<draw:page draw:name="p"><draw:frame presentation:class="title"><draw:text-box><text:p>{title}</text:p>'
        f"</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"
        "</draw:page>"
        for title, text in (("Welcome", "To the choir."), ("Rehearsals", "The altos meet in the cooperage."))
    )
    return odf("presentation", slides)


def epub_file() -> bytes:
    def chapter(title: str, text: str) -> str:
        return (
            f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{title}</title>'
            f"<style>p {{ {STYLE} }}</style></head><body><h1>{title}</h1><p>{text}</p>"
            '<img src="../pictures/map.png" alt="The map"/></body></html>'
        )

    package = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="text/two%20.xhtml" media-type="application/xhtml+xml"/>
<item id="m" href="pictures/map.png" media-type="image/png"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/content.opf": package,
            "OEBPS/text/one.xhtml": chapter("The ferry", "It crosses at dawn."),
            "OEBPS/text/two .xhtml": chapter("The toll", "The ferryman takes buttons instead of coins."),
            "OEBPS/pictures/map.png": picture(),
        }
    )


RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl\f0\fswiss Helvetica;}{\pict\pngblip "
    + picture().hex()
    + r"}\f0\pard The sundial of M\'fchlau runs eleven minutes late.\par }"
)

SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><title>Plan of the terrace garden</title>
<style>text {{ {STYLE} }}</style><script>{SCRIPT}</script><rect width="200" height="100" fill="green"/>
<text x="9" y="50">Quince hedge</text></svg>"""

SRT = """1
00:00:01,000 --> 00:00:04,000
<i>Welcome to the dairy.</i>

2
00:01:02,500 --> 00:01:06,250
The whey goes to the pigs of Ladurn.
"""

VTT = f"""WEBVTT

STYLE
::cue {{ {STYLE} }}

NOTE nothing of this is said

intro
00:01.000 --> 00:03.000 align:start
<v Rosa>The bells are cast in Innsbruck &amp; tuned here.
"""

CSV = "Name;Born;Known for\nMaria Thun;1922;sowing by the stars\nPeter Anich;1723;the great globe of Tyrol\n"
JSON_LINES = '{"id": 1, "note": "nothing"}\n\n{"id": 2, "place": {"peak": "Hirzer", "metres": 2781}}\n'


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in parts.items():
            archive.writestr(name, held)
    return file.getvalue()


class Planted(NamedTuple):
    """A file, a fact in it, and the end of the link that says where."""

    file: str
    make: Callable[[], str | bytes]
    fact: str
    link: str
    extra: str = ""


PLANTED = (
    Planted("mill.html", page, "The water wheel of Tobel has forty-two paddles of larch", "mill.html#wheel"),
    Planted("rain.ipynb", notebook, "The wettest month was November: 312 mm", "rain.ipynb#cell=2"),
    Planted("offer.eml", mail, "the scaffolding of the chapel stays until Candlemas", "offer.eml"),
    Planted(
        "offer.eml", mail, "Material: larch shingles Price: 88 a square metre", "offer.eml#attachment=prices.csv&row=2"
    ),
    Planted("offer.eml", mail, "The ridge beam carries nine tons", "offer.eml#attachment=statics.pdf&page=2", "media"),
    Planted("offer.eml", mail, "The key of the sacristy hangs behind the clock", "offer.eml#attachment=part-5"),
    Planted("dairy.srt", lambda: SRT, "The whey goes to the pigs of Ladurn", "dairy.srt#t=62.5,66.25"),
    Planted("bells.vtt", lambda: VTT, "The bells are cast in Innsbruck & tuned here", "bells.vtt#t=1,3"),
    Planted("people.csv", lambda: CSV, "Peter Anich 1723 the great globe of Tyrol", "people.csv#row=3"),
    Planted("peaks.jsonl", lambda: JSON_LINES, "place.peak: Hirzer place.metres: 2781", "peaks.jsonl#L3"),
    Planted(
        "bread.txt",
        lambda: "The sourdough of Vals is ninety years old.".encode("utf-16"),
        "The sourdough of Vals is ninety years old",
        "bread.txt",
    ),
    Planted(
        "cheese.txt",
        lambda: "Der Graukäse reift in Fichtenkisten, schön gewürzt.".encode("cp1252"),
        "Der Graukäse reift in Fichtenkisten, schön gewürzt",
        "cheese.txt",
    ),
    Planted(
        "bake.py",
        lambda: "import os\n\n\ndef knead_the_dough(minutes):\n    return minutes\n",
        "def knead_the_dough(minutes): return minutes",
        "bake.py#L1-L5",
    ),
    Planted(
        "archive.docx",
        docx_file,
        "The parish registers before 1784 lie in the seventh chest",
        "archive.docx#shelves",
        "documents",
    ),
    Planted("orchard.pptx", pptx_file, "Cut the scions at new moon in January", "orchard.pptx#slide=2", "documents"),
    Planted(
        "tools.xlsx",
        xlsx_file,
        "Tool: cider press | Owner: family Oberhofer | Price: 1450",
        "tools.xlsx#'Tool%20costs'!",
        "documents",
    ),
    Planted("bees.odt", odt_file, "The hive at the pond is queenless since Whitsun", "bees.odt#hives", "documents"),
    Planted("herd.ods", ods_file, "Calf: Alma | Born: in the great snow of March", "herd.ods#Herd!A2:B2", "documents"),
    Planted("choir.odp", odp_file, "The altos meet in the cooperage", "choir.odp#slide=2", "documents"),
    Planted("ferry.epub", epub_file, "The ferryman takes buttons instead of coins", "ferry.epub#the-toll", "documents"),
    Planted("sundial.rtf", lambda: RTF, "The sundial of Mühlau runs eleven minutes late", "sundial.rtf", "documents"),
    Planted("garden.svg", lambda: SVG, "Plan of the terrace garden Quince hedge", "garden.svg", "documents"),
)
"""One of each kind, and of what is attached to a mail."""


def write_all(folder: str) -> None:
    """All of them in a folder."""
    from pathlib import Path

    Path(folder).mkdir(parents=True, exist_ok=True)
    for one in PLANTED:
        held = one.make()
        Path(folder, one.file).write_bytes(held.encode() if isinstance(held, str) else held)
