"""Which lines of a job are verified online."""

from __future__ import annotations

import random
from collections import Counter

from gemini_embed.batch_jobs.checking import drawn
from gemini_embed.preparing import Entry


def test_cheap_lines_are_drawn_more_often() -> None:
    """Each may be drawn, and the longer it is the less often, so that verifying costs little."""
    random.seed(1)
    entries = [Entry(n, [str(n)], tokens, 1) for n, tokens in enumerate([0, 10, 10, 100, 1000])]
    often = Counter(entry.position for _ in range(3000) for entry in drawn(entries, 2))
    assert set(often) >= {0, 1, 2, 3}
    assert often[0] > often[1] > 3 * often[3]
    assert abs(often[1] - often[2]) < 0.2 * often[1]
    assert often[4] < 0.02 * often[1]


def test_no_more_than_there_are() -> None:
    entries = [Entry(n, [str(n)], 10, 1) for n in range(3)]
    assert sorted(entry.position for entry in drawn(entries, 5)) == [0, 1, 2]
    assert drawn(entries, 0) == []
