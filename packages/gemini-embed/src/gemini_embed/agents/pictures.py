"""A picture of a hit, for messages that hold pictures and no other medium."""

from __future__ import annotations

import base64
from io import BytesIO

from gemini_embed.agents.media import MAX_BYTES, Medium, medium_of
from gemini_embed.errors import GeminiEmbedError
from gemini_embed.excerpt import Excerpt
from gemini_embed.hits import Hit
from gemini_embed.media.pictures import png_of

ALLOWED = ("image/png", "image/jpeg", "image/webp")
"""Images that Gemini takes in a tool's result (ai.google.dev/gemini-api/docs/function-calling)."""
_QUALITY = 85
"""Of a frame as JPEG; pages, which have small print, are PNG."""


def picture_of(hit: Hit, left: int = MAX_BYTES) -> tuple[Medium | None, str]:
    """An image itself, the page that was found, the middle frame of a video; and in words that follow a link what is
    missing: " (shown: page 7)", " (not shown: its sound, 12 to 44 s)", "" for an image and a text.

    `left` is how many bytes of base64 it may have.
    """
    if hit.modality == "audio":
        return None, f" (not shown: its sound{_seconds(hit.window)})"
    if hit.modality not in ("image", "pdf", "video"):
        return medium_of(hit, left)
    if hit.modality == "image":
        medium, missing = medium_of(hit, left)
        if medium is None or medium.mime_type in ALLOWED:
            return medium, missing
    try:
        medium = _drawn(hit)
    except GeminiEmbedError as error:
        return None, f" (not shown: {error})"
    if medium.size_bytes > left:
        return None, f" (not shown: {medium.size_bytes:,} bytes, {max(left, 0):,} are left)"
    return medium, _what(hit)


def _drawn(hit: Hit) -> Medium:
    picture = hit.image()
    if hit.modality != "video":
        return Medium("image", "image/png", base64.b64encode(png_of(picture)).decode())
    data = BytesIO()
    picture.convert("RGB").save(data, "JPEG", quality=_QUALITY)
    return Medium("image", "image/jpeg", base64.b64encode(data.getvalue()).decode())


def _what(hit: Hit) -> str:
    """What of the hit the picture is."""
    if hit.modality == "pdf":
        return f" (shown: page {hit.record.window.page_start or 1})"
    if hit.modality == "video":
        return f" (shown: its middle frame; not shown: motion and sound{_seconds(hit.window)})"
    return ""


def _seconds(window: Excerpt) -> str:
    start_s, end_s = window.start_s, window.end_s
    return "" if end_s is None else f", {start_s or 0:g} to {end_s:g} s"
