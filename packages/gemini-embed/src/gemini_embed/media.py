"""Media made ready for the wire: read or fetched, recognised by its bytes, converted where the backend needs it."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import filetype

from gemini_embed.content import Media
from gemini_embed.errors import InputError, missing_extra
from gemini_embed.fetch import FetchPolicy, fetch
from gemini_embed.models import ModelFacts
from gemini_embed.plan import Entry, WirePart

HEAD_BYTES = 8192
"""What is enough of a file's beginning to tell its type."""


@dataclass(frozen=True)
class Blob:
    """Bytes and what they are."""

    mime_type: str
    data: bytes


def check_local(part: Media, max_bytes: int) -> None:
    """Look at media that is at hand before any request: there, not empty, not too large, of the kind it should be.

    Raises:
        InputError: what is wrong with it.
    """
    if part.is_url:
        return
    if part.data is not None:
        size, head = len(part.data), part.data[:HEAD_BYTES]
    else:
        path = Path(part.location or "")
        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
            size = path.stat().st_size
        except OSError as e:
            raise InputError(f"cannot read {path}: {e.strerror or e}") from e
    if size > max_bytes:
        raise InputError(f"{part!r} has {size} bytes, more than max_media_bytes={max_bytes}")
    recognise(head, part)


def recognise(head: bytes, part: Media) -> str:
    """MIME type by content, whatever the name or the caller says.

    Raises:
        InputError: empty, or not of the part's modality.
    """
    if not head:
        raise InputError(f"{part!r} is empty")
    found = filetype.guess_mime(head)
    if found is None or not found.startswith(f"{part.modality}/"):
        begins = head[:16].decode("ascii", "replace")
        raise InputError(f"{part!r} is {found or 'no known format'}, not an {part.modality}; it begins {begins!r}")
    return str(found)


async def loaded(item: Entry, facts: ModelFacts, policy: FetchPolicy) -> Entry:
    """A copy of `item` with each `Media` in its wire form, its size added.

    Raises:
        InputError: unreadable, refused or broken media, or more than fits a call; it names the item's position.
    """
    parts: list[WirePart | Media] = []
    size_bytes = item.size_bytes
    for part in item.parts:
        if isinstance(part, Media):
            try:
                part = await _wire_part(part, facts, policy)
            except InputError as e:
                raise e.at(item.position) from e.__cause__
            size_bytes += len(part["inlineData"]["data"])
        parts.append(part)
    if size_bytes > facts.max_media_bytes:
        raise InputError(
            f"{size_bytes} bytes as base64, more than one call to {facts.name} takes ({facts.max_media_bytes}): "
            "make the media smaller, or split the content",
            position=item.position,
        )
    return replace(item, parts=parts, size_bytes=size_bytes)


async def _wire_part(part: Media, facts: ModelFacts, policy: FetchPolicy) -> WirePart:
    if part.is_url:
        data = await fetch(part.location or "", policy)
    else:
        data = await asyncio.to_thread(lambda: part.local_bytes() or b"")
    blob = await asyncio.to_thread(_accepted, Blob(recognise(data[:HEAD_BYTES], part), data), part, facts)
    return {"inlineData": {"mimeType": blob.mime_type, "data": base64.b64encode(blob.data).decode()}}


def _accepted(blob: Blob, part: Media, facts: ModelFacts) -> Blob:
    return blob if blob.mime_type in facts.image_types else _to_png(blob, part)


def _to_png(blob: Blob, part: Media) -> Blob:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as e:
        raise missing_extra("media", f"Pillow (to convert {blob.mime_type} to PNG)") from e
    try:
        with Image.open(BytesIO(blob.data)) as image:
            png = BytesIO()
            image.convert("RGBA" if image.has_transparency_data else "RGB").save(png, format="PNG")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
        raise InputError(f"{part!r} cannot be read as {blob.mime_type}: {e}") from e
    return Blob("image/png", png.getvalue())
