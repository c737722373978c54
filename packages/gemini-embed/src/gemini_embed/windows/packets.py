"""Cutting without decoding: the packets of a track sorted into spans, and written into files of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any

from gemini_embed.windows.spans import Span

_NEAR_S = 1e-6


def cut_packets(packets: Iterable[Any], spans: Sequence[Span]) -> Iterator[list[Any]]:
    """The packets that begin within each span, in one pass; the track's first packet is at 0 s.

    A span ends at the first keyframe that is not before its end. Frames that are shown before the keyframe they are
    decoded after belong to no span. What a span shares with the one before is kept for it, nothing else is.
    """
    rest = _timed(packets)
    kept: list[tuple[float, Any]] = []
    for span, following in itertools.zip_longest(spans, spans[1:]):
        mine: list[Any] = []
        later: list[tuple[float, Any]] = []
        for at, packet in itertools.chain(kept, rest):
            is_over = packet.is_keyframe and at >= span.end - _NEAR_S
            if later or is_over or (following and packet.is_keyframe and at >= following.start - _NEAR_S):
                later.append((at, packet if is_over else _twin(packet)))
            if is_over:
                break
            if span.start - _NEAR_S <= at < span.end - _NEAR_S:
                mine.append(packet)
        kept = later
        yield mine


def _timed(packets: Iterable[Any]) -> Iterator[tuple[float, Any]]:
    first: float | None = None
    for packet in packets:
        if packet.pts is None or packet.size == 0:
            continue
        at = float(packet.pts * packet.time_base)
        first = at if first is None else first
        yield at - first, packet


def _twin(packet: Any) -> Any:
    """A packet of the same bytes with times of its own, since muxing changes them."""
    import av

    twin = av.Packet(bytes(packet))
    for name in ("pts", "dts", "duration", "time_base", "is_keyframe"):
        setattr(twin, name, getattr(packet, name))
    return twin


def muxed(packets: Sequence[Any], template: Any, av_format: str, **options: str) -> bytes:
    """A file with one track like `template`, its first packet at 0 s; `options` are the format's own."""
    import av

    data = BytesIO()
    with av.open(data, "w", format=av_format, options=options) as target:
        stream = target.add_stream_from_template(template)
        first = min((packet.pts for packet in packets), default=0)
        for packet in packets:
            packet.pts -= first
            packet.dts = None if packet.dts is None else packet.dts - first
            packet.stream = stream
            target.mux(packet)
    return data.getvalue()
