"""What a million pages cost, on docs/faq.md, is computed from the table of models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fix_docs import ROOT, tables_under
from gemini_embed.metering.prices import price
from gemini_embed.models.lookup import facts_for
from gemini_embed.quota.limits import TIERS
from gemini_embed.tokens import AUDIO_TOKENS_PER_S, FRAME_TOKENS, IMAGE_TOKENS, PAGE_TOKENS

PAGE: Path = ROOT / "docs/faq.md"
QUESTION = "What does a million pages cost, online and by batch?"
MILLION, TEXT = 1_000_000, 500
FACTS, OLDER = (facts_for(name, "developer") for name in ("gemini-embedding-2", "gemini-embedding-001"))
ROWS = {
    "pages as text": ({"text": TEXT}, FACTS),
    "pages as text, gemini-embedding-001": ({"text": TEXT}, OLDER),
    "pages as pictures, or photos": ({"image": IMAGE_TOKENS}, FACTS),
    "pages of PDF, were they billed as a picture and its text": ({"image": PAGE_TOKENS, "text": TEXT}, FACTS),
    "pages of PDF, as estimates count them": ({"pdf": PAGE_TOKENS + TEXT}, FACTS),
    "minutes of recordings": ({"audio": 60 * AUDIO_TOKENS_PER_S}, FACTS),
    "half minutes of video, 32 frames": ({"video": 32 * FRAME_TOKENS}, FACTS),
}
SHOWN = {name: rest for name, *rest in tables_under(PAGE, QUESTION)[0]}


@pytest.mark.parametrize("row", ROWS)
def test_a_million_costs_what_the_page_says(row: str) -> None:
    tokens, facts = ROWS[row]
    online = price({modality: count * MILLION for modality, count in tokens.items()}, facts)
    assert online is not None
    prices = [f"${factor * online:,.0f}" for factor in (1, facts.batch_price_factor)]
    assert SHOWN[row] == [f"{sum(tokens.values()):,}", *prices]


def test_every_row_is_computed() -> None:
    assert list(SHOWN) == list(ROWS)


def test_the_words_around_the_table_hold() -> None:
    """The short answer, the date of the prices, the prices that are told by hand, and how long it takes."""
    said = " ".join(PAGE.read_text("utf-8").partition(f"## {QUESTION}")[2].partition("\n## ")[0].split())
    told = re.findall(r'"(\w+)": (\d+\.\d+)', said)
    a_minute, a_day = TIERS["tier1"].requests_per_minute or 0, TIERS["free"].requests_per_day or 0

    assert f"**{SHOWN['pages as text'][1]} online, {SHOWN['pages as text'][2]} by the Batch API**" in said
    assert f"as of {FACTS.price_date}:" in said
    assert {name: float(usd) for name, usd in told if name != "pdf"} == FACTS.usd_per_million_tokens
    assert f"{MILLION / a_minute / 60:.1f} hours at the {a_minute:,.0f} requests a minute" in said
    assert f"{MILLION / a_day:,.0f} days on the free" in said
