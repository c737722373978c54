"""Media looked into and held against the model's limits, and made what the service takes."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO

from gemini_embed.content import Media, Video
from gemini_embed.errors import MediaError
from gemini_embed.media import open_file
from gemini_embed.models import ModelFacts
from gemini_embed.tokens import AUDIO_TOKENS_PER_S, FRAME_TOKENS, IMAGE_TOKENS, PAGE_TOKENS
from gemini_embed.windows import MediaInfo, probe
from gemini_embed.windows.audio import MP3_TYPE, WAV_TYPE, audio_windows
from gemini_embed.windows.pdfs import text_tokens
from gemini_embed.windows.spans import Span
from gemini_embed.windows.video import video_windows

SENT_AS_THEY_ARE = frozenset({WAV_TYPE, MP3_TYPE, "application/pdf"})


def examine(part: Media, facts: ModelFacts, *, data: bytes | None = None, root: str | None = None) -> MediaInfo:
    """What is inside an audio, video or PDF part: `data`, else the part's own bytes or its file.

    Raises:
        MediaError: unreadable, of another modality, or longer than the model takes.
        MissingExtraError: the library that opens it is not installed.
    """
    if data is None and part.info is not None:
        return _within(part, part.info, facts)
    held = data if data is not None else part.data
    with ExitStack() as opened:
        source = BytesIO(held) if held is not None else opened.enter_context(open_file(part.location or "", root=root))
        info = _within(part, probe(source, part.modality, name=repr(part)), facts)
        if info.modality == "pdf":
            source.seek(0)
            info = replace(info, text_tokens=sum(text_tokens(source)))
    return info


def _within(part: Media, info: MediaInfo, facts: ModelFacts) -> MediaInfo:
    """`info`, once it is within the model's limits."""
    found, limit, unit = _length(info, part, facts)
    if found > limit:
        raise MediaError(
            f"{part!r} has {found:g} {unit}, and {facts.name} takes {limit:g}: gemini_embed.windows cuts it into parts",
            "too_long",
        )
    return info


def _length(info: MediaInfo, part: Media, facts: ModelFacts) -> tuple[float, float, str]:
    """(length, limit, unit): of a video the stretch that is looked at."""
    if info.modality == "pdf":
        return info.pages or 0, facts.max_pages, "pages"
    if isinstance(part, Video):
        # A frame's time at the end is forgiven, which encoders like to add.
        return round(_watched_s(info.duration_s or 0, part), 1), facts.max_video_s, "seconds"
    return round(info.duration_s or 0, 1), facts.max_audio_s, "seconds"


def _watched_s(duration_s: float, part: Video) -> float:
    return max(min(duration_s, part.end_s or math.inf) - (part.start_s or 0), 0)


def likely_media_tokens(part: Media, facts: ModelFacts, info: MediaInfo | None = None) -> int:
    """What a medium likely costs; without `info`, for what is not here yet, the most it can, but for a PDF's text."""
    if part.modality == "image":
        return IMAGE_TOKENS
    if part.modality == "pdf":
        pages = (info.pages if info else None) or facts.max_pages
        return PAGE_TOKENS * pages + (info.text_tokens if info else 0)
    if isinstance(part, Video):
        watched_s = _watched_s(info.duration_s or 0, part) if info else facts.max_video_s
        frames = math.ceil(watched_s * (part.fps or 1) - 0.05)
        return FRAME_TOKENS * max(min(frames, facts.max_frames), 1)
    return math.ceil(AUDIO_TOKENS_PER_S * ((info.duration_s if info else None) or facts.max_audio_s))


def as_sent(data: bytes, info: MediaInfo) -> tuple[str, bytes]:
    """(MIME type, bytes) that the service takes: WAV, MP3, MP4 and PDF as they are, other audio as WAV, other video in
    MP4, encoded again where the service does not read its codec.

    Raises:
        MediaError: damaged.
    """
    if info.mime_type in SENT_AS_THEY_ARE:
        return info.mime_type, data
    cut = video_windows if info.modality == "video" else audio_windows
    (window,) = cut(data, info, [Span(0.0, info.duration_s or 0.0)])
    return window.mime_type, window.data
