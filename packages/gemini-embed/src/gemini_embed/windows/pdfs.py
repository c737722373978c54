"""PDFs by pages: each window a PDF of its own, with the text of its pages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

from gemini_embed.media.libraries import pdfium
from gemini_embed.media.pictures import MAX_PIXELS
from gemini_embed.media.source import Source, called, reading
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows.spans import Span
from gemini_embed.windows.window import Window

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

PDF_TYPE = "application/pdf"
POINTS_PER_INCH = 72
_MADE = re.compile(rb"/CreationDate\(D:(\d{14})[^)]*\)/Creator\(PDFium\)")
_ID = re.compile(rb"/ID\[<([0-9A-F]{32})><([0-9A-F]{32})>\]")


def pdf_windows(source: Source, spans: Sequence[Span], *, root: str | None = None) -> Generator[Window, None, None]:
    """The pages of each span, counted from 0, as a PDF; one at a time.

    Raises:
        MediaError: encrypted or damaged.
    """
    name = called(source)
    with reading(source, root) as file, ExitStack() as opened:
        with pdfium(name) as library:
            document = library.PdfDocument(file)
            opened.callback(_close, document, name)
        for span in spans:
            yield _window(document, span, name)


def text_tokens(source: Source, *, root: str | None = None) -> list[int]:
    """How many tokens the text of each page likely has, in order; 0 for a scan.

    Raises:
        MediaError: encrypted or damaged.
    """
    name = called(source)
    with reading(source, root) as file, pdfium(name) as library, library.PdfDocument(file) as document:
        return [_likely(_text(document, number)) for number in range(len(document))]


def rendered(source: Source, spans: Sequence[Span], *, dpi: int, root: str | None = None) -> list[Picture]:
    """The pages of the spans as RGB pictures, each of at most 100 million pixels, whatever `dpi` says.

    Raises:
        MediaError: encrypted or damaged.
    """
    name = called(source)
    with reading(source, root) as file, pdfium(name) as library, library.PdfDocument(file) as document:
        numbers = [number for span in spans for number in range(int(span.start), int(span.end))]
        return [_picture(document[number], dpi / POINTS_PER_INCH) for number in numbers]


def _picture(page: Any, scale: float) -> Picture:
    width, height = page.get_size()  # in points: pages may be of any size
    picture: Picture = page.render(scale=min(scale, (MAX_PIXELS / (width * height)) ** 0.5)).to_pil().convert("RGB")
    return picture


def _likely(text: str) -> int:
    return likely_tokens(text) if text else 0


def _close(document: Any, name: str) -> None:
    with pdfium(name):
        document.close()


def _window(document: Any, span: Span, name: str) -> Window:
    numbers = list(range(int(span.start), int(span.end)))
    with pdfium(name) as library:
        text = "\n\n".join(_text(document, number) for number in numbers).strip()
        data = BytesIO()
        with library.PdfDocument.new() as piece:
            piece.import_pages(document, numbers)
            piece.save(data)
    return Window(
        mime_type=PDF_TYPE,
        data=_as_ever(data.getvalue()),
        text=text,
        page_start=numbers[0] + 1,
        page_end=numbers[-1] + 1,
    )


def _as_ever(data: bytes) -> bytes:
    """A PDF that PDFium wrote, without what it says of this moment: the second it was made in, and a random /ID.

    So equal pages are equal bytes, which a cache finds again. Both stand outside of all that came from the source: the
    date in the file's third object, before the first page, the /ID in its trailer.
    """
    date = _MADE.search(data)
    mark = _ID.search(data, max(data.rfind(b"trailer"), 0))
    if date is None or mark is None:
        return data
    plain = bytearray(data)
    halves = slice(*mark.span(1)), slice(*mark.span(2))
    plain[slice(*date.span(1))] = b"19700101000000"
    for half in halves:
        plain[half] = b"0" * 32
    digest = hashlib.sha256(plain).hexdigest()[:32].upper().encode()
    for half in halves:
        plain[half] = digest
    return bytes(plain)


def _text(document: Any, number: int) -> str:
    """A page's own text, with plain line breaks; "" for a scan."""
    page = document[number]
    text_page = page.get_textpage()
    text = str(text_page.get_text_bounded())
    text_page.close()
    page.close()
    return text.replace("\r\n", "\n").replace("\ufffe", "").strip()  # U+FFFE: a hyphen at the end of a line
