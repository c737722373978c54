"""Pictures for models, small enough for a tool's result: an image, the page that was found, a frame of a video."""

from __future__ import annotations

import base64
import threading
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from gemini_embed import GeminiEmbedError, Hit

if TYPE_CHECKING:
    from mcp_types import ImageContent
    from PIL.Image import Image as Picture


class Size(NamedTuple):
    """How large a picture may be."""

    side: int
    """Pixels of its longer side."""
    max_bytes: int
    """Of the JPEG."""
    dpi: int
    """What pages are rendered at."""


SMALL = Size(448, 24 * 2**10, 60)
"""Beside a result: some 250 tokens where a model sees it, and bearable where a client counts its base64 as text."""
LARGE = Size(1568, 600 * 2**10, 130)
"""Of what is fetched: the side that chat models look at, small print of a page included."""
one_at_a_time = threading.Lock()
"""Held while a medium is opened: a picture of 100 million pixels takes 600 MB meanwhile, and calls come together."""
_QUALITIES = (80, 65, 50, 35)
_PICTURED = ("image", "pdf", "video")


def picture_of(hit: Hit, size: Size) -> tuple[ImageContent | None, str]:
    """A picture of a hit, and ""; or None, and why in words. A text and a recording have none, and need no words."""
    if hit.modality not in _PICTURED:
        return None, ""
    try:
        with one_at_a_time:
            picture = hit.page(dpi=size.dpi) if hit.modality == "pdf" else hit.image()
            data = jpeg_of(picture, size)
    except GeminiEmbedError as error:
        return None, str(error)
    from mcp_types import ImageContent

    return ImageContent(data=base64.b64encode(data).decode(), mime_type="image/jpeg"), ""


def jpeg_of(picture: Picture, size: Size) -> bytes:
    """As JPEG on white, no larger than `size` says in any way."""
    picture = _on_white(picture)
    side = size.side
    while True:
        picture.thumbnail((side, side))
        for quality in _QUALITIES:
            file = BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= size.max_bytes:
                return file.getvalue()
        side = side * 3 // 4


def _on_white(picture: Picture) -> Picture:
    from PIL import Image

    if picture.mode in ("RGB", "L"):
        return picture.copy()  # thumbnail() changes what it is called on
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")
