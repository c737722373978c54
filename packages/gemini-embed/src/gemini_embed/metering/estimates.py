"""What embedding would cost, counted before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field
from html import escape
from typing import Literal, TypeAlias

from gemini_embed.metering.prices import likely_tokens_by_modality, price, usd
from gemini_embed.models import ModelFacts
from gemini_embed.notices import counted
from gemini_embed.preparing import Entry

Price: TypeAlias = Literal["online", "batch"]
"""How contents are embedded, and so at which price: by ordinary calls, or by jobs of the Batch API."""


@dataclass(frozen=True)
class Estimate:
    """What embedding would cost, counted without sending anything.

    Attributes:
        files: contents that come from a file or a URL.
        items: contents, one vector each; equal ones are embedded once and counted once.
        tokens: a likely count: for text from its length and script, for an image what the service counts for any.
        usd: the likely price, standard tier; None when the model's price is not known.
        by_modality: likely tokens by "text", "image" and so on.
        known: items of an index that are in its store already, and are not counted above.
        price_note: which prices, and of when.
    """

    files: int = 0
    items: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    _: KW_ONLY
    by_modality: dict[str, int] = field(default_factory=dict)
    known: int = 0
    price_note: str = field(default="", compare=False)

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.files + other.files,
            self.items + other.items,
            self.tokens + other.tokens,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
            by_modality=dict(Counter(self.by_modality) + Counter(other.by_modality)),
            known=self.known + other.known,
            price_note=self.price_note or other.price_note,
        )

    def __str__(self) -> str:
        files = f" ({counted(self.files, 'file')})" if self.files else ""
        known = f", {self.known:,} more are in the store already" if self.known else ""
        lines = [f"{counted(self.items, 'item')}{files}, about {self.tokens:,} tokens, about {self._prices()}{known}"]
        if len(self.by_modality) > 1:
            lines += [f"  {modality:6} {count:>12,} tokens" for modality, count in self.by_modality.items()]
        return "\n".join([*lines, *self._notes()])

    def _repr_html_(self) -> str:
        """The same lines, for notebooks."""
        return f'<div style="font:13px/1.5 system-ui,sans-serif;white-space:pre-wrap">{escape(str(self))}</div>'

    def _prices(self) -> str:
        return usd(self.usd)

    def _notes(self) -> list[str]:
        return [self.price_note] if self.price_note else []


def estimate(items: Iterable[Entry], files: int, facts: ModelFacts) -> Estimate:
    """The estimate of contents that are ready to be sent."""
    entries = list(items)
    tokens = likely_tokens_by_modality(entries)
    note = f"prices of {facts.name} as of {facts.price_date}" if facts.price_date else ""
    return Estimate(
        files, len(entries), sum(tokens.values()), price(tokens, facts), by_modality=tokens, price_note=note
    )
