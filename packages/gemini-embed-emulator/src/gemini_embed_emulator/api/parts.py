"""The parts of a content, read: texts as they are, media as the emulator perceives them, files opened."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.models import Model
from gemini_embed_emulator.vectors import (
    Excerpt,
    Limits,
    Medium,
    Part,
    UnreadableMediumError,
    listen,
    look,
    read_pages,
    watch,
)

_EMPTY_PART = "EmbedContentRequest.content contains an empty Part"
_WAV, _MP3, _MP4 = "RIFF/WAVE", "MPEG audio", "ISO base media"
_FORMATS = {
    "audio/wav": _WAV,
    "audio/mpeg": _MP3,
    "audio/mp3": _MP3,
    "video/mp4": _MP4,
    "video/quicktime": _MP4,
    "video/mov": _MP4,
}
_PDF_TYPE = "application/pdf"


_LAYER_3 = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")  # how a frame of MP3 begins


class NothingPerceived(Exception):  # noqa: N818 - no error: the service answers 200, without values
    """Sound or film under a label that does not fit: a video sent as video/wav was answered so (Google's cookbook)."""


class Blob(NamedTuple):
    """Bytes under a label."""

    mime_type: str
    data: bytes


@dataclass(frozen=True)
class Senses:
    """What a backend takes beside text, and how it opens a part's `fileData`."""

    limits: Limits
    opened: Callable[[Mapping[str, Any]], Blob]


def _no_files(_: Mapping[str, Any]) -> Blob:
    raise ApiError(400, "Files are not supported by this method.")


TEXT_ONLY = Senses(Limits(image_types=frozenset()), _no_files)


def read_parts(model: Model, content: Mapping[str, Any], senses: Senses) -> list[Part]:
    """The parts of a content, checked.

    Raises ApiError 400 for what is empty, unknown, unreadable, too long or too many; NothingPerceived.
    """
    raw = content.get("parts", [])
    if not raw:
        raise ApiError(400, _EMPTY_PART)
    parts = [_read_part(model, part, senses) for part in raw]
    found = Counter(part.modality for part in parts if isinstance(part, Medium))
    if found["IMAGE"] > senses.limits.max_images:
        raise ApiError(
            400, f"At most {senses.limits.max_images} images are allowed in one request, got {found['IMAGE']}."
        )
    for modality in senses.limits.single:
        if found[modality] > 1:
            raise ApiError(400, f"At most 1 {modality.lower()} is allowed in one request, got {found[modality]}.")
    return parts


def _read_part(model: Model, part: Mapping[str, Any], senses: Senses) -> Part:
    if part.get("text"):
        return str(part["text"])
    inline = part.get("inlineData", {})
    if not inline.get("data") and not part.get("fileData"):
        raise ApiError(400, _EMPTY_PART)
    if not model.multimodal:
        mime_type = (inline or part["fileData"]).get("mimeType", "")
        raise ApiError(400, f"Model {model.name} takes text only; got a part of type {mime_type}.")
    blob = Blob(inline.get("mimeType", ""), inline["data"]) if inline else senses.opened(part["fileData"])
    return _perceived(blob, part.get("videoMetadata", {}), senses.limits)


def _perceived(blob: Blob, video_metadata: Mapping[str, Any], limits: Limits) -> Medium:
    kind = blob.mime_type.partition("/")[0]
    try:
        if blob.mime_type in limits.image_types:
            return look(blob.data)
        if blob.mime_type == _PDF_TYPE:
            return read_pages(blob.data, limits)
        if kind in ("audio", "video") and _FORMATS.get(blob.mime_type, "unknown") != _format(blob.data):
            raise NothingPerceived
        if kind == "audio":
            return listen(blob.data, limits)
        if kind == "video":
            return watch(blob.data, limits, Excerpt.of(video_metadata))
    except UnreadableMediumError:
        raise ApiError(400, f"Provided {'document' if kind == 'application' else kind} is not valid") from None
    raise ApiError(400, f"Unsupported MIME type: {blob.mime_type}")


def _format(data: bytes) -> str | None:
    """What the first bytes say."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _WAV
    if data[:3] == b"ID3" or _LAYER_3.match(data):
        return _MP3
    return _MP4 if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip") else None
