"""What a video shows: its frames as pictures. The audio track is not heard, as on the Developer API."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_embed_emulator.errors import ApiError

from .image import Pixels, describe, shrunk
from .medium import Limits, Medium, UnreadableMediumError, lenient_tags, media_tools, too_long

if TYPE_CHECKING:
    from av.container import InputContainer

TOKENS_PER_FRAME = 66  # Vertex's documentation; the Developer API's price a frame agrees
_SIDE = 96  # pixels of the longer side of a decoded frame
_SLACK_S = 0.1  # the last frame, and the padding of an audio track


@dataclass(frozen=True)
class Excerpt:
    """What `videoMetadata` says of a video part: a stretch in seconds, and frames a second."""

    start_s: float = 0.0
    end_s: float = math.inf
    fps: float = 1.0

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Excerpt:
        """Offsets are durations such as "12.5s"."""
        try:
            start, end = (metadata.get(name) for name in ("startOffset", "endOffset"))
            return cls(_seconds(start) if start else 0.0, _seconds(end) if end else math.inf,
                       float(metadata.get("fps") or 1.0))  # fmt: skip
        except (TypeError, ValueError):
            raise ApiError(400, f"Invalid value at 'video_metadata', {json.dumps(metadata)}") from None


def _seconds(duration: str) -> float:
    if not duration.endswith("s"):
        raise ValueError(duration)
    return float(duration[:-1])


def watch(data: bytes, limits: Limits, excerpt: Excerpt) -> Medium:
    """A video. Raises UnreadableMediumError, ApiError when it is too long."""
    with media_tools():
        import av
    try:
        with av.open(io.BytesIO(data), "r", **lenient_tags(av)) as container:
            moments = _moments(container, limits, excerpt)
            frames = list(_frames(container, moments))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadableMediumError(str(error)) from error
    if not frames:
        raise UnreadableMediumError("no frame in it")
    share = 1 / len(frames)
    terms = [(share * weight, term) for frame in frames for weight, term in describe(frame, "video")]
    return Medium.of("VIDEO", TOKENS_PER_FRAME * len(frames), data + repr(excerpt).encode(), terms)


def _moments(container: InputContainer, limits: Limits, excerpt: Excerpt) -> list[float]:
    """The seconds that are looked at: one frame a second, evenly fewer when that would be too many."""
    stream = container.streams.video[0]
    whole_s = (container.duration or 0) / 1e6
    if stream.duration and stream.time_base:
        whole_s = float(stream.duration * stream.time_base)
    length_s = min(whole_s, excerpt.end_s) - excerpt.start_s
    if length_s > limits.max_video_s + _SLACK_S:
        raise too_long("video", f"{limits.max_video_s:g} seconds")
    count = max(math.ceil(min(length_s * excerpt.fps - _SLACK_S, limits.max_frames)), 1)
    step_s = max(length_s / count, 0.0)
    return [excerpt.start_s + number * step_s for number in range(count)]


def _frames(container: InputContainer, moments: list[float]) -> Iterator[Pixels]:
    """The first frame at or after each moment, shrunk."""
    from PIL import Image

    waiting = iter(moments)
    moment = next(waiting)
    first_s: float | None = None
    for frame in container.decode(video=0):
        if frame.time is None:
            continue
        first_s = frame.time if first_s is None else first_s
        if frame.time - first_s < moment - 0.001:
            continue
        scale = _SIDE / max(frame.width, frame.height)
        width, height = (max(round(side * scale), 2) for side in (frame.width, frame.height))
        yield shrunk(Image.fromarray(frame.to_ndarray(format="rgb24", width=width, height=height)))
        try:
            moment = next(waiting)
        except StopIteration:
            return
