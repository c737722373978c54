"""Media that tools found, as blocks that a user's message may have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import IOBase
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import AudioBlock, ContentBlock, DocumentBlock, ImageBlock, VideoBlock
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.tools import ToolOutput
from llama_index.retrievers.gemini_embed.results import Found

from gemini_embed.agents import Medium, Offered, medium_of

MediaBlock: TypeAlias = ImageBlock | VideoBlock | DocumentBlock
"""What llama-index-llms-google-genai makes parts of; for an `AudioBlock` it raises, so recordings are documents."""
_BASE64_BYTES = 4 / 3
"""So many of it for a byte of a file."""


class Held(BaseModel):
    """A medium of a tool's result, and what the tool said of it."""

    label: str
    kind: str
    block: MediaBlock | None
    """None: it could not be opened, or newer ones have taken the room; `label` says so."""

    @property
    def offered(self) -> Offered:
        """What the choice knows of it."""
        data, where, mime_type = _inside(self.block)
        size = len(data) if data else int(os.path.getsize(where) * _BASE64_BYTES) if os.path.exists(where) else 0
        return Offered(self.kind, size, (mime_type, data or where))


def held_of(output: ToolOutput, max_bytes: int) -> list[Held]:
    """The media of a tool's output, opened, no more than `max_bytes` of those that are to be opened."""
    if isinstance(output.raw_output, Found):
        return [*_opened(output.raw_output, max_bytes)]
    return [held for block in output.blocks if (held := _of_block(block, output.tool_name)) is not None]


def _opened(found: Found, max_bytes: int) -> Iterator[Held]:
    left = max_bytes
    for number, hit in found.hits.items():
        medium, missing = medium_of(hit, left)
        label = found.said[number](number, missing).partition("\n")[0]
        if medium is not None:
            left -= medium.size_bytes
            yield Held(label=label, kind=medium.kind, block=_block(medium, hit.link))
        elif missing:
            yield Held(label=label, kind=hit.modality or "", block=None)


def _block(medium: Medium, title: str) -> MediaBlock:
    data = medium.base64.encode()
    if medium.kind == "image":
        return ImageBlock(image=data, image_mimetype=medium.mime_type)
    if medium.kind == "video":
        return VideoBlock(video=data, video_mimetype=medium.mime_type)
    return DocumentBlock(data=data, document_mimetype=medium.mime_type, title=title)


def _of_block(block: ContentBlock, tool: str) -> Held | None:
    """A medium that another tool has made a block of; None for words and for documents that are no PDF."""
    if isinstance(block, AudioBlock):
        block, kind = _recording(block, tool), "audio"
    elif isinstance(block, ImageBlock | VideoBlock):
        kind = block.block_type
    elif isinstance(block, DocumentBlock) and block.document_mimetype == "application/pdf":
        kind = "pdf"
    else:
        return None
    if isinstance(_inside(block)[0], IOBase):
        block = type(block).model_validate(block.model_dump())  # which reads it
    return Held(label=f"from {tool}", kind=kind, block=block)


def _recording(block: AudioBlock, title: str) -> DocumentBlock:
    return DocumentBlock(
        data=block.audio,
        path=block.path,
        url=str(block.url) if block.url else None,
        document_mimetype=f"audio/{block.format or 'wav'}",
        title=title,
    )


def _inside(block: MediaBlock | None) -> tuple[Any, str, str | None]:
    """Data, path or URL, and type of a block."""
    if block is None:
        return None, "", None
    where = str(block.path or block.url or "")
    if isinstance(block, ImageBlock):
        return block.image, where, block.image_mimetype
    if isinstance(block, VideoBlock):
        return block.video, where, block.video_mimetype
    return block.data, where, block.document_mimetype
