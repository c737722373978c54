"""A small file may say that it lasts for weeks: what shows nothing new is no window, and the windows are counted."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import drawn, film, pdf, wav
from gemini_embed import MediaError
from gemini_embed.models import MODELS
from gemini_embed.windows import Cutting, probe, slices
from gemini_embed.windows.spans import even_spans
from hypothesis import given, settings
from hypothesis import strategies as st

FACTS = MODELS["gemini-embedding-2", "developer"]
WEEK_S = 7 * 86_400


def frames_at(*seconds: float) -> bytes:
    """A video with a frame at each of these."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as target:
        stream: Any = target.add_stream("libx264", rate=1, options={"bf": "0", "tune": "zerolatency"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, second in enumerate(seconds):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 4 * 80, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(second * 1000), Fraction(1, 1000)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return file.getvalue()


def test_a_week_between_two_frames_is_two_windows() -> None:
    """The file has 1.3 kB; every 32 s of it a window, it would be 18,900 of them, for $479."""
    found = slices(frames_at(0, 1, WEEK_S), FACTS)
    assert [span.start for span in found.spans] == [0, WEEK_S]
    first, last = found.windows()
    assert [probe(window.data).duration_s for window in (first, last)] == [32, pytest.approx(1, abs=0.51)]


def test_a_last_frame_that_is_shown_for_an_age_is_one_window() -> None:
    """An AVI, damaged in its frame rate, was 9 million windows, listed for half a minute before they were too many."""
    whole = film((drawn("red circle"), 4), container="avi")
    rate = whole.index(b"strh") + 28  # dwScale, then dwRate: seconds of 24 bits for each frame
    found = slices(whole[:rate] + struct.pack("<II", 2**24, 1) + whole[rate + 8 :], FACTS)
    assert (found.info.duration_s or 0) > 2**24
    assert len(found.spans) <= len(found.info.stills_s) + 1


@pytest.mark.parametrize(
    ("stills", "expected"),
    [
        pytest.param([], [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)], id="none"),
        pytest.param([(5, 35)], [(0, 10), (30, 40), (40, 45)], id="from window to window"),
        pytest.param([(0, 10)], [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)], id="a frame where a window begins"),
        pytest.param([(0, 20.5)], [(0, 10), (20, 30), (30, 40), (40, 45)], id="right behind where one begins"),
        pytest.param([(1, 3), (11, 29), (31, 44)], [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)], id="too short"),
        pytest.param([(12, 45)], [(0, 10), (10, 20)], id="to the end"),
        pytest.param([(0, 45)], [(0, 10)], id="one frame"),
        pytest.param([(1, 21), (21, 44)], [(0, 10), (20, 30), (40, 45)], id="one after the other"),
    ],
)
def test_spans_within_a_still_are_left_out(
    stills: Sequence[tuple[float, float]], expected: Sequence[tuple[float, float]]
) -> None:
    assert even_spans(45, 10, 10, stills=stills) == expected


@settings(deadline=None)
@given(times=st.lists(st.integers(0, 4000), min_size=1, max_size=30, unique=True), length=st.integers(1, 40))
def test_a_window_is_made_exactly_where_a_frame_begins(times: list[int], length: int) -> None:
    """Times in quarters of a second; the last of them is the end."""
    *frames, end = [0, *sorted(time + 1 for time in times)]
    stills = [(a / 4, b / 4) for a, b in pairwise([*frames, end]) if b - a > 2]
    total = end / 4
    found = even_spans(total, length, length, stills=stills)
    every = even_spans(total, length, length)
    assert found == [span for span in every if any(span.start <= frame / 4 < span.end for frame in frames)]


def test_no_time_is_spent_on_what_is_left_out() -> None:
    ages = 32e12
    assert even_spans(ages + 1, 32, 120, stills=[(0, ages)]) == [(0, 32), (ages, ages + 1)]


LONG = [
    pytest.param(lambda: pdf(*["A page."] * 5), Cutting(max_windows=4), 5, id="pdf"),
    pytest.param(lambda: wav((440, 9.0)), Cutting(audio_s=2, max_windows=4), 5, id="audio"),
    pytest.param(lambda: frames_at(*range(0, 900, 100)), Cutting(max_windows=4), 9, id="video"),
]


@pytest.mark.parametrize(("source", "cutting", "count"), LONG)
def test_the_windows_of_a_file_are_limited(source: Any, cutting: Cutting, count: int, tmp_path: Path) -> None:
    path = tmp_path / "medium"
    path.write_bytes(source())
    allowed = rf"medium would become {count} windows, more than max_windows=4.*Cutting\(max_windows={count}\)"
    with pytest.raises(MediaError, match=allowed) as caught:
        slices(path, FACTS, cutting)
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize("most", [0, -1, 1.5, None, True])
def test_the_limit_is_a_count(most: Any) -> None:
    with pytest.raises(ValueError, match="max_windows="):
        Cutting(max_windows=most)
