"""Looking inside a medium before any request: what it is, how long, whether it can be read to its end."""

from __future__ import annotations

import wave
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

from gemini_embed.errors import MediaError
from gemini_embed.media.kinds import HEAD_BYTES, Kind, kind_of
from gemini_embed.media.libraries import av_reading, pdfium
from gemini_embed.media.pictures import check_pixels, opened_picture
from gemini_embed.media.source import Source, called, reading, size_of
from gemini_embed.models import Modality

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

STILL_S = 0.5
"""A frame that is shown for longer is told among a video's stills."""
_MISSING_SHARE = 0.05
_MISSING_S = 1.0  # a recording that ends earlier than its header says, by both, was cut short


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """What is inside a medium."""

    modality: Modality
    mime_type: str
    """By content, in the spelling the service takes: `audio/wav`, never `audio/x-wav`."""
    size_bytes: int
    duration_s: float | None = None
    """Of the audio or video track, counted over all of it, not read from a header."""
    pages: int | None = None
    text_tokens: int = 0
    """Of a PDF's pages, a likely count; looking into it does not count them, `windows.pdfs.text_tokens` does."""
    codec: str | None = None
    """FFmpeg's name: h264, hevc, mp3, pcm_s16le, ..."""
    width: int | None = None
    height: int | None = None
    keyframes_s: tuple[float, ...] = ()
    """Where a video can be cut without encoding it again; the first is 0."""
    stills_s: tuple[tuple[float, float], ...] = ()
    """Stretches of a video, of more than half a second, between a frame and the one that follows it, or the end."""
    frame_s: float = 0.0
    """How long a frame of a video is shown on average."""
    av_format: str = ""
    """The format that FFmpeg reads it as."""


def probe(
    source: Source, expected: Modality | None = None, *, name: str | None = None, root: str | None = None
) -> MediaInfo:
    """Read a medium to its end without decoding it (images are decoded), and tell what it is.

    `name` is what messages call it, by default its path. With `root` a path must lie inside that folder.

    Raises:
        InputError: missing, unreadable, no regular file, or outside of `root`.
        MediaError: its `kind` says what is wrong: empty, of an unknown format, not of the `expected` modality, damaged,
            cut short, encrypted, without content, beyond reason.
        MissingExtraError: the library that opens it is not installed.
    """
    name = name or called(source)
    with reading(source, root) as file:
        size = size_of(file)
        head = file.read(HEAD_BYTES)
        kind = _recognised(head, name)
        found = _LOOK[kind.modality](file, kind, name)
    if expected is not None and found.modality != expected:
        raise MediaError(f"{name} is {found.mime_type} with {found.modality}, not {expected}", "mismatch")
    return replace(found, size_bytes=size)


def probe_sound(source: Source, *, name: str | None = None, root: str | None = None) -> MediaInfo | None:
    """The first sound track of a video, as a recording; None where it has none. Raises as `probe` does."""
    name = name or called(source)
    with reading(source, root) as file:
        size = size_of(file)
        kind = _recognised(file.read(HEAD_BYTES), name)
        if not kind.av_format:
            raise MediaError(f"{name} is {kind.mime_type}, which has no sound", "mismatch")
        with av_reading(file, kind.av_format, name) as container:
            if not container.streams.audio or container.streams.audio[0].codec_context is None:
                return None
            duration_s = _scanned(container.demux(container.streams.audio[0]))[0]
            codec = container.streams.audio[0].codec_context.codec.canonical_name
    if duration_s <= 0:
        return None
    return MediaInfo(
        modality="audio",
        mime_type=kind.mime_type.replace("video/", "audio/"),
        size_bytes=size,
        duration_s=duration_s,
        codec=codec,
        av_format=kind.av_format,
    )


def _recognised(head: bytes, name: str) -> Kind:
    if not head:
        raise MediaError(f"{name} is empty (0 bytes)", "empty")
    kind = kind_of(head)
    if kind is None:
        begins = head[:16].decode("ascii", "replace")
        raise MediaError(f"{name} is no image, audio, video or PDF that is known here; it begins {begins!r}", "unknown")
    return kind


def _look_at_image(file: BinaryIO, kind: Kind, name: str) -> MediaInfo:
    with opened_picture(file, name, kind.mime_type) as image:
        width, height = image.size
        _read_to_the_end(image)
    return MediaInfo(modality="image", mime_type=kind.mime_type, size_bytes=0, width=width, height=height)


def _read_to_the_end(image: Any) -> None:
    """As cheaply as the format allows: checksums of a PNG, an eighth of a JPEG's resolution."""
    if image.format == "PNG":
        image.verify()
    else:
        image.draft(None, (64, 64))
        image.load()


def _look_at_pdf(file: BinaryIO, kind: Kind, name: str) -> MediaInfo:
    file.seek(0)
    with pdfium(name) as library, library.PdfDocument(file) as document:
        pages = len(document)
    return MediaInfo(modality="pdf", mime_type=kind.mime_type, size_bytes=0, pages=pages)


def _look_at_recording(file: BinaryIO, kind: Kind, name: str) -> MediaInfo:
    with av_reading(file, kind.av_format, name) as container:  # nothing of a stream may be touched once it is closed
        stream = _main_stream(container, kind, name)
        is_video = stream.type == "video"
        width, height = (stream.codec_context.width, stream.codec_context.height) if is_video else (None, None)
        if is_video:
            check_pixels(width or 0, height or 0, name)
        told_s = _told_s(container, stream)
        duration_s, keyframes, stills, frame_s = _scanned(container.demux(stream))
        codec = stream.codec_context.codec.canonical_name  # and not that of a decoder, such as libdav1d
    if kind.mime_type == "audio/wav":
        told_s = _told_by_wave(file) or told_s
    if duration_s <= 0:
        raise MediaError(f"{name} holds 0 seconds of {'video' if is_video else 'audio'}", "no_content")
    if told_s - duration_s > max(_MISSING_S, _MISSING_SHARE * told_s):
        raise MediaError(f"{name} is cut short: it says {told_s:.1f} s and ends after {duration_s:.1f} s", "truncated")
    return MediaInfo(
        modality="video" if is_video else "audio",
        mime_type=kind.mime_type if is_video else kind.mime_type.replace("video/", "audio/"),
        size_bytes=0,
        duration_s=duration_s,
        codec=codec,
        width=width,
        height=height,
        keyframes_s=keyframes if is_video else (),
        stills_s=stills if is_video else (),
        frame_s=frame_s if is_video else 0.0,
        av_format=kind.av_format,
    )


def _main_stream(container: InputContainer, kind: Kind, name: str) -> Any:
    """The video track of a film, else the audio track; a recording's cover picture is no video."""
    videos = [] if kind.modality == "audio" else films(container)
    found: list[Stream] = [*videos, *container.streams.audio]
    if not found:
        raise MediaError(f"{name} has neither a video nor an audio track", "no_content")
    if found[0].codec_context is None:
        raise MediaError(f"{name} is in a codec that FFmpeg does not know", "unsupported")
    return found[0]


def films(container: InputContainer) -> list[Any]:
    """The video tracks, without the pictures that are kept with a recording: of a book, of an album."""
    from av.stream import Disposition

    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def _told_s(container: InputContainer, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _told_by_wave(file: BinaryIO) -> float | None:
    """What a WAV's header says: FFmpeg goes by the file's size where it is cut short."""
    file.seek(0)
    try:
        with wave.open(file, "rb") as recording:
            seconds = recording.getnframes() / recording.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        return None  # floats and other kinds of WAV, which FFmpeg reads
    # Written as a stream: nobody knew the length when the header was written.
    return seconds if recording.getnframes() * recording.getsampwidth() < 2**31 - 2**16 else None


def _scanned(packets: Iterable[Any]) -> tuple[float, tuple[float, ...], tuple[tuple[float, float], ...], float]:
    """(length, keyframes, stills, a frame on average), all in seconds, of a track, from its packets."""
    end = 0.0
    starts = array("d")
    keyframes: list[float] = []
    for packet in packets:
        if packet.pts is None or packet.size == 0:
            continue
        start = float(packet.pts * packet.time_base)
        starts.append(start)
        end = max(end, start + float((packet.duration or 0) * packet.time_base))
        if packet.is_keyframe:
            keyframes.append(start)
    if not starts:
        return 0.0, (), (), 0.0
    shown = sorted(starts)  # packets come in the order in which they are decoded
    first = shown[0]
    until = pairwise(chain(shown, [end]))
    stills = tuple((here - first, after - first) for here, after in until if after - here > STILL_S)
    points = tuple(sorted({max(key - first, 0.0) for key in keyframes} | {0.0}))
    return end - first, points, stills, (end - first) / len(shown)


_LOOK = {
    "image": _look_at_image,
    "audio": _look_at_recording,
    "video": _look_at_recording,
    "pdf": _look_at_pdf,
}
