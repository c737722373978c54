"""Batches by count, tokens and bytes."""

from typing import Any

import pytest
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.plan import ENVELOPE_BYTES, Batch, Entry, Planner, split


def entry(position: int, *, tokens: int = 1, size: int = 1, media: bool = False) -> Entry:
    return Entry(position, [{"text": "x"}], tokens=tokens, size_bytes=size, has_media=media)


def planned(entries: list[Entry], max_items: int | None = None, **facts: Any) -> list[list[int]]:
    """Positions of each batch."""
    planner = Planner(ModelFacts(name="m", backend="developer", endpoint="batchEmbedContents", **facts), max_items)
    batches = [planner.add(e) for e in entries]
    return [b.positions for b in [*batches, planner.flush()] if b]


def n(count: int, **what: Any) -> list[Entry]:
    return [entry(i, **what) for i in range(count)]


ROOM_FOR_TWO = 2 * (100 + ENVELOPE_BYTES)
CASES = [
    pytest.param([], {}, [], id="none"),
    pytest.param(n(1), {}, [1], id="one"),
    pytest.param(n(100), {}, [100], id="full"),
    pytest.param(n(101), {}, [100, 1], id="one-more"),
    pytest.param(n(5), {"max_items": 2}, [2, 2, 1], id="asked-for-fewer"),
    pytest.param(n(150), {"max_items": 1000}, [100, 50], id="asked-for-more"),
    pytest.param(n(3), {"max_batch_items": 1}, [1, 1, 1], id="one-a-call"),
    pytest.param(n(5, tokens=10), {"max_batch_tokens": 20}, [2, 2, 1], id="tokens"),
    pytest.param(n(3, tokens=99), {"max_batch_tokens": 20}, [1, 1, 1], id="each-beyond-the-tokens"),
    pytest.param(n(5, size=100), {"max_text_bytes": ROOM_FOR_TWO}, [2, 2, 1], id="bytes"),
    pytest.param(n(5, size=100, media=True), {"max_media_bytes": ROOM_FOR_TWO}, [2, 2, 1], id="bytes-with-media"),
    pytest.param([entry(0, size=500, media=True), entry(1, size=500)], {"max_text_bytes": 800}, [2],
                 id="media-lift-the-limit-of-text"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "facts", "sizes"), CASES)
def test_sizes_of_batches(entries: list[Entry], facts: dict[str, Any], sizes: list[int]) -> None:
    batches = planned(entries, **facts)
    assert [len(positions) for positions in batches] == sizes
    assert [p for positions in batches for p in positions] == list(range(len(entries)))


@pytest.mark.parametrize(("items", "limit", "sizes"), [(5, 2, [2, 2, 1]), (4, 4, [4]), (3, 9, [3]), (2, 1, [1, 1])])
def test_split(items: int, limit: int, sizes: list[int]) -> None:
    batch = Batch()
    for e in n(items, tokens=3, size=7):
        batch.add(e)
    pieces = split(batch.items, limit)
    assert [len(p.items) for p in pieces] == sizes
    assert sum(p.tokens for p in pieces) == batch.tokens
    assert sum(p.size_bytes for p in pieces) == batch.size_bytes
