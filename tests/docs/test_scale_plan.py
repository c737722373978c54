"""The plan on docs/scale.md is computed: sizes, shards, prices, days and turns."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from gemini_embed.models.lookup import facts_for
from gemini_embed.quota.limits import TIERS

PAGE = Path(__file__).parents[2] / "docs/scale.md"
TOKENS, TEXT_BYTES, DIMENSIONS, LINK_BYTES = 500, 2000, 768, 32 * 4
SHARD_BYTES, DAY_S, OURS_PER_S, VERTEX_PER_MINUTE = 48e9, 86_400, 1000, 60_000
RECORDS = (10_000_000, 1_000_000_000)
FACTS = facts_for("gemini-embedding-2", "developer", None)
QUEUES = facts_for("gemini-embedding-001", "developer", None).batch_enqueued_tokens
TIER_1, A_DAY = TIERS["tier1"].requests_per_minute or 0, TIERS["free"].requests_per_day or 0


def _gb(of_one: float) -> list[str]:
    return [f"{records * of_one / 1e9:,.0f} GB" for records in RECORDS]


def _usd(factor: float) -> list[str]:
    of_one = TOKENS / 1e6 * FACTS.usd_per_million_tokens["text"] * factor
    return [f"${records * of_one:,.0f}" for records in RECORDS]


def _days(per_s: float) -> list[str]:
    return [f"{records / per_s / DAY_S:,.1f}" for records in RECORDS]


def _turns(queue: int) -> list[str]:
    return [f"{math.ceil(records * TOKENS / queue):,}" for records in RECORDS]


CODE_BYTES = DIMENSIONS / 2
ROWS = {
    "texts, on disk": _gb(TEXT_BYTES),
    "vectors in float32, on disk": _gb(DIMENSIONS * 4),
    "codes of 4 bits, in memory": _gb(CODE_BYTES),
    "links of a graph, 32 of 4 bytes, in memory": _gb(LINK_BYTES),
    "shards that have 48 GB of memory for both": [
        f"{math.ceil(records * (CODE_BYTES + LINK_BYTES) / SHARD_BYTES)}" for records in RECORDS
    ],
    "price online": _usd(1),
    "price in batch jobs": _usd(FACTS.batch_price_factor),
    f"days online, free: {A_DAY:,.0f} a day": _days(A_DAY / DAY_S),
    f"days online, tier 1: {TIER_1:,.0f} a minute": _days(TIER_1 / 60),
    f"days online, Vertex AI: {VERTEX_PER_MINUTE:,} a minute": _days(VERTEX_PER_MINUTE / 60),
    f"days, one process of ours: {OURS_PER_S:,} a second": _days(OURS_PER_S),
    **{
        f"turns of a batch queue, tier {tier[-1]}: {tokens:,} tokens": _turns(tokens) for tier, tokens in QUEUES.items()
    },
}


@pytest.mark.parametrize("row", ROWS)
def test_the_plan_holds(row: str) -> None:
    assert f"| {' | '.join([row, *ROWS[row]])} |\n" in PAGE.read_text("utf-8")


def test_every_row_is_computed() -> None:
    plan = PAGE.read_text("utf-8").partition("## A plan")[2]
    shown = [line.split(" | ")[0][2:] for line in plan.splitlines() if line.startswith("| ") and " | " in line]
    assert shown[1:] == list(ROWS)
