"""The libraries that open media: imported when needed, their errors told as ours, PDFium one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from gemini_embed.errors import GeminiEmbedError, MediaError, missing_extra

if TYPE_CHECKING:
    from av.container import InputContainer

_PDF_PASSWORD = 4  # FPDF_ERR_PASSWORD


@contextmanager
def told_as_damage(name: str) -> Iterator[None]:
    """What a library raises over a medium, as MediaError. Damaged files bring out far more than its own exceptions, and
    one bad file must never end the work on all others; only a lack of memory is not the file's fault."""
    try:
        yield
    except GeminiEmbedError:
        raise
    except Exception as e:
        if _is_lack_of_memory(e):
            raise
        raise MediaError(f"{name} is damaged or cut short: {_said(e)}", "damaged") from e


@contextmanager
def av_reading(file: BinaryIO, av_format: str, name: str) -> Iterator[InputContainer]:
    """A recording or video, opened as `av_format` and nothing else.

    Raises:
        MediaError: damaged; also for what goes wrong in the block.
        MissingExtraError: PyAV is not installed.
    """
    try:
        import av
    except ImportError as e:
        raise missing_extra("media", "PyAV (to look into audio and video)") from e
    file.seek(0)
    # genpts: an AVI tells when frames are decoded, not when they are shown.
    options = {"fflags": "genpts"}
    with (
        told_as_damage(name),
        av.open(file, "r", format=av_format, options=options, **_lenient_tags(av)) as container,
    ):
        yield container


def _lenient_tags(av: Any) -> dict[str, Any]:
    """Tags are often not in UTF-8, and nobody reads them here: PyAV 18 must be told, 19 keeps any bytes by itself."""
    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


def _is_lack_of_memory(error: Exception) -> bool:
    """Python's own MemoryError. FFmpeg's, which has an `errno`, is about a size that a damaged file claims."""
    return isinstance(error, MemoryError) and not hasattr(error, "errno")


_LONGEST = 500
"""Characters of what a library says, or a reader of the caller's: it may hold all of the file."""


def _said(error: Exception) -> str:
    said = str(getattr(error, "strerror", None) or error) or type(error).__name__
    return " ".join(said[:_LONGEST].split())  # a line, though openpyxl says it in several


@contextmanager
def pdfium(name: str) -> Iterator[Any]:
    """The pypdfium2 module, for this thread alone: PDFium is not thread-safe.

    The lock lives at the module, where others in the process find it too (the emulator does).

    Raises:
        MediaError: encrypted or damaged, when the block meets such a file.
        MissingExtraError: pypdfium2 is not installed.
    """
    try:
        import pypdfium2
    except ImportError as e:
        raise missing_extra("media", "pypdfium2 (to look into PDFs)") from e
    with vars(pypdfium2).setdefault("one_thread_at_a_time", threading.RLock()), told_as_damage(name):
        # Not every failure sets PDFium's last error, and then it is that of an earlier file: this sets "damaged".
        pypdfium2.raw.FPDF_LoadMemDocument(b"", 0, None)
        try:
            yield pypdfium2
        except pypdfium2.PdfiumError as e:
            if getattr(e, "err_code", None) == _PDF_PASSWORD:
                problem = f"{name} is encrypted: decrypt it first (qpdf --decrypt), as the service takes no password"
                raise MediaError(problem, "encrypted") from e
            raise
