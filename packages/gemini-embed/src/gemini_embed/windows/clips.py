"""A stretch of a video with its sound, to be watched: copied without encoding, from the keyframe before its start."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from gemini_embed.media.libraries import av_reading
from gemini_embed.media.probing import MediaInfo, films
from gemini_embed.media.source import Source, called, reading

_SOUND_OF_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac"})


def video_clip(source: Source, info: MediaInfo, start_s: float, end_s: float, *, root: str | None = None) -> bytes:
    """An MP4 from the last keyframe that is not after `start_s` up to `end_s`, counted from the first picture.

    Sound in a codec that MP4 does not hold is left out.

    Raises:
        MediaError: damaged.
    """
    import av

    begins_s = max((at for at in info.keyframes_s if at <= start_s), default=0.0)
    data = BytesIO()
    name = called(source)
    with (
        reading(source, root) as file,
        av_reading(file, info.av_format, name) as container,
        av.open(data, "w", format="mp4") as target,
    ):
        streams: list[Any] = [films(container)[0], *_sound(container)]
        first_s = float((streams[0].start_time or 0) * streams[0].time_base)
        tracks = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        container.seek(max(int((first_s + begins_s) * 1_000_000) - 1, 0))
        shift_s = first_s + begins_s
        going_on = {stream.index for stream in streams}
        for packet in container.demux(streams):
            if packet.pts is None or packet.size == 0:
                continue
            at = float(packet.pts * packet.time_base) - first_s
            if at >= end_s and packet.is_keyframe:  # tracks are interleaved: one may be ahead of the other
                going_on.discard(packet.stream.index)
                if not going_on:
                    break
            if begins_s - 1e-6 <= at < end_s:
                _moved(packet, -shift_s)
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    return data.getvalue()


def _sound(container: Any) -> list[Any]:
    return [one for one in container.streams.audio if one.codec_context and one.codec_context.name in _SOUND_OF_MP4][:1]


def _moved(packet: Any, seconds: float) -> None:
    ticks = round(seconds / float(packet.time_base))
    packet.pts += ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
