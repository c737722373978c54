"""Hits as the next message for a multimodal chat model: a line about each, and its medium, cut to its window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from gemini_embed import Hit
from gemini_embed.adapters import Opener
from gemini_embed.agents import MAX_BYTES, Medium, medium_of
from langchain_core.documents import Document

from langchain_gemini_embed.documents import hit_of

BLOCK_TYPES = {"image": "image", "audio": "audio", "video": "video", "pdf": "file"}


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
        hit = replace(hit_of(document), opener=opener)
        text, *media = blocks_of(hit, partial(hit.cited, number), left)
        blocks += [text, *media]
        left -= sum(len(medium["base64"]) for medium in media)
    return blocks


def blocks_of(hit: Hit, said: Callable[[str], str], left: int) -> list[dict[str, Any]]:
    """A text block with what `said` makes of a note, and the block of the hit's medium, if there is one of at most
    `left` bytes of base64; else the note says why."""
    medium, missing = medium_of(hit, left)
    text = {"type": "text", "text": said(missing)}
    return [text] if medium is None else [text, _block(medium, hit)]


def _block(medium: Medium, hit: Hit) -> dict[str, Any]:
    extras = {"source": hit.source, **hit.window.metadata}
    return {
        "type": BLOCK_TYPES[medium.kind],
        "mime_type": medium.mime_type,
        "base64": medium.base64,
        "extras": extras,
    }
