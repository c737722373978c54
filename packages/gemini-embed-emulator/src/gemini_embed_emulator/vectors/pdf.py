"""What a PDF says: the words of its pages, and what the pages look like. Scanned words are not read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gemini_embed_emulator import tokens

from .features import Sparse
from .image import describe, shrunk
from .medium import Limits, Medium, UnreadableMediumError, media_tools, too_long
from .text import named, word_terms

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

TOKENS_PER_PAGE = 258  # and those of its text
_KIND_WEIGHT = 0.5
_LOOKS_WEIGHT = 0.4  # beside text; a page without any is what it looks like
_POINTS = 96  # of the longer side of a rendered page, in pixels


def read_pages(data: bytes, limits: Limits) -> Medium:
    """A PDF. Raises UnreadableMediumError, ApiError when it has too many pages."""
    with media_tools():
        import pypdfium2
    # PDFium is not thread-safe, and a client under test may be using it in this very process.
    lock: threading.RLock = vars(pypdfium2).setdefault("one_thread_at_a_time", threading.RLock())
    with lock:
        try:
            with pypdfium2.PdfDocument(data) as document:
                count = len(document)
                if count > limits.max_pages:
                    raise too_long("document", f"{limits.max_pages} pages")
                texts, terms = [], [(_KIND_WEIGHT, named("document"))]
                for number in range(count):
                    text, shown = _read(document[number])
                    texts.append(text)
                    terms += shown
        except pypdfium2.PdfiumError as error:
            raise UnreadableMediumError(str(error)) from error
    if not count:
        raise UnreadableMediumError("The document has no pages.")
    counted = TOKENS_PER_PAGE * count + sum(map(tokens.count, texts))
    return Medium.of("DOCUMENT", counted, data, [*terms, *word_terms("\n".join(texts))])


def _read(page: PdfPage) -> tuple[str, list[tuple[float, Sparse]]]:
    """A page's text, and what it looks like."""
    text = page.get_textpage().get_text_bounded()
    picture = page.render(scale=_POINTS / max(page.get_size())).to_pil()
    weight = _LOOKS_WEIGHT if text.strip() else 1.0
    return text, [(weight * looks, term) for looks, term in describe(shrunk(picture), "document")]
