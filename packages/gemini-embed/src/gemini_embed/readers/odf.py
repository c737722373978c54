"""OpenDocument: texts (ODT), sheets (ODS) and presentations (ODP), which are zip and XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from gemini_embed.errors import MediaError
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.sheets import add_sheet
from gemini_embed.readers.zips import may_be_zip, opened_zip, part_of, tree_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE, _DRAW = f"{_OASIS}text:1.0}}", f"{_OASIS}table:1.0}}", f"{_OASIS}drawing:1.0}}"
_OFFICE, _PRESENTATION = f"{_OASIS}office:1.0}}", f"{_OASIS}presentation:1.0}}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SVG = f"{_OASIS}svg-compatible:1.0}}"
_SAID = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n", f"{_TEXT}s": " "}
_LEFT_OUT = (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}table-of-content", f"{_OFFICE}forms")
_BLOCKS = (f"{_TEXT}p", f"{_TEXT}h", f"{_TABLE}table")
_MOST_REPEATED = 100
"""Cells and rows that are said to come again: more are not written out."""


class OdfReader:
    """Reads ODT, ODS and ODP, by what they hold and not by their names."""

    name = "odf"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_zip(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        flow = Flow()
        with opened_zip(data, name) as archive:
            if b"encryption-data" in part_of(archive, "META-INF/manifest.xml", name):
                raise MediaError(f"{name} is encrypted: save it without a password", "encrypted")
            body = tree_of(part_of(archive, "content.xml", name), name).find(f"{_OFFICE}body")
            for kind in body if body is not None else ():
                if kind.tag == f"{_OFFICE}spreadsheet":
                    for sheet in kind.iter(f"{_TABLE}table"):
                        add_sheet(flow, sheet.get(f"{_TABLE}name") or "", _sheet_rows(sheet), most_tokens)
                elif kind.tag == f"{_OFFICE}presentation":
                    _add_slides(flow, kind, archive)
                else:
                    _add_blocks(flow, kind, archive)
        return flow.passages(most_tokens)


def _add_slides(flow: Flow, presentation: Element, archive: ZipFile) -> None:
    for number, slide in enumerate(presentation.iter(f"{_DRAW}page"), 1):
        titles = (one for one in slide.iter(f"{_DRAW}frame") if one.get(f"{_PRESENTATION}class") == "title")
        title = next(titles, None)
        heading = " ".join(" ".join(map(_said, title.iter(f"{_TEXT}p"))).split()) if title is not None else ""
        flow.part(f"slide={number}", heading=heading, metadata={"slide": number})
        _add_blocks(flow, slide, archive)


def _add_blocks(flow: Flow, above: Element, archive: ZipFile) -> None:
    """Paragraphs, headings, tables and pictures, in order, however deep in lists, sections and frames."""
    waiting = list(reversed(above))
    while waiting:
        one = waiting.pop()
        if one.tag == f"{_TEXT}h":
            level = one.get(f"{_TEXT}outline-level") or "1"
            flow.heading(int(level) if level.isdigit() else 1, _said(one))
        elif one.tag == f"{_TEXT}p":
            flow.text(_said(one))
            waiting += list(one.iter(f"{_DRAW}frame"))[::-1]
        elif one.tag == f"{_TABLE}table":
            flow.text("\n".join(" | ".join(row) for _, row in _sheet_rows(one) if any(row)))
        elif one.tag == f"{_DRAW}frame":
            _add_picture(flow, one, archive)
            waiting += reversed(one)
        elif one.tag not in _LEFT_OUT:
            waiting += reversed(one)


def _add_picture(flow: Flow, frame: Element, archive: ZipFile) -> None:
    told = " ".join(one.text or "" for tag in ("title", "desc") for one in frame.iter(f"{_SVG}{tag}"))
    for image in frame.iterfind(f"{_DRAW}image"):
        place = (image.get(_HREF) or "").removeprefix("./")
        if place in archive.namelist():  # a linked one is not there
            flow.picture(part_of(archive, place, place), told)


def _said(above: Element) -> str:
    """What is said in a paragraph, without what was deleted, noted or stands in a frame."""
    said: list[str] = []
    waiting: list[tuple[Element, bool]] = [(above, True)]
    while waiting:
        one, is_begun = waiting.pop()
        if not is_begun:
            said.append(one.tail or "")
            continue
        if one is not above:
            waiting.append((one, False))
        if one.tag in _SAID:
            count = one.get(f"{_TEXT}c") or "1"
            said.append(_SAID[one.tag] * (min(int(count), _MOST_REPEATED) if count.isdigit() else 1))
        elif one.tag not in _LEFT_OUT and not (one.tag == f"{_DRAW}frame" and one is not above):
            said.append(one.text or "")
            waiting += [(inner, True) for inner in reversed(one)]
    return "".join(said)


def _sheet_rows(table: Element) -> Iterator[tuple[int, list[str]]]:
    number = 1
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[str] = []
        for cell in row:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            text = " ".join(" ".join(_said(one).split()) for one in cell.iter(f"{_TEXT}p"))
            cells += [text] * min(_times(cell, "columns"), _MOST_REPEATED)
        times = _times(row, "rows")
        yield number, cells  # of equal rows the first
        number += times


def _times(one: Element, what: str) -> int:
    told = one.get(f"{_TABLE}number-{what}-repeated") or "1"
    return max(int(told), 1) if told.isdigit() and len(told) < 8 else 1
