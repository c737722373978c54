"""Media that tools found, as blocks that a user's message may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import AudioBlock, ContentBlock, DocumentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.tools import ToolOutput
from llama_index.retrievers.gemini_embed.results import Found

from gemini_embed.agents import Medium, Offered, medium_of

MediaBlock: TypeAlias = ImageBlock | VideoBlock | DocumentBlock
"""What llama-index-llms-google-genai makes parts of; for an `AudioBlock` it raises, so recordings are documents."""
_NOT_OPENED = "not shown: its tool gives a path or a URL, which is not opened here, and no bytes"


class Held(BaseModel):
    """A medium of a tool's result, and what the tool said of it."""

    label: str
    kind: str
    block: MediaBlock | None
    """None: it could not be opened, or newer ones have taken the room; `label` says so."""

    @property
    def offered(self) -> Offered:
        """What the choice knows of it."""
        data, mime_type = _inside(self.block) if self.block is not None else (None, None)
        return Offered(self.kind, len(data or b""), (mime_type, data))


def held_of(output: ToolOutput, max_bytes: int) -> tuple[list[Held], list[ContentBlock]]:
    """The media of a tool's output, opened, and the blocks that are neither these nor words."""
    if isinstance(output.raw_output, Found):
        return [*_opened(output.raw_output, max_bytes)], []
    held: list[Held] = []
    others: list[ContentBlock] = []
    for block in output.blocks:
        if (one := _of_block(block, output.tool_name)) is not None:
            held.append(one)
        elif not isinstance(block, TextBlock):
            others.append(block)
    return held, others


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
    """A medium that another tool has made a block of; None for words, and for what is left to LlamaIndex: images to be
    fetched, documents that are no PDF."""
    if isinstance(block, AudioBlock):
        mime_type = f"audio/{block.format or 'wav'}"
        block, kind = DocumentBlock(data=block.audio, document_mimetype=mime_type, title=tool), "audio"
    elif isinstance(block, VideoBlock) or (isinstance(block, ImageBlock) and block.image):
        kind = block.block_type
    elif isinstance(block, DocumentBlock) and block.document_mimetype == "application/pdf":
        kind = "pdf"
    else:
        return None
    read = type(block).model_validate(block.model_dump())  # of a file object its bytes
    if not _inside(read)[0]:  # a path may be anybody's: a tool may have it from a page, or from the model
        return Held(label=f"from {tool} ({_NOT_OPENED})", kind=kind, block=None)
    return Held(label=f"from {tool}", kind=kind, block=read)


def _inside(block: MediaBlock) -> tuple[Any, str | None]:
    """Base64 and type of a block."""
    if isinstance(block, ImageBlock):
        return block.image, block.image_mimetype
    if isinstance(block, VideoBlock):
        return block.video, block.video_mimetype
    return block.data, block.document_mimetype
