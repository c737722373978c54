"""Where words stand on a page of a PDF."""

from __future__ import annotations

from typing import Any, NamedTuple

from gemini_embed.marking import marked
from gemini_embed.media.libraries import pdfium
from gemini_embed.media.source import Source, called, reading

MOST_LETTERS = 50_000
"""Of a page that are looked through; a page of a newspaper has some 20,000."""
_GRID = 1_000_000
"""What PDFium's whole numbers divide a page into."""


class Box(NamedTuple):
    """A rectangle on a page as it is shown, in parts of its width and height: 0 to 1, from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def boxes(source: Source, number: int, words: str, *, root: str | None = None) -> list[Box]:
    """Around each word of the page (counted from 0) that `marked` finds; none on a scan.

    Raises:
        MediaError: encrypted or damaged.
    """
    name = called(source)
    with reading(source, root) as file, pdfium(name) as library, library.PdfDocument(file) as document:
        page = document[number]
        letters = page.get_textpage()
        found = marked(_text(library.raw, letters), words)
        return [_box(library.raw, page, letters, start, end) for start, end in found]


def _text(raw: Any, letters: Any) -> str:
    """A character for each of PDFium's, so that places in the text are places there."""
    count = min(letters.count_chars(), MOST_LETTERS)
    return "".join(_letter(raw.FPDFText_GetUnicode(letters, place)) for place in range(count))


def _letter(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 else " "


def _box(raw: Any, page: Any, letters: Any, start: int, end: int) -> Box:
    rects = [letters.get_charbox(place, loose=True) for place in range(start, end)]
    left, bottom = min(rect[0] for rect in rects), min(rect[1] for rect in rects)
    right, top = max(rect[2] for rect in rects), max(rect[3] for rect in rects)
    corners = [_shown(raw, page, left, bottom), _shown(raw, page, right, top)]  # a page may be turned
    across, down = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    return Box(across[0], down[0], across[1], down[1])


def _shown(raw: Any, page: Any, x: float, y: float) -> tuple[float, float]:
    from ctypes import byref, c_int

    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, byref(across), byref(down))
    return min(max(across.value / _GRID, 0.0), 1.0), min(max(down.value / _GRID, 0.0), 1.0)
