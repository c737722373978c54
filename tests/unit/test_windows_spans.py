"""Where media are cut: spans by length, and by the keyframes there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from gemini_embed.windows.spans import NEGLIGIBLE, even_spans, keyframe_spans
from hypothesis import given, settings
from hypothesis import strategies as st

EVERY_2 = [2.0 * n for n in range(50)]


@pytest.mark.parametrize(
    ("total", "length", "most", "overlap", "expected"),
    [
        pytest.param(10, 32, 120, 0, [(0, 10)], id="shorter than a window"),
        pytest.param(32, 32, 120, 0, [(0, 32)], id="exactly one"),
        pytest.param(80, 32, 120, 0, [(0, 32), (32, 64), (64, 80)], id="the last is shorter"),
        pytest.param(65, 32, 120, 0, [(0, 32), (32, 65)], id="a small tail joins the one before"),
        pytest.param(65, 32, 32, 0, [(0, 32), (32, 64), (64, 65)], id="not beyond the limit"),
        pytest.param(32.0001, 32, 32, 0, [(0, 32)], id="a tail without a sound in it"),
        pytest.param(80, 32, 120, 8, [(0, 32), (24, 56), (48, 80)], id="overlap"),
        pytest.param(33, 32, 120, 8, [(0, 33)], id="a tail of overlap only"),
        pytest.param(7, 3, 6, 1, [(0, 3), (2, 5), (4, 7)], id="pages"),
    ],
)
def test_even_spans(
    total: float, length: float, most: float, overlap: float, expected: Sequence[tuple[float, float]]
) -> None:
    assert even_spans(total, length, most, overlap) == expected


@pytest.mark.parametrize(
    ("keyframes", "total", "overlap", "expected"),
    [
        pytest.param(EVERY_2, 77, 0, [(0, 32), (32, 64), (64, 77)], id="often"),
        pytest.param([0, 10, 20, 30, 40, 50, 60], 70, 0, [(0, 30), (30, 60), (60, 70)], id="the last within it"),
        pytest.param([0, 50, 60, 140], 150, 0, [(0, 50), (50, 60), (60, 140), (140, 150)], id="longer than asked"),
        pytest.param([0], 100, 0, [(0, 100)], id="only the first, within the limit"),
        pytest.param([0], 121, 0, None, id="only the first, beyond the limit"),
        pytest.param([0, 5], 130, 0, None, id="one stretch beyond the limit"),
        pytest.param(EVERY_2, 77, 5, [(0, 32), (26, 58), (52, 77)], id="overlap of at least so much"),
        pytest.param([0, 30, 60], 90, 5, [(0, 30), (30, 60), (60, 90)], id="no keyframe to overlap from"),
        pytest.param(EVERY_2, 66, 0, [(0, 32), (32, 66)], id="a small tail"),
    ],
)
def test_keyframe_spans(
    keyframes: Sequence[float], total: float, overlap: float, expected: Sequence[tuple[float, float]] | None
) -> None:
    assert keyframe_spans([key for key in keyframes if key < total], total, 32, 120, overlap) == expected


@settings(deadline=None)
@given(
    total=st.floats(0.01, 5000),
    length=st.floats(1, 120),
    share=st.floats(0, 0.9),
    gaps=st.lists(st.floats(0.04, 150), max_size=40),
)
def test_spans_cover_everything_within_the_limit(total: float, length: float, share: float, gaps: list[float]) -> None:
    keyframes = [0.0]
    for gap in gaps:
        keyframes.append(keyframes[-1] + gap)
    keyframes = [key for key in keyframes if key < total]
    most, overlap = 120.0, share * length
    for spans in (even_spans(total, length, most, overlap), keyframe_spans(keyframes, total, length, most, overlap)):
        if spans is None:
            assert max(b - a for a, b in pairwise([*keyframes, total])) > most
            continue
        assert spans[0].start == 0
        assert total - NEGLIGIBLE < spans[-1].end <= total
        assert all(0 < end - start <= most + 1e-9 for start, end in spans)
        assert all(a.start < b.start <= a.end and b.end > a.end for a, b in pairwise(spans))
