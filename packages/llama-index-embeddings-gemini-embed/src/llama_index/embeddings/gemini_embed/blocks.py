"""LlamaIndex's content blocks, messages and nodes' resources as the core's parts."""

from __future__ import annotations

from collections.abc import Sequence
from io import IOBase
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from llama_index.core.base.llms.types import (
    AudioBlock,
    BaseContentBlock,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    VideoBlock,
)

from gemini_embed import Audio, Content, Image, InputError, Pdf, Text, Video
from gemini_embed.content import ContentLike, Media, Part, from_base64, media_of_type, part_of, parts_of

M = TypeVar("M", bound=Media)

ContentInput: TypeAlias = ContentLike | BaseContentBlock | ChatMessage | Sequence[Any]
"""What becomes one vector: what the core takes, a block, a message, or a list of these, which is one content."""


def content_of(given: ContentInput) -> Content:
    """One content of everything in `given`.

    Raises:
        InputError: a block that cannot be embedded; of several, its message names which.
    """
    if isinstance(given, ChatMessage):
        return content_of(given.blocks)
    if isinstance(given, BaseContentBlock):
        return Content(_part(given))
    if not isinstance(given, Sequence) or isinstance(given, str | bytes | bytearray | memoryview):
        return Content.of(given)
    return Content(*parts_of(given, lambda one: _part(one) if isinstance(one, BaseContentBlock) else part_of(one)))


def _part(block: BaseContentBlock) -> Part:
    if isinstance(block, TextBlock):
        return Text(block.text)
    if isinstance(block, ImageBlock):
        return medium(Image, block.image, block.path, block.url, block.image_mimetype)
    if isinstance(block, AudioBlock):
        mime_type = f"audio/{block.format}" if block.format else None
        return medium(Audio, block.audio, block.path, block.url, mime_type)
    if isinstance(block, VideoBlock):
        return _video(block)
    if isinstance(block, DocumentBlock):
        kind = media_of_type(block.document_mimetype or "") or Pdf
        return medium(kind, block.data, block.path, block.url, block.document_mimetype)
    raise InputError(f"a {type(block).__name__} holds nothing to embed: pass text, image, audio, video or PDF blocks")


def _video(block: VideoBlock) -> Video:
    part = medium(Video, block.video, block.path, block.url, block.video_mimetype)
    source = part.data if part.data is not None else part.location
    return Video(source, part.mime_type, fps=block.fps)


def medium(kind: type[M], data: Any, path: Any, url: Any, mime_type: str | None) -> M:
    """A part of what blocks and nodes hold: base64 or a file object, a path, or a URL.

    Raises:
        InputError: nothing is there, or base64 that is damaged.
    """
    if isinstance(data, IOBase):
        data.seek(0)
        return kind(data.read(), mime_type)
    if data:
        return kind(from_base64(data, kind.__name__.lower()), mime_type)
    if path:
        return kind(Path(path), mime_type)
    if url:
        return kind(str(url), mime_type)
    raise InputError(f"the {kind.__name__.lower()} block is empty: it needs data, a path or a URL")
