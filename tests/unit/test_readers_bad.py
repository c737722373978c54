"""Files of every kind that are damaged, encrypted, made to fill memory, empty or mislabelled: one MediaError each."""

from __future__ import annotations

import base64
import io
import os
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from fix_documents import (
    CSV,
    JSON_LINES,
    RTF,
    SRT,
    SVG,
    VTT,
    docx_file,
    epub_file,
    mail,
    notebook,
    odf,
    odp_file,
    ods_file,
    odt_file,
    page,
    pptx_file,
    xlsx_file,
    zipped,
)
from gemini_embed import MediaError
from gemini_embed.readers import Passage, Picture, contents_of, reader_of
from gemini_embed.readers.table import KINDS

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
NOISE = random.Random(3).randbytes(5_000)  # noqa: S311 - the same each time
BILLION = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'


def read(name: str, data: bytes | str, most_passages: int = 1000) -> list[Passage | Picture]:
    reader = reader_of(Path(name))
    assert reader is not None
    held = data.encode() if isinstance(data, str) else data
    return list(contents_of(reader, held, name, most_tokens=1024, most_passages=most_passages))


def said(name: str, data: bytes | str) -> str:
    return "\n".join(one.text for one in read(name, data))


def changed(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    held = parts[part]
    assert isinstance(held, bytes)
    return zipped({**parts, part: change(held)})


def encrypted_zip() -> bytes:
    data = bytearray(zipped({"content.xml": "x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


ENCRYPTED_ODT = zipped({"META-INF/manifest.xml": "<m><encryption-data/></m>", "content.xml": b"\1\2\3"})
DRM = zipped(
    {"META-INF/encryption.xml": "<e><EncryptionMethod Algorithm='aes'/></e>", "mimetype": "application/epub+zip"}
)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        pytest.param("a.docx", OLE, "is encrypted, or in a format of before 2007", id="docx-with-a-password"),
        pytest.param("a.xlsx", encrypted_zip(), "is encrypted", id="xlsx-zip-with-a-password"),
        pytest.param("a.odt", ENCRYPTED_ODT, "is encrypted", id="odt-with-a-password"),
        pytest.param("a.epub", DRM, "DRM", id="epub-with-drm"),
        pytest.param("a.docx", b"PK\x03\x04" + bytes(99), "damaged", id="docx-of-zeros"),
        pytest.param("a.docx", zipped({"x": "y"}), "has no", id="docx-without-parts"),
        pytest.param("a.docx", xlsx_file(), "damaged", id="docx-that-is-xlsx"),
        pytest.param("a.pptx", docx_file()[:900], "damaged", id="pptx-cut-short"),
        pytest.param(
            "a.xlsx", changed(xlsx_file(), "xl/styles.xml", lambda _: b"<a"), "cut short", id="xlsx-told-in-lines"
        ),
        pytest.param("a.xlsx", odt_file(), "damaged", id="xlsx-that-is-odt"),
        pytest.param("a.odt", docx_file(), "has no META-INF/manifest.xml", id="odt-that-is-docx"),
        pytest.param("a.epub", zipped({"mimetype": "x"}), "has no META-INF/container.xml", id="epub-without-parts"),
        pytest.param("a.odt", odf("text", "<text:p>open"), "damaged", id="odt-cut-xml"),
        pytest.param("a.ipynb", '{"cells": 3}', "damaged", id="notebook-without-cells"),
        pytest.param("a.ipynb", "no JSON", "is no notebook", id="notebook-of-text"),
        pytest.param("a.ipynb", "[" * 100_000, "is no notebook", id="notebook-nested"),
        pytest.param("a.ipynb", b'"\xff' + b"x" * 9_000, "can't decode byte 0xff", id="notebook-in-no-utf-8"),
        pytest.param("a.ipynb", "[]", "is no notebook", id="notebook-list"),
        pytest.param("a.eml", "Hello, this is no mail.", "has no head", id="mail-of-text"),
        pytest.param("a.srt", "Only words.", "holds no times", id="subtitles-without-times"),
        pytest.param("a.jsonl", '{"a": 1}\nno JSON', "no JSON in line 2", id="json-lines-damaged"),
        pytest.param("a.csv", '"' + "x" * 200_000, "cannot be read as a table", id="csv-of-one-cell"),
        pytest.param("a.svg", "<html><p>404</p></html>", "no SVG", id="svg-that-is-html"),
        pytest.param("a.svg", "<svg", "damaged", id="svg-cut"),
        pytest.param("a.html", b"\0\1\2", "no text", id="html-of-bytes"),
        *(
            pytest.param(f"a{suffix}", data, f"a{suffix} ", id=f"{'empty' if not data.strip() else 'noise'}{suffix}")
            for kind in KINDS
            for suffix in kind.suffixes.split()[:1]
            for data in (b" \n", NOISE)
        ),
    ],
)
def test_one_line_each(name: str, data: bytes | str, words: str) -> None:
    with pytest.raises(MediaError, match=words) as caught:
        read(name, data)
    assert caught.value.problem.startswith(name)
    assert "\n" not in caught.value.problem
    assert len(caught.value.problem) < 600


def test_zip_bombs_are_not_unpacked() -> None:
    """What an archive says of its size is enough to refuse it."""
    bomb = changed(docx_file(), "word/document.xml", lambda _: bytes(80 * 2**20))
    assert len(bomb) < 200_000
    for name in ("a.docx", "a.pptx", "a.xlsx", "a.odt", "a.epub"):
        with pytest.raises(MediaError, match="unpacked") as caught:
            read(name, bomb)
        assert caught.value.kind == "too_large"


@pytest.mark.parametrize("declared", [BILLION, OUTSIDE])
def test_entities_bring_nothing_in(declared: str, tmp_path: Path) -> None:
    """Neither what multiplies nor what lies elsewhere."""
    in_svg = f'{declared}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>&f;&b;</text></svg>'
    with pytest.raises(MediaError, match="entities"):
        read("a.svg", in_svg)
    with pytest.raises(MediaError, match="entities"):
        read("a.odt", changed(odt_file(), "content.xml", lambda xml: xml.replace(b"?>", b"?>" + declared.encode())))
    with pytest.raises(MediaError, match="entities"):
        read("a.epub", changed(epub_file(), "OEBPS/content.opf", lambda xml: declared.encode() + xml))
    inside = changed(
        docx_file(),
        "word/document.xml",
        lambda xml: xml.replace(b"?>", b"?>" + declared.encode(), 1).replace(b"parish", b"&f;&b;parish"),
    )
    try:
        text = said("a.docx", inside)
    except MediaError:
        return
    assert Path("/etc/hostname").read_text().strip() not in text
    assert "haha" not in text


def test_nothing_is_fetched_or_read_from_elsewhere(tmp_path: Path) -> None:
    """Sockets are closed in tests; a file beside the drawing would be drawn red."""
    (tmp_path / "red.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9" fill="red"/></svg>'
    )
    (drawing,) = read(
        "a.svg",
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" viewBox="0 0 99 99">'
        f'<image x:href="{tmp_path}/red.svg" width="99" height="99"/>'
        '<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>'
        f'<style>@import url("http://127.0.0.1:9/x.css");</style></svg>',
    )
    assert isinstance(drawing, Picture)
    from PIL import Image

    with Image.open(io.BytesIO(drawing.data)) as picture:
        assert picture.convert("RGB").getcolors() == [(1024 * 1024, (255, 255, 255))]


@pytest.mark.parametrize("unit", ["pt", "cm", "mm", "in", "em", "%", "px", ""])
def test_drawings_in_any_unit(unit: str) -> None:
    """Those of matplotlib are in points."""
    size = f'width="72{unit}" height="72{unit}" viewBox="0 0 9 9"'
    (drawing,) = read("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="9" height="9"/></svg>')
    from PIL import Image

    assert isinstance(drawing, Picture)
    with Image.open(io.BytesIO(drawing.data)) as picture:
        assert picture.size == (1024, 1024)
        assert picture.convert("L").getextrema()[0] == 0


def test_drawings_that_use_themselves_again_and_again() -> None:
    nested = "".join(f'<g id="g{n}">' + f'<use href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 12))
    with pytest.raises(MediaError, match="again and again"):
        read("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect id="g0"/>{nested}</svg>')


def test_macros_are_left_behind() -> None:
    """DOCM and PPTM are read as what they are without them."""
    for make, suffix, part in (
        (docx_file, ".docm", b"application/vnd.ms-word.document.macroEnabled.main+xml"),
        (pptx_file, ".pptm", b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
    ):
        kind = b"wordprocessingml.document" if suffix == ".docm" else b"presentationml.presentation"
        plain = b"application/vnd.openxmlformats-officedocument." + kind + b".main+xml"
        with_macros = changed(make(), "[Content_Types].xml", partial(_renamed, plain, part))
        assert said(f"a{suffix}", with_macros) == said(f"a{suffix[:-1]}x", make())


def _renamed(plain: bytes, other: bytes, xml: bytes) -> bytes:
    return xml.replace(plain, other)


def test_more_passages_than_are_wanted() -> None:
    with pytest.raises(MediaError, match="more than max_windows=5 passages"):
        read("a.csv", "n\n" + "\n".join(f"row {n}" for n in range(9)), most_passages=5)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<" * 200_000, id="angles"),
        pytest.param("<a " * 100_000, id="tags"),
        pytest.param("<!--" * 50_000, id="comments"),
        pytest.param("<![CDATA[" * 30_000, id="cdata"),
        pytest.param("<div>" * 30_000 + "</p>" * 30_000, id="deep"),
        pytest.param("&#" * 100_000, id="references"),
        pytest.param("<p " + "a=" * 100_000, id="attributes"),
        pytest.param("<script>" + "</scrip" * 50_000, id="scripts"),
        pytest.param("<h1>" * 20_000 + "x", id="headings"),
        pytest.param("<a " * 60_000 + ">", id="one-tag"),
        pytest.param('<a b="' * 30_000 + ">", id="quotes"),
        pytest.param("<a b='c\"" * 30_000 + ">", id="quotes-of-two-kinds"),
        pytest.param("<a/" * 30_000 + ">", id="slashes"),
        pytest.param("<textarea><title>" * 10_000, id="titles"),
    ],
)
@pytest.mark.timeout(20)
def test_pages_made_to_take_long(data: str) -> None:
    """Time that grows with the square of a page would be minutes."""
    with suppress(MediaError):
        said("a.html", data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(r"{\rtf1" + r"{\field{\*\fldinst{ HYPERLINK " * 20_000, id="links"),
        pytest.param(r"{\rtf1{\fonttbl" + r"\f1" * 100_000, id="fonts"),
        pytest.param(r"{\rtf1{\fonttbl" + r"{\f1" * 50_000, id="fonts-in-groups"),
        pytest.param("{" * 50_000, id="braces"),
    ],
)
@pytest.mark.timeout(20)
def test_rtf_made_to_take_long(data: str) -> None:
    with suppress(MediaError):
        said("a.rtf", data)


SEEDED = [
    ("a.html", page()), ("a.ipynb", notebook()), ("a.eml", mail()), ("a.csv", CSV), ("a.rtf", RTF),
    ("a.docx", docx_file()), ("a.pptx", pptx_file()), ("a.xlsx", xlsx_file()), ("a.odt", odt_file()),
    ("a.epub", epub_file()), ("a.ods", ods_file()), ("a.odp", odp_file()), ("a.srt", SRT), ("a.vtt", VTT),
    ("a.jsonl", JSON_LINES), ("a.svg", SVG),
]  # fmt: skip
MUTANTS = int(os.environ.get("GEMINI_EMBED_MUTANTS", "20")) // 10
"""Of each file."""


@pytest.mark.parametrize(("name", "whole"), SEEDED)
@pytest.mark.timeout(120)
def test_damaged_files_are_told_as_such(name: str, whole: bytes | str) -> None:
    """Bytes changed, cut out and put in; parts of archives are damaged inside, since the zip's own checks hide them."""
    held = whole.encode() if isinstance(whole, str) else whole
    chance = random.Random(name)  # noqa: S311 - the same each time
    for _ in range(MUTANTS):
        told = ""
        try:
            read(name, _mutant(held, chance))
        except MediaError as error:
            told = error.problem
        assert "\n" not in told
        assert len(told) < 600, "a line, not the file"


def _mutant(data: bytes, chance: random.Random) -> bytes:
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
        part = chance.choice([name for name in parts if name.endswith((".xml", ".xhtml", ".opf", ".rels"))])
        held = parts[part]
        return zipped({**parts, part: _mutant(held if isinstance(held, bytes) else held.encode(), chance)})
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = changed[chance.randrange(len(changed)) :][:60]
            case _:
                changed[at:at] = base64.b64encode(chance.randbytes(9))
        if not changed:
            return b""
    return bytes(changed)
