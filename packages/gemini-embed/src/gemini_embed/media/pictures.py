"""The door to Pillow: pictures opened and read within one limit on pixels, whatever Pillow raises told as ours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.media.libraries import told_as_damage

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 100_000_000
"""Of a picture or a frame of video: 300 MB of memory. More is taken for a decompression bomb."""


@contextmanager
def opened_picture(file: BinaryIO, name: str, mime_type: str = "an image") -> Iterator[ImageFile]:
    """A picture, its header read and its size checked; its pixels are read when the block asks for them.

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
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # decided by our own limit
                picture = Image.open(file)
            with picture:
                check_pixels(*picture.size, name)
                yield picture
        except Image.DecompressionBombError as e:
            raise MediaError(f"{name} has more pixels than can be looked at: {e}", "too_large") from e
        except UnidentifiedImageError as e:
            raise MediaError(f"{name} is {mime_type}, which Pillow cannot read here", "damaged") from e


def check_pixels(width: int, height: int, name: str) -> None:
    """Raise MediaError for what is taken for a decompression bomb."""
    if width * height > MAX_PIXELS:
        raise MediaError(f"{name} has {width} x {height} pixels, more than can be looked at", "too_large")
