"""The media of records, opened where they lie: pictures, pages, clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from gemini_embed.content import Media, media_of_type
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.media.files import open_file
from gemini_embed.media.pictures import opened_picture, png_of
from gemini_embed.media.probing import MediaInfo
from gemini_embed.media.source import called, reading
from gemini_embed.records import Record
from gemini_embed.windows import Source, probe
from gemini_embed.windows.audio import audio_windows
from gemini_embed.windows.clips import video_clip
from gemini_embed.windows.frames import frame_at as frame_of_picture
from gemini_embed.windows.frames import has_pages
from gemini_embed.windows.loudness import loudness
from gemini_embed.windows.marks import Box, boxes
from gemini_embed.windows.pdfs import pdf_windows, rendered
from gemini_embed.windows.spans import Span
from gemini_embed.windows.video import MP4_TYPE, frame_at
from gemini_embed.windows.window import Window

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


SHOWN_AS_THEY_ARE = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
"""Images that Gemini's chat models take (ai.google.dev/gemini-api/docs/image-understanding); others are made PNG."""


class Opener:
    """Opens the media of records: files inside of `root` only, URLs by `fetch`. Errors are of every method.

    Raises:
        InputError: the medium is not kept, gone, of another kind, or cannot be opened.
        MissingExtraError: the library that opens it is not installed.
    """

    def __init__(
        self,
        root: str | None = None,
        fetch: Callable[[str], bytes] | None = None,
        held: Callable[[Record, str | None], bytes | None] | None = None,
    ) -> None:
        """`held` gives the picture of a record that lies in a file of another kind, such as a slide of a presentation;
        None for any other record."""
        self._root, self._fetch, self._held = root, fetch, held

    def within(self, root: str) -> Opener:
        """The same for files inside of another root only."""
        return Opener(root, self._fetch, self._held)

    def __getstate__(self) -> dict[str, object]:
        return {"_root": self._root, "_fetch": None, "_held": self._held}  # what can fetch does not travel

    def image(self, record: Record, window: Excerpt) -> Picture:
        """An image, the page of a PDF that was found, or the frame in the middle of a video's window."""
        if record.modality == "pdf":
            return self.pages(record, record.window)[0]
        source = self._source(record, window)
        info = probe(source, root=self._root)
        if info.modality == "video":
            middle_s = ((window.start_s or 0.0) + (window.end_s or info.duration_s or 0.0)) / 2
            return frame_at(source, info, middle_s, root=self._root)
        if info.modality != "image":
            raise InputError(f"{record.link(window)} is {info.mime_type}: there is no picture of it")
        return _picture(source, info, window, self._root)

    def pages(self, record: Record, window: Excerpt, *, dpi: int = 150) -> list[Picture]:
        """The pages of the window, all pages without one."""
        source = self._source(record, window)
        info = probe(source, "pdf", root=self._root)
        return rendered(source, [_pages(window, info)], dpi=dpi, root=self._root)

    def clip(self, record: Record, window: Excerpt, *, padding: float = 0.0) -> Media:
        """The window with `padding` around it (seconds, or pages), as a part with bytes."""
        source = self._source(record, window)
        info = probe(source, root=self._root)
        mime_type, data = self._cut(source, info, window.widened(padding))
        part = media_of_type(mime_type)
        if part is None:
            raise InputError(f"{record.link(window)} is {mime_type}, which is no medium")
        return part(data, mime_type)

    def file(self, record: Record) -> BinaryIO:
        """The whole file of a record that has one on disk, a text's too, open for reading."""
        uri = record.uri or record.source
        if uri is None or "://" in uri or uri.startswith("sha256:"):
            raise InputError(f"{record.link()} is no file of this machine")
        return open_file(uri, root=self._root)

    def boxes(self, record: Record, words: str) -> list[Box]:
        """Where words of a query stand on the page that was found."""
        window = record.window
        source = self._source(record, window)
        return boxes(source, int(_pages(window, probe(source, "pdf", root=self._root)).start), words, root=self._root)

    def loudness(self, record: Record, window: Excerpt, points: int) -> list[float]:
        """How loud a recording is along its window."""
        source = self._source(record, window)
        (piece,) = self._heard(source, probe(source, root=self._root), window)
        return loudness(piece, points)

    def info(self, record: Record) -> MediaInfo:
        """What the medium is, looked into to its end: its kind, how long it is."""
        return probe(self._source(record, record.window), root=self._root)

    def words(self, record: Record, window: Excerpt) -> list[str]:
        """The text of each page of the window; "" for a scan."""
        source = self._source(record, window)
        pages = _pages(window, probe(source, "pdf", root=self._root))
        spans = [Span(page, page + 1) for page in range(int(pages.start), int(pages.end))]
        return [piece.text for piece in pdf_windows(source, spans, root=self._root)]

    def _cut(self, source: Source, info: MediaInfo, window: Excerpt) -> tuple[str, bytes]:
        if info.modality == "video":
            start_s, end_s = window.start_s or 0.0, min(window.end_s or info.duration_s or 0.0, info.duration_s or 0.0)
            return MP4_TYPE, video_clip(source, info, start_s, end_s, root=self._root)
        if info.modality == "audio":
            (piece,) = self._heard(source, info, window)
        elif info.modality == "pdf":
            (piece,) = pdf_windows(source, [_pages(window, info)], root=self._root)
        else:
            return self._image(source, info, window)
        return piece.mime_type, piece.data

    def _heard(self, source: Source, info: MediaInfo, window: Excerpt) -> Iterator[Window]:
        if info.modality != "audio":
            raise InputError(f"{called(source)} is {info.mime_type}, which is no recording")
        end_s = min(window.end_s or info.duration_s or 0.0, info.duration_s or 0.0)
        return audio_windows(source, info, [Span(window.start_s or 0.0, end_s)], root=self._root)

    def _image(self, source: Source, info: MediaInfo, window: Excerpt) -> tuple[str, bytes]:
        if info.mime_type in SHOWN_AS_THEY_ARE and not _is_frame(window):
            with reading(source, self._root) as file:
                return info.mime_type, file.read()
        return "image/png", png_of(_picture(source, info, window, self._root))

    def _source(self, record: Record, window: Excerpt) -> Source:
        uri, link = record.uri, record.link(window)
        if record.modality == "text" and not record.is_said:
            raise InputError(f"{link} is text, which is in its page_content: there is no medium to open")
        if uri is None:
            raise InputError(f"{link}: its bytes were not kept, since it came from memory")
        if uri.startswith("gs://"):
            raise InputError(f"{link} lies in Cloud Storage, which is not read from here")
        if not uri.startswith(("http://", "https://")):
            held = self._held(record, self._root) if self._held and record.modality == "image" else None
            return uri if held is None else held
        if self._fetch is None:
            raise InputError(f"{link} must be fetched, which hits of an index can")
        return self._fetch(uri)


def _pages(window: Excerpt, info: MediaInfo) -> Span:
    """The pages of a window, counted from 0, as far as there are any."""
    last = min(window.page_end or info.pages or 1, info.pages or 1)
    first = (window.page_start or 1) - 1
    if first >= last:
        raise InputError(f"there is no page {first + 1}: the PDF has {info.pages} now")
    return Span(first, last)


def _is_frame(window: Excerpt) -> bool:
    return window.page_start is not None or window.start_s is not None


def _picture(source: Source, info: MediaInfo, window: Excerpt, root: str | None) -> Picture:
    if _is_frame(window):
        start = (window.page_start or 1) - 1 if has_pages(info.mime_type) else window.start_s or 0.0
        return frame_of_picture(source, info.mime_type, start, root=root)
    with reading(source, root) as file:
        data = BytesIO(file.read())
    with opened_picture(data, called(source)) as picture:
        from PIL import ImageOps

        return ImageOps.exif_transpose(picture.copy())
