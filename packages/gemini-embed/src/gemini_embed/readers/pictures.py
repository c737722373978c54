"""Pictures in files: which of them are worth a vector of their own."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

from gemini_embed.errors import MediaError, MissingExtraError
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.media.pictures import opened_picture

LEAST_SIDE = 32
"""Pixels: what is less high or wide is an icon, a bullet, a line, or counts who has read a mail."""
_LEAST_BYTES = 256
MOST_BYTES = 20 * 2**20


def is_worth_embedding(data: bytes) -> bool:
    """Whether a picture in a file is one that can be opened, and no icon."""
    kind = kind_of(data[:HEAD_BYTES])
    if kind is None or kind.modality != "image" or len(data) > MOST_BYTES:
        return False
    try:
        with opened_picture(BytesIO(data), "a picture") as picture:
            if min(picture.size) < LEAST_SIDE:
                return False
            picture.load()
    except MissingExtraError:  # PNG and JPEG are sent as they are
        return kind.mime_type in ("image/png", "image/jpeg") and len(data) >= _LEAST_BYTES
    except MediaError:
        return False
    return True


def from_base64(text: str) -> bytes:
    """The bytes that base64 stands for; none where it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=False)
    except (binascii.Error, ValueError):
        return b""
