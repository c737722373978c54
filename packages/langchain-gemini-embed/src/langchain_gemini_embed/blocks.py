"""LangChain's contents as the core's: str, content blocks of every dialect that langchain-core translates (its own v1
and v0, OpenAI's `image_url`, Anthropic's `source`), Gemini's `media`, messages, and the core's parts and images.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from gemini_embed import Content, InputError
from gemini_embed.content import (
    Audio,
    Image,
    Media,
    Part,
    Text,
    Video,
    from_base64,
    media_of_type,
    part_of,
    parts_of,
    video_excerpt,
)
from gemini_embed.content import contents_of as core_contents_of
from langchain_core.messages import BaseMessage, HumanMessage

if TYPE_CHECKING:
    import PIL.Image

PartInput: TypeAlias = Union[str, Mapping[str, Any], Part, "os.PathLike[str]", bytes, "PIL.Image.Image"]
"""A text, a content block, or a medium: a part of the core, a path, its bytes, or a PIL image."""

ContentInput: TypeAlias = PartInput | Content | BaseMessage | Sequence[PartInput]
"""What becomes one vector: a part, several of them (one interleaved content), a message, or the core's `Content`."""

_KINDS: Mapping[str, type[Media]] = {"image": Image, "audio": Audio, "video": Video}


def content_of(given: ContentInput) -> Content:
    """One content of everything in `given`.

    Raises:
        InputError: a block that cannot be embedded; of several, its message names which.
    """
    if isinstance(given, Content):
        return given
    if isinstance(given, BaseMessage):
        return content_of(given.content if isinstance(given.content, str) else list(given.content))
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        return Content(*parts_of(given, _part))
    return Content(_part(given))


def contents_of(given: Iterable[ContentInput]) -> list[Content]:
    """Every element of `given` as a content of its own."""
    if isinstance(given, str | bytes | Mapping | Content | Part | BaseMessage):
        raise InputError(f"pass a list of contents, not one {type(given).__name__}: [x] for a single one")
    return core_contents_of(given, content_of)


def _part(given: PartInput) -> Part:
    """A content block as a part; all else is the core's to understand."""
    return _from_block(given) if isinstance(given, Mapping) else part_of(given)


def _from_block(given: Mapping[str, Any]) -> Part:
    kind = given.get("type")
    block = _translated(given)
    if isinstance(block.get("text"), str) and kind in ("text", "text-plain"):
        return Text(block["text"])
    mime_type = block.get("mime_type")
    medium = media_of_type(mime_type or "") or _KINDS.get(block["type"])
    if medium is not None:
        return _medium(medium, block)
    if mime_type and mime_type.startswith("text/") and block.get("base64"):
        return Text(_decoded(block["base64"]).decode("utf-8", "replace"))
    raise InputError(
        f"a block of type {kind!r} ({mime_type or 'no mime_type'}) holds nothing to embed: pass text, image, audio, "
        "video or PDF blocks"
    )


def _translated(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block in langchain-core's v1 form."""
    if block.get("type") == "media":  # Gemini's own dialect, which langchain-core leaves alone
        return {**block, "base64": block.get("data"), "url": block.get("file_uri")}
    if block.get("type") == "image_url" and isinstance(block.get("image_url"), str):
        return {"type": "image", "url": block["image_url"]}
    try:
        (translated,) = HumanMessage(content=[dict(block)]).content_blocks
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(f"a block of type {block.get('type')!r} that langchain-core cannot read: {e!r}") from e
    return dict(translated)


def _medium(medium: type[Media], block: Mapping[str, Any]) -> Media:
    mime_type, data = block.get("mime_type"), block.get("base64")
    place = block.get("url") or block.get("file_id")
    name = medium.__name__
    if data:
        return medium(_decoded(data), mime_type)
    if not place:
        raise InputError(f"a block of {name.lower()} needs base64, url, or a file_id of the Files API")
    # Blocks come from messages, and messages from anyone: only a program may name a file of this machine.
    if not str(place).lower().startswith(("http://", "https://", "data:", "gs://")):
        raise InputError(
            f"a block's url must be http(s), gs:// or a data URI, not {str(place)[:60]!r}: for a file pass "
            f"gemini_embed.{name}(path)"
        )
    if medium is Video and isinstance(told := block.get("video_metadata"), Mapping):
        return video_excerpt(place, mime_type, *map(told.get, ("start_offset", "end_offset", "fps")))
    return medium(place, mime_type)


def _decoded(data: Any) -> bytes:
    if isinstance(data, bytes):
        return data
    return from_base64(data, "block")
