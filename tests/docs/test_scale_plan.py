"""The plan on docs/scale.md is computed: sizes, prices and days."""

from __future__ import annotations

from pathlib import Path

import pytest
from gemini_embed.models.lookup import facts_for

PAGE = Path(__file__).parents[2] / "docs/scale.md"
TOKENS, DIMENSIONS, DAY_S = 500, 768, 86_400


@pytest.mark.parametrize("records", [10_000_000, 1_000_000_000])
def test_the_plan_holds(records: int) -> None:
    """The row of so many records."""
    facts = facts_for("gemini-embedding-2", "developer", None)
    usd = records * TOKENS / 1e6 * facts.usd_per_million_tokens["text"]
    cells = [
        f"{records:,}",
        f"{records * DIMENSIONS * 4 / 1e9:,.0f} GB",
        f"{records * DIMENSIONS / 2 / 1e9:,.0f} GB",
        f"${usd:,.0f}",
        f"${usd * facts.batch_price_factor:,.0f}",
        *(f"{records / rate / DAY_S:,.1f}" for rate in (50, 1000)),
    ]
    assert f"| {' | '.join(cells)} |" in PAGE.read_text("utf-8")
