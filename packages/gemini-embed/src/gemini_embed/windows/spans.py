"""Where to cut: pure functions from lengths to spans, in whatever unit the length has."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

SMALLEST_TAIL = 0.1
"""Of a window's length: a last window with less that is new is added to the one before, where the limit allows it."""

NEGLIGIBLE = 0.01
"""A last window with less that is new (seconds; pages are whole) is no window: there may be no sound or frame in it."""


class Span(NamedTuple):
    """From `start` up to and without `end`."""

    start: float
    end: float


def is_whole(duration_s: float | None, spans: Sequence[Span]) -> bool:
    """Whether these are one span, and that all of a recording or video of so many seconds."""
    return len(spans) == 1 and spans[0].start <= 0 and spans[0].end >= (duration_s or 0.0)


def even_count(total: float, length: float, overlap: float = 0.0) -> int:
    """How many spans `even_spans` makes, at most."""
    return max(math.ceil((total - overlap) / (length - overlap)), 1)


def even_spans(
    total: float,
    length: float,
    most: float,
    overlap: float = 0.0,
    *,
    stills: Sequence[tuple[float, float]] = (),
) -> list[Span]:
    """`total` in spans of `length`, each beginning `overlap` before the end of the one before, none beyond `most`.

    Spans that lie within one of the `stills` (from one frame up to the next, or to the end) are left out. However
    long a still is, nothing is spent on what it leaves out.
    """
    step = length - overlap
    count = even_count(total, length, overlap)
    spans: list[Span] = []
    number = 0
    for still_start, still_end in (*stills, (total, total)):
        upto = min(math.floor(still_start / step) + 1, count)
        spans += [Span(n * step, (n + 1) * step + overlap if n < count - 1 else total) for n in range(number, upto)]
        shown = count if still_end >= total else math.floor((still_end - length) / step) + 1
        number = max(number, upto, shown)
    return _without_tail(spans, length, most)


def keyframe_spans(
    keyframes: Sequence[float], total: float, length: float, most: float, overlap: float = 0.0
) -> list[Span] | None:
    """Spans that begin and end at keyframes, each as near to `length` as they allow; None where they lie too far apart.

    `keyframes` are sorted and begin with 0. With `overlap` a span begins at the last keyframe that is at least so far
    before the end of the one before, if there is one within it.
    """
    points = [*keyframes, total]
    found: list[Span] = []
    start = end = 0
    while end < len(points) - 1:
        following = max(_last_within(points, points[start] + length), end + 1)
        if points[following] - points[start] <= most:
            found.append(Span(points[start], points[following]))
            end = following
            start = max(_last_within(points, points[end] - overlap), start + 1)
        elif start < end:
            start = end  # without an overlap, then
        else:
            return None
    return _without_tail(found, length, most)


def _last_within(points: Sequence[float], limit: float) -> int:
    """The index of the last point that is not beyond `limit`; times are compared to the microsecond."""
    return bisect_right(points, limit + 1e-6) - 1


def _without_tail(spans: list[Span], length: float, most: float) -> list[Span]:
    if len(spans) < 2:
        return spans
    before, last = spans[-2:]
    if last.end - before.end < SMALLEST_TAIL * length and last.end - before.start <= most:
        return [*spans[:-2], Span(before.start, last.end)]
    return spans[:-1] if last.end - before.end < NEGLIGIBLE else spans
