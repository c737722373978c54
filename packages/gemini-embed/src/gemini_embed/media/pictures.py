"""The door to Pillow: pictures opened and read within one limit on pixels, whatever Pillow raises told as ours.

A picture takes up to 16 bytes a pixel while it is decoded, so few are open at once, whatever the number of threads.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.media.heif import check_openable
from gemini_embed.media.kinds import HEAD_BYTES
from gemini_embed.media.libraries import told_as_damage

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 100_000_000
"""Of a picture or a frame of video: 300 MB of memory. More is taken for a decompression bomb."""

PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"})
"""Pillow's modes that PNG has."""

PIXELS_AT_ONCE = 20_000_000
"""Of all pictures that are open in the process; one always may be."""


class _Room:
    """Pixels that may be open at once, for threads."""

    def __init__(self) -> None:
        self._taken = 0
        self._given_back = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        with self._given_back:
            self._given_back.wait_for(lambda: not self._taken or self._taken + pixels <= PIXELS_AT_ONCE)
            self._taken += pixels
        try:
            yield
        finally:
            with self._given_back:
                self._taken -= pixels
                self._given_back.notify_all()


_room = _Room()


@contextmanager
def opened_picture(
    file: BinaryIO, name: str, mime_type: str = "an image", *, header_only: bool = False
) -> Iterator[ImageFile]:
    """A picture, its header read and its size checked. Its pixels are read when the block asks for them, for which it
    waits until there is room, unless it is `header_only`.

    Raises:
        MediaError: damaged, unknown to Pillow, or of more than `MAX_PIXELS`; also for what goes wrong in the block.
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as e:
        raise missing_extra("media", f"Pillow (to look into {mime_type})") from e
    with told_as_damage(name):
        file.seek(0)
        check_openable(file.read(HEAD_BYTES), name)
        file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # decided by our own limit
                picture = Image.open(file)
            with picture:
                check_pixels(*picture.size, name)
                with nullcontext() if header_only else _room.taken(picture.width * picture.height):
                    yield picture
        except Image.DecompressionBombError as e:
            raise MediaError(f"{name} has more pixels than can be looked at: {e}", "too_large") from e
        except UnidentifiedImageError as e:
            raise MediaError(f"{name} is {mime_type}, which Pillow cannot read here", "damaged") from e


def png_of(picture: Image) -> bytes:
    """A picture as PNG; one of a mode that PNG has not (CMYK, floats) becomes RGB."""
    png = BytesIO()
    (picture if picture.mode in PNG_MODES else picture.convert("RGB")).save(png, "PNG")
    return png.getvalue()


def check_pixels(width: int, height: int, name: str) -> None:
    """Raise MediaError for what is taken for a decompression bomb."""
    if width * height > MAX_PIXELS:
        raise MediaError(f"{name} has {width} x {height} pixels, more than can be looked at", "too_large")


def _after_fork_in_child() -> None:
    global _room  # pictures of the parent's threads take no room here
    _room = _Room()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
