"""Hits as the next message for a multimodal chat model: a line about each, and its medium, cut to its window."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from gemini_embed import GeminiEmbedError, Hit
from gemini_embed.adapters import Opener
from langchain_core.documents import Document

from langchain_gemini_embed.documents import hit_of

MAX_BYTES = 15 * 2**20
"""Of media in one message: Gemini takes 20 MB, base64 and words included."""
_BLOCK_TYPES = {"image": "image", "audio": "audio", "video": "video", "pdf": "file"}


def to_content_blocks(
    documents: Iterable[Document], *, max_bytes: int = MAX_BYTES, opener: Opener | None = None
) -> list[dict[str, Any]]:
    """Content blocks (langchain-core's v1) of documents that a `GeminiMultimodalRetriever` found, in their order.

    A text block for each document says what it is and where (`talk.mp4#t=96,128`), with its text; a medium follows as
    base64 (an image whole, a recording or video cut to its window, a PDF with its pages), until `max_bytes` of base64
    are reached or where it cannot be opened, which the text then says. `extras` of a medium hold its source and window.
    `opener` says which files may be opened; without one all are.
    """
    blocks: list[dict[str, Any]] = []
    left = max_bytes
    for number, document in enumerate(documents, 1):
        hit = hit_of(document)
        medium, missing = _medium(hit, opener or Opener(), left)
        blocks.append({"type": "text", "text": hit.cited(number, missing)})
        if medium is not None:
            left -= len(medium["base64"])
            blocks.append(medium)
    return blocks


def _medium(hit: Hit, opener: Opener, left: int) -> tuple[dict[str, Any] | None, str]:
    """The block of a hit's medium, or why there is none."""
    if hit.modality in (None, "text"):
        return None, ""
    try:
        part = opener.clip(hit.record, hit.window)
    except GeminiEmbedError as error:
        return None, f" (not shown: {error})"
    data = base64.b64encode(part.data or b"").decode()
    if len(data) > left:
        return None, f" (not shown: {len(data):,} bytes, {max(left, 0):,} are left)"
    extras: Mapping[str, Any] = {"source": hit.source, **hit.window.metadata}
    kind = _BLOCK_TYPES[part.modality]
    return {"type": kind, "mime_type": part.mime_type, "base64": data, "extras": extras}, ""
