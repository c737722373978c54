"""Word documents: headings, paragraphs, lists, tables, notes, pictures. Macros and what is linked stay unread."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from gemini_embed.errors import missing_extra
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.zips import may_be_zip, with_types

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_SAID = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_TYPE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES = {
    b"application/vnd.ms-word.document.macroEnabled.main+xml": _TYPE,
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml": _TYPE,
}
_NOTES = ("/footnotes", "/endnotes")


class DocxReader:
    """Reads DOCX, and DOCM without its macros."""

    name = "docx"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_zip(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        data = with_types(data, name, _TYPES)
        try:
            import docx
        except ImportError as error:
            raise missing_extra("documents", "python-docx (to read Word documents)") from error
        document = docx.Document(io.BytesIO(data))
        flow = Flow()
        levels = {style.style_id: _level_of(style) for style in document.styles}
        for block in _blocks(document.element.body):
            if block.tag == f"{_W}tbl":
                flow.text("\n".join(_rows(block)))
            else:
                _add_paragraph(flow, block, levels)
            _add_pictures(flow, block, document.part)
        _add_notes(flow, document.part)
        return flow.passages(most_tokens)


def _blocks(above: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those in controls for forms and in what was moved or changed too."""
    waiting = list(reversed(above))
    while waiting:
        one = waiting.pop()
        if one.tag in (f"{_W}p", f"{_W}tbl"):
            yield one
        elif one.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"):
            waiting += reversed(one)


def _add_paragraph(flow: Flow, paragraph: Any, levels: Mapping[str, int | None]) -> None:
    text = _text(paragraph)
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    told = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    level = levels.get(style.get(f"{_W}val")) if style is not None else None
    if told is not None and (told.get(f"{_W}val") or "").isdigit() and int(told.get(f"{_W}val")) < 9:
        level = int(told.get(f"{_W}val")) + 1
    if level is not None:
        flow.heading(level, text)
        return
    is_item = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    flow.text(f"- {text}" if is_item and text.strip() else text)
    for box in paragraph.iter(f"{_W}txbxContent"):
        if not any(above.tag == _FALLBACK for above in box.iterancestors()):
            flow.text("\n".join(_text(one) for one in box.iter(f"{_W}p")))


def _level_of(style: Any) -> int | None:
    """Of which level a style's paragraphs are headings; the title of the document is above all."""
    while style is not None:
        name = (style.name or "").lower()
        if name == "title":
            return 1
        if name.startswith("heading ") and name[8:].isdigit():
            return int(name[8:])
        style = getattr(style, "base_style", None)
    return None


def _text(paragraph: Any) -> str:
    """What is said in a paragraph: what was inserted too, not what was deleted, nor what stands in a box."""
    said = []
    waiting = list(reversed(paragraph))
    while waiting:
        one = waiting.pop()
        if one.tag == f"{_W}t":
            said.append(one.text or "")
        elif one.tag in _SAID:
            said.append(_SAID[one.tag])
        elif one.tag not in (f"{_W}txbxContent", _FALLBACK, f"{_W}pPr"):
            waiting += reversed(one)
    return "".join(said)


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter(f"{_W}tr"):
        cells = (" ".join(_text(one) for one in cell.iter(f"{_W}p")) for cell in row.iterchildren(f"{_W}tc"))
        yield " | ".join(" ".join(cell.split()) for cell in cells)


def _add_pictures(flow: Flow, block: Any, part: Any) -> None:
    told = [one.get("descr") or "" for one in block.iter(_DRAWN)]
    for number, blip in enumerate(block.iter(_BLIP)):
        held = part.related_parts.get(blip.get(f"{_R}embed"))  # a linked one is not there
        if held is not None:
            flow.picture(held.blob, told[number] if number < len(told) else "")


def _add_notes(flow: Flow, part: Any) -> None:
    from docx.oxml import parse_xml

    said: list[str] = []
    for one in part.rels.values():
        if not one.is_external and one.reltype.endswith(_NOTES):
            notes = parse_xml(one.target_part.blob)
            said += [text for note in notes if (text := "\n".join(map(_text, note.iter(f"{_W}p"))).strip())]
    if said:
        flow.part("notes")
        for text in said:
            flow.text(text)
