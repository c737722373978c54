"""Recordings by seconds: WAV and MP3 are cut as they are, everything else becomes WAV (16 kHz, mono)."""

from __future__ import annotations

import wave
from collections.abc import Generator, Iterator, Sequence
from io import BytesIO
from typing import Any, BinaryIO

from gemini_embed.errors import MediaError
from gemini_embed.media.libraries import av_reading
from gemini_embed.media.probing import MediaInfo
from gemini_embed.media.source import Source, called, reading
from gemini_embed.windows.packets import cut_packets, muxed
from gemini_embed.windows.spans import Span, even_spans, is_whole
from gemini_embed.windows.window import Window

WAV_TYPE, MP3_TYPE = "audio/wav", "audio/mpeg"
CONVERTED_HZ = 16_000
"""Mono, 16 bits: what speech needs; 32 kB a second."""
MP3_SLACK_S = 0.1
"""A cut MP3 may be longer by so much: the frame that begins before its end, and what the decoder warms up with."""


def audio_spans(info: MediaInfo, *, length_s: float, most_s: float, overlap_s: float = 0.0) -> list[Span]:
    """Where a recording is cut: every `length_s` seconds, no piece longer than `most_s`."""
    duration_s = info.duration_s or 0.0
    if duration_s <= length_s:
        return [Span(0.0, duration_s)]
    slack_s = MP3_SLACK_S if info.mime_type == MP3_TYPE else 0.0
    return even_spans(duration_s, min(length_s, most_s - slack_s), most_s - slack_s, overlap_s)


def audio_windows(
    source: Source, info: MediaInfo, spans: Sequence[Span], *, root: str | None = None
) -> Generator[Window, None, None]:
    """The pieces between `spans`, one at a time. A WAV or MP3 in one piece stays as it is.

    Raises:
        MediaError: damaged.
    """
    with reading(source, root) as file:
        if is_whole(info.duration_s, spans) and info.mime_type in (WAV_TYPE, MP3_TYPE):
            yield Window(mime_type=info.mime_type, data=file.read(), start_s=spans[0].start, end_s=spans[0].end)
            return
        if info.mime_type == MP3_TYPE:
            pieces = _cut_mp3(file, spans, called(source))
        elif info.mime_type == WAV_TYPE and _plain_wav(file):
            pieces = _cut_wav(file, spans)
        else:
            pieces = _converted(file, info.av_format, spans, called(source))
        mime_type = MP3_TYPE if info.mime_type == MP3_TYPE else WAV_TYPE
        for span, data in zip(spans, pieces, strict=True):
            yield Window(mime_type=mime_type, data=data, start_s=span.start, end_s=span.end)


def _plain_wav(file: BinaryIO) -> bool:
    """Whether the wave module reads it: whole numbers, not floats or compressed."""
    try:
        with wave.open(file, "rb"):
            return True
    except (wave.Error, EOFError):
        return False
    finally:
        file.seek(0)


def _cut_wav(file: BinaryIO, spans: Sequence[Span]) -> Iterator[bytes]:
    """The very samples."""
    with wave.open(file, "rb") as recording:
        rate = recording.getframerate()
        for span in spans:
            first, last = int(span.start * rate), int(span.end * rate)
            recording.setpos(min(first, recording.getnframes()))
            frames = recording.readframes(last - first)
            yield _wav(frames, rate, recording.getnchannels(), recording.getsampwidth())


def _wav(frames: bytes, rate: int, channels: int = 1, width: int = 2) -> bytes:
    data = BytesIO()
    with wave.open(data, "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(width)
        recording.setframerate(rate)
        recording.writeframes(frames)
    return data.getvalue()


def _cut_mp3(file: BinaryIO, spans: Sequence[Span], name: str) -> Iterator[bytes]:
    """The very frames of the MP3, some 26 ms each."""
    with av_reading(file, "mp3", name) as container:
        stream = container.streams.audio[0]
        for packets in cut_packets(container.demux(stream), spans):
            yield muxed(packets, stream, "mp3", id3v2_version="0")


def _converted(file: BinaryIO, av_format: str, spans: Sequence[Span], name: str) -> Iterator[bytes]:
    """Decoded in one pass; of the samples no more is kept than the current span and what the next shares with it."""
    with av_reading(file, av_format, name) as container:
        samples = _samples(container)
        kept, begins = bytearray(), 0  # bytes, and the place of the first in the whole
        for span in spans:
            first, last = (2 * int(at * CONVERTED_HZ) for at in span)
            while begins + len(kept) < last and (more := next(samples, None)) is not None:
                kept += more
            del kept[: max(first - begins, 0)]
            begins = max(begins, first)
            yield _wav(bytes(kept[: last - begins]), CONVERTED_HZ)


def _samples(container: Any) -> Iterator[bytes]:
    import av

    if not container.streams.audio:
        raise MediaError("no audio track", "no_content")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=CONVERTED_HZ)
    for frame in container.decode(audio=0):
        for piece in resampler.resample(frame):
            yield bytes(piece.to_ndarray().tobytes())
    for piece in resampler.resample(None):
        yield bytes(piece.to_ndarray().tobytes())
