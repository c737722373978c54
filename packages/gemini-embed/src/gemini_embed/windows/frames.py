"""Pictures that hold several: the frames of an animation by seconds, the pages of a TIFF by numbers; each as PNG."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from gemini_embed.media.pictures import opened_picture, png_of
from gemini_embed.media.source import Source, called, reading
from gemini_embed.windows.spans import Span
from gemini_embed.windows.window import Window

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_PNG_TYPE = "image/png"
_SHOWN_S = 0.1
"""What browsers do with a frame that tells no time, or next to none."""
_LEAST_TOLD_S = 0.011
_NEAR_S = 1e-4
_AT_ONCE = 32
"""Frames that are decoded together; each batch begins with the first frame again, as animations do."""


def has_pages(mime_type: str) -> bool:
    """Whether frames are pages; else they are shown one after another."""
    return mime_type == "image/tiff"


def frame_spans(source: Source, mime_type: str, most: int, *, root: str | None = None) -> list[Span]:
    """Where the frames lie, in seconds, or pages counted from 0; empty for a single one. No more than `most` and one
    are looked for.

    Raises:
        MediaError: damaged.
    """
    with reading(source, root) as file, opened_picture(file, called(source), mime_type) as picture:
        spans = list(islice(_places(picture, mime_type), most + 1))
    return spans if len(spans) > 1 else []


def frame_windows(
    source: Source, mime_type: str, spans: Sequence[Span], *, root: str | None = None
) -> Generator[Window, None, None]:
    """The frames that begin where the spans do, in order, one at a time.

    Raises:
        MediaError: damaged.
    """
    for start in range(0, len(spans), _AT_ONCE):
        some = spans[start : start + _AT_ONCE]
        for span, data in zip(some, _pngs(source, mime_type, some, root), strict=False):
            if has_pages(mime_type):
                yield Window(mime_type=_PNG_TYPE, data=data, page_start=int(span.start) + 1, page_end=int(span.end))
            else:
                yield Window(mime_type=_PNG_TYPE, data=data, start_s=span.start, end_s=span.end)


def _pngs(source: Source, mime_type: str, spans: Sequence[Span], root: str | None) -> list[bytes]:
    """Frames next to each other, in one pass. No picture is open while others are waited for."""
    found: list[bytes] = []
    with reading(source, root) as file, opened_picture(file, called(source), mime_type) as picture:
        for at in _places(picture, mime_type):
            if len(found) < len(spans) and _is_within(at, spans[len(found)].start):
                found.append(png_of(_plain(picture)))
            if len(found) == len(spans):
                break
    return found


def frame_at(source: Source, mime_type: str, start: float, *, root: str | None = None) -> Picture:
    """The frame that is shown at `start` (seconds, or a page counted from 0), the last one where there are none.

    Raises:
        MediaError: damaged.
    """
    with reading(source, root) as file, opened_picture(file, called(source), mime_type) as picture:
        for at in _places(picture, mime_type):
            if _is_within(at, start):
                break
        return _plain(picture)


def _places(picture: Any, mime_type: str) -> Iterator[Span]:
    """Where each frame lies, with the picture at it."""
    at_s = 0.0
    for number in _numbers(picture):
        shown_s = _shown_s(picture)
        yield Span(number, number + 1) if has_pages(mime_type) else Span(round(at_s, 3), round(at_s + shown_s, 3))
        at_s += shown_s


def _is_within(place: Span, start: float) -> bool:
    return place.end > start + _NEAR_S


def _plain(picture: Any) -> Picture:
    plain: Picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return plain


def _numbers(picture: Any) -> Iterator[int]:
    """Of the frames, from 0, with the picture at each."""
    number = 0
    while True:
        try:
            picture.seek(number)
        except EOFError:
            return
        picture.load()
        yield number
        number += 1


def _shown_s(picture: Any) -> float:
    told = picture.info.get("duration")
    shown_s = told / 1000 if isinstance(told, int | float) else 0.0
    return shown_s if shown_s >= _LEAST_TOLD_S else _SHOWN_S
