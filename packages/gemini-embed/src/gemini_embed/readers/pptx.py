"""Presentations: slides with their titles, texts, tables, notes and pictures."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gemini_embed.errors import missing_extra
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.zips import may_be_zip, with_types

_A_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_DIAGRAM = "/diagramData"
_TYPE = b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
_TYPES = {
    b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml": _TYPE,
    b"application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": _TYPE,
    b"application/vnd.openxmlformats-officedocument.presentationml.template.main+xml": _TYPE,
}
_FILE_NAME = re.compile(r"\S+\.\w{3,4}")
"""What programs write where nobody has described a picture."""
_DEEPEST = 20
"""Groups of shapes in each other."""


class PptxReader:
    """Reads PPTX, and PPTM without its macros: a passage for each slide."""

    name = "pptx"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_zip(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        data = with_types(data, name, _TYPES)
        try:
            import pptx
        except ImportError as error:
            raise missing_extra("documents", "python-pptx (to read presentations)") from error
        flow = Flow()
        for number, slide in enumerate(pptx.Presentation(io.BytesIO(data)).slides, 1):
            title = slide.shapes.title
            heading = " ".join(title.text_frame.text.split()) if title is not None else ""
            flow.part(f"slide={number}", heading=heading, metadata={"slide": number})
            for shape in _shapes(slide.shapes):
                _add_shape(flow, shape)
            for one in slide.part.rels.values():
                if not one.is_external and one.reltype.endswith(_DIAGRAM):
                    _add_diagram(flow, one.target_part.blob)
            if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
                flow.text(notes.text)
        return flow.passages(most_tokens)


def _shapes(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is not None and depth < _DEEPEST:
            yield from _shapes(inner, depth + 1)
        else:
            yield shape


def _add_shape(flow: Flow, shape: Any) -> None:
    if shape.has_text_frame:
        flow.text("\n".join(one.text for one in shape.text_frame.paragraphs if one.text.strip()))
    elif getattr(shape, "has_table", False):
        rows = ([" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows)
        flow.text("\n".join(" | ".join(row) for row in rows))
    elif getattr(shape, "has_chart", False):
        _add_chart(flow, shape.chart)
    elif (data := _picture(shape)) is not None:
        told = shape._element._nvXxPr.cNvPr.get("descr") or ""
        flow.picture(data, "" if _FILE_NAME.fullmatch(told) else told)


def _add_chart(flow: Flow, chart: Any) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        flow.text(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(one) for one in plot.categories]
        for series in plot.series:
            values = (
                f"{name}: {value}" for name, value in zip(names, series.values, strict=False) if value is not None
            )
            flow.text(f"{series.name}: {', '.join(values)}")


def _picture(shape: Any) -> bytes | None:
    try:
        return bytes(shape.image.blob)
    except (AttributeError, ValueError, KeyError):  # no picture; a linked one; one whose data is not there
        return None


def _add_diagram(flow: Flow, data: bytes) -> None:
    from pptx.oxml import parse_xml

    flow.text("\n".join(one.text for one in parse_xml(data).iter(_A_TEXT) if one.text))
