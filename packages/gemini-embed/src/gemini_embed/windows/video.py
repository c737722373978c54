"""Videos by seconds, as MP4: cut at keyframes without encoding where these allow it, else encoded again at 2 frames/s.

The windows have no sound: the model does not listen to a video's audio track.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.media.libraries import av_reading
from gemini_embed.media.probing import MediaInfo, films
from gemini_embed.media.source import Source, called, reading
from gemini_embed.windows.packets import cut_packets, muxed
from gemini_embed.windows.spans import Span, even_spans, is_whole, keyframe_spans
from gemini_embed.windows.window import Window

if TYPE_CHECKING:
    from PIL.Image import Image

MP4_TYPE = "video/mp4"
CODECS = frozenset({"h264", "hevc", "av1", "vp9"})
"""What the service reads, by FFmpeg's names; all else is encoded again."""
ENCODED_CODEC, _ENCODER = "h264", "libx264"
ENCODED_FPS = 2
"""Of what is encoded again: the model looks at one frame a second."""
_GRID_S = 1 / ENCODED_FPS
_ENCODED_SIDE = 1280  # pixels of the longer side at most

Picture = NDArray[np.uint8]


def video_spans(info: MediaInfo, *, length_s: float, most_s: float, overlap_s: float = 0.0) -> list[Span]:
    """Where a video is cut: every `length_s` seconds and no later than a frame after that, at keyframes where these lie
    close enough, and no piece longer than `most_s`. A stretch in which no frame begins is no piece: it shows what the
    one before it ends with. What is encoded again is cut between its frames, so a piece has one at least, and one that
    the last has not."""
    duration_s = info.duration_s or 0.0
    if duration_s <= length_s:
        return [Span(0.0, duration_s)]
    longest_s = min(length_s + info.frame_s, most_s)
    if info.codec in CODECS:
        at_keyframes = keyframe_spans(info.keyframes_s, duration_s, length_s, longest_s, overlap_s)
        if at_keyframes is not None:
            return at_keyframes
    length_on_grid = max(_on_grid(length_s), _GRID_S)
    overlap_on_grid = min(_on_grid(overlap_s), length_on_grid - _GRID_S)
    longest_on_grid = max(_on_grid(min(longest_s, most_s)), length_on_grid)
    return even_spans(duration_s, length_on_grid, longest_on_grid, overlap_on_grid, stills=info.stills_s)


def video_windows(
    source: Source, info: MediaInfo, spans: Sequence[Span], *, root: str | None = None
) -> Generator[Window, None, None]:
    """The pieces between `spans`, one at a time. An MP4 in one piece stays as it is; a codec that the service does not
    read is encoded again.

    Raises:
        MediaError: damaged.
    """
    name = called(source)
    with reading(source, root) as file:
        if is_whole(info.duration_s, spans) and info.mime_type == MP4_TYPE and info.codec in CODECS:
            yield Window(mime_type=MP4_TYPE, data=file.read(), start_s=spans[0].start, end_s=spans[0].end)
            return
        cut = _copied if _are_copied(spans, info) else _encoded_again
        for span, data in zip(spans, cut(file, info.av_format, spans, name), strict=True):
            yield Window(mime_type=MP4_TYPE, data=data, start_s=span.start, end_s=span.end)


def codec_of_windows(info: MediaInfo, spans: Sequence[Span]) -> str | None:
    """What the pieces between `spans` are in, by FFmpeg's name: as the video, unless they are encoded again."""
    return info.codec if _are_copied(spans, info) else ENCODED_CODEC


def _are_copied(spans: Sequence[Span], info: MediaInfo) -> bool:
    """Whether all of them begin and end at keyframes, in a codec that the service reads."""
    if info.codec not in CODECS:
        return False
    points = {*info.keyframes_s, info.duration_s}
    return all(point in points for span in spans for point in span)


def _copied(file: BinaryIO, av_format: str, spans: Sequence[Span], name: str) -> Iterator[bytes]:
    with av_reading(file, av_format, name) as container:
        stream = films(container)[0]
        for packets in cut_packets(container.demux(stream), spans):
            yield muxed(packets, stream, "mp4")


def _on_grid(seconds: float) -> float:
    return math.floor(seconds * ENCODED_FPS) / ENCODED_FPS


def _encoded_again(file: BinaryIO, av_format: str, spans: Sequence[Span], name: str) -> Iterator[bytes]:
    """In one pass; pictures are kept only as far as the next span repeats them."""
    with av_reading(file, av_format, name) as container:
        pictures = _pictures(container, spans)
        kept: list[tuple[float, Picture]] = []
        for number, span in enumerate(spans):
            while (not kept or kept[-1][0] < span.end) and (more := next(pictures, None)) is not None:
                kept.append(more)
            yield _encoded([picture for at, picture in kept if span.start <= at < span.end])
            next_start = spans[number + 1].start if number + 1 < len(spans) else span.end
            kept = [(at, picture) for at, picture in kept if at >= next_start]


def _pictures(container: Any, spans: Sequence[Span]) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) at every half second that lies in a span: what is shown then."""
    shown: Any = None
    first_s = None
    seconds = _half_seconds(spans)
    second = next(seconds, None)
    for frame in container.decode(films(container)[0]):
        if frame.time is None:
            continue
        first_s = frame.time if first_s is None else first_s
        while shown is not None and second is not None and second < frame.time - first_s:
            yield second, _picture(shown)
            second = next(seconds, None)
        shown = frame
    while shown is not None and second is not None:
        yield second, _picture(shown)
        second = next(seconds, None)


def _half_seconds(spans: Sequence[Span]) -> Iterator[float]:
    """Those within the spans, each once, in order."""
    tick = 0
    for span in spans:
        tick = max(tick, math.ceil(span.start * ENCODED_FPS))
        while tick / ENCODED_FPS < span.end:
            yield tick / ENCODED_FPS
            tick += 1


def _picture(frame: Any) -> Picture:
    """Upright, of at most 1280 pixels a side, both sides even as H.264 wants it: uint8, shape (rows, columns, 3)."""
    scale = min(1.0, _ENCODED_SIDE / max(frame.width, frame.height))
    width, height = (max(round(side * scale / 2) * 2, 2) for side in (frame.width, frame.height))
    picture: Picture = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    quarter_turns = round(getattr(frame, "rotation", 0) / 90)  # as the phone was held
    return np.ascontiguousarray(np.rot90(picture, quarter_turns))


def frame_at(source: Source, info: MediaInfo, second: float, *, root: str | None = None) -> Image:
    """The picture that is shown at `second`, the last one where it has ended by then; as `_picture` makes it.

    Raises:
        MediaError: damaged.
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as e:
        raise missing_extra("media", "Pillow (to show frames)") from e
    name = called(source)
    with reading(source, root) as file, av_reading(file, info.av_format, name) as container:
        stream: Any = films(container)[0]
        first_s = float((stream.start_time or 0) * stream.time_base)
        container.seek(int((first_s + second) * 1_000_000))  # to the keyframe before
        shown: Any = None
        for frame in container.decode(films(container)[0]):
            if shown is not None and (frame.time or 0.0) - first_s > second:
                break
            shown = frame
        if shown is None:
            raise MediaError(f"{name} has no picture at {second:g} s", "damaged")
        return Image.fromarray(_picture(shown))


def _encoded(pictures: Sequence[Picture]) -> bytes:
    import av

    data = BytesIO()
    with av.open(data, "w", format="mp4") as target:
        try:
            stream: Any = target.add_stream(_ENCODER, rate=ENCODED_FPS, options={"preset": "veryfast"})
        except ValueError as e:  # av.codec.codec.UnknownCodecError
            problem = "the video has too few keyframes to be cut as it is, and this PyAV has no H.264 encoder (libx264)"
            raise MediaError(problem, "unsupported") from e
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    return data.getvalue()
