"""Media made ready for the wire: read or fetched, recognised by its bytes, converted where the backend needs it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from io import BytesIO

from gemini_embed.content import Media, Video
from gemini_embed.errors import InputError, MediaError, MissingExtraError
from gemini_embed.media import FetchPolicy, fetch
from gemini_embed.media.kinds import HEAD_BYTES, kind_of
from gemini_embed.media.pictures import opened_picture
from gemini_embed.media.source import reading, size_of
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.examining import as_sent, examine, likely_media_tokens
from gemini_embed.preparing.plan import Entry, EntryPart, WirePart, base64_size, inline_data
from gemini_embed.preparing.references import check_reference, file_data
from gemini_embed.windows import MediaInfo

UNKNOWN_BYTES = 2 * 2**20
"""Of a medium that is not at hand yet."""
PNG_BYTES_A_PIXEL = 2
"""Of a photo, about."""


@dataclass(frozen=True)
class Blob:
    """Bytes and what they are."""

    mime_type: str
    data: bytes


def check_media(part: Media, facts: ModelFacts, policy: FetchPolicy) -> MediaInfo | None:
    """Look into media that is at hand before any request: there, allowed, whole, of its kind, within the limits.

    Returns what is inside; of an image that is sent as it is no more than its size. None for what is not at hand.

    Raises:
        InputError: what is wrong with it.
        MissingExtraError: the library that opens it is not installed.
    """
    if part.is_reference:
        check_reference(part, facts)
        return None
    head = part.local_bytes(root=policy.root, max_bytes=policy.max_bytes, head_bytes=HEAD_BYTES)
    if head is None:
        return None
    if part.modality == "image":
        return part.info or _looked_at(part, recognise(head, part), facts, policy)
    return examine(part, facts, root=policy.root)


def _looked_at(part: Media, mime_type: str, facts: ModelFacts, policy: FetchPolicy) -> MediaInfo | None:
    """An image's header: no more pixels than an index takes. What is sent as it is the service may judge by itself."""
    source = part.data if part.data is not None else part.location or ""
    try:
        with reading(source, policy.root) as file:
            size_bytes = size_of(file)
            with opened_picture(file, repr(part), mime_type, header_only=True) as image:
                width, height = image.size
    except (MediaError, MissingExtraError) as e:
        if mime_type not in facts.image_types or (isinstance(e, MediaError) and e.kind == "too_large"):
            raise
        return None
    return MediaInfo(modality="image", mime_type=mime_type, size_bytes=size_bytes, width=width, height=height)


def likely_bytes(item: Entry, facts: ModelFacts) -> int:
    """What loading the media of an item brings into memory, about."""
    total = 0
    for place, part in enumerate(item.parts):
        if isinstance(part, Media) and not part.is_reference:
            info = item.media_info.get(place)
            total += info.size_bytes if info else len(part.data or b"") or UNKNOWN_BYTES
            if info and part.modality == "image" and info.mime_type not in facts.image_types:
                total += PNG_BYTES_A_PIXEL * (info.width or 0) * (info.height or 0)
    return total


def recognise(head: bytes, part: Media) -> str:
    """MIME type by content, whatever the name or the caller says.

    Raises:
        MediaError: empty, or not of the part's modality.
    """
    if not head:
        raise MediaError(f"{part!r} is empty", "empty")
    kind = kind_of(head)
    if kind is None:
        begins = head[:16].decode("ascii", "replace")
        raise MediaError(f"{part!r} is no known format, not an {part.modality}; it begins {begins!r}", "unknown")
    if kind.modality != part.modality:
        way_out = f"pass {kind.modality.capitalize()}(...)"
        raise MediaError(f"{part!r} is {kind.mime_type}, not an {part.modality}: {way_out}", "mismatch")
    return kind.mime_type


async def loaded(item: Entry, facts: ModelFacts, policy: FetchPolicy) -> Entry:
    """A copy of `item` with each `Media` in its wire form, its size added, its tokens counted anew.

    Raises:
        InputError: unreadable, refused or broken media, on Vertex AI more than fits a call; it names the position.
    """
    parts: list[EntryPart] = []
    size_bytes, media_tokens = item.size_bytes, Counter[str]()
    for place, part in enumerate(item.parts):
        if isinstance(part, Media):
            try:
                wire_part, tokens = await _wire_part(part, facts, policy, item.media_info.get(place))
            except InputError as e:
                raise e.at(item.position) from e.__cause__
            media_tokens[part.modality] += tokens
            size_bytes += base64_size(inline_data(wire_part))
            parts.append(wire_part)
        else:
            parts.append(part)
    if size_bytes > facts.max_media_bytes and facts.backend == "vertex":  # the Developer API has `uploads`
        raise InputError(
            f"{size_bytes} bytes as base64, more than one call to {facts.name} takes ({facts.max_media_bytes}): "
            "make the media smaller, split the content, or put them into Cloud Storage and pass gs://bucket/name",
            position=item.position,
        )
    tokens = item.tokens - sum(item.media_tokens.values()) + media_tokens.total()
    return replace(item, parts=parts, size_bytes=size_bytes, tokens=tokens, media_tokens=media_tokens)


async def _wire_part(
    part: Media, facts: ModelFacts, policy: FetchPolicy, info: MediaInfo | None
) -> tuple[WirePart, int]:
    """The part as the JSON has it, and its likely tokens. `info` is what was found when it was looked into."""
    if part.is_reference:
        wire_part, tokens = file_data(part), likely_media_tokens(part, facts)
    else:
        data = (
            await fetch(part.location or "", policy)
            if part.is_url
            else await asyncio.to_thread(_local_bytes, part, policy)
        )
        blob, tokens = await asyncio.to_thread(_accepted, data, part, facts, info)
        wire_part = {"inlineData": {"mimeType": blob.mime_type, "data": blob.data}}
    if isinstance(part, Video) and (excerpt := _excerpt(part)):
        wire_part["videoMetadata"] = excerpt
    return wire_part, tokens


def _local_bytes(part: Media, policy: FetchPolicy) -> bytes:
    return part.local_bytes(root=policy.root, max_bytes=policy.max_bytes) or b""


def _excerpt(part: Video) -> dict[str, str | float]:
    offsets = {"startOffset": part.start_s, "endOffset": part.end_s}
    excerpt: dict[str, str | float] = {name: _duration(at) for name, at in offsets.items() if at is not None}
    return excerpt | ({"fps": part.fps} if part.fps is not None else {})


def _duration(seconds: float) -> str:
    """As the wire has it: "12s", "12.5s"."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _accepted(data: bytes, part: Media, facts: ModelFacts, info: MediaInfo | None) -> tuple[Blob, int]:
    """What is sent for `data`, and its likely tokens."""
    if part.modality == "image":
        blob = Blob(recognise(data[:HEAD_BYTES], part), data)
        accepted = blob if blob.mime_type in facts.image_types else _to_png(blob, part)
        return accepted, likely_media_tokens(part, facts)
    if info is None or info.size_bytes != len(data):  # fetched, or another file by now, as its size tells
        info = examine(part, facts, data=data)
    return Blob(*as_sent(data, info)), likely_media_tokens(part, facts, info)


def _to_png(blob: Blob, part: Media) -> Blob:
    with opened_picture(BytesIO(blob.data), repr(part), blob.mime_type) as image:
        png, mode = BytesIO(), "RGBA" if image.has_transparency_data else "RGB"
        (image if image.mode == mode else image.convert(mode)).save(png, format="PNG")  # a copy is as large again
    return Blob("image/png", png.getvalue())
