"""What tokens cost.

Prices are data of `models.ModelFacts`, with a date; `Embedder(facts={"usd_per_million_tokens": {"text": 0.2}})` says
yours. Tokens are likely counts (`tokens`) until the service has told them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import floor, log10

from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry
from gemini_embed.result import Usage

_MODALITIES = {"document": "pdf"}
"""Where the wire's name differs from that of `ModelFacts`."""


def price(tokens: Mapping[str, int], facts: ModelFacts) -> float | None:
    """USD of tokens by modality; None when the model's price is not known.

    A modality without a price of its own counts at the dearest one, so that a limit holds.
    """
    prices = facts.usd_per_million_tokens
    if not prices:
        return None
    dearest = max(prices.values())
    return sum(count * prices.get(modality, dearest) for modality, count in tokens.items()) / 1e6


def likely_tokens_by_modality(items: Iterable[Entry]) -> dict[str, int]:
    """Likely tokens of contents, by "text", "image" and so on."""
    tokens: Counter[str] = Counter()
    for item in items:
        tokens["text"] += item.tokens
        for modality, count in item.media_tokens.items():
            tokens[modality] += count
            tokens["text"] -= count
    return {modality: count for modality, count in tokens.items() if count}


def told_tokens_by_modality(usage: Usage, likely: Mapping[str, int]) -> dict[str, int]:
    """The tokens of an answered call: as the service told them, or else the likely ones."""
    if usage.by_modality:
        names = ((name.lower(), count) for name, count in usage.by_modality.items())
        return {_MODALITIES.get(name, name): count for name, count in names}
    if usage.prompt_tokens is None:
        return dict(likely)
    scale = usage.prompt_tokens / max(sum(likely.values()), 1)
    return {modality: round(count * scale) for modality, count in likely.items()}


def usd(amount: float | None) -> str:
    """An amount as people read it: cents, or as many digits as it takes to see something."""
    if amount is None:
        return "price unknown"
    digits = 2 if amount >= 1 or amount <= 0 else max(4, 1 - floor(log10(amount)))
    return f"${amount:,.{digits}f}"
