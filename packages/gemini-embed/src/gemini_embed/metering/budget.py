"""What embedding costs: prices, estimates before anything is sent, and budgets that hold.

Prices are data of `models.ModelFacts`, with a date; `Embedder(facts={"usd_per_million_tokens": {"text": 0.2}})` says
yours. Tokens are likely counts (`tokens`) until the service has told them.
"""

from __future__ import annotations

import os
import threading
import weakref
from asyncio import CancelledError
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from math import floor, inf, log10

from gemini_embed.checks import positive_number
from gemini_embed.errors import BudgetError, ConfigurationError, ConnectionFailedError, ReplyError
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.plan import Entry
from gemini_embed.result import Usage

_ROUNDING_USD = 1e-12
"""So that a budget of exactly three calls' price has room for three calls."""
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
        files = f" ({self.files:,} file{'s' if self.files > 1 else ''})" if self.files else ""
        known = f", {self.known:,} more are in the store already" if self.known else ""
        items = f"{self.items:,} item{'s' if self.items != 1 else ''}"
        lines = [f"{items}{files}, about {self.tokens:,} tokens, about {usd(self.usd)}{known}"]
        if len(self.by_modality) > 1:
            lines += [f"  {modality:6} {count:>12,} tokens" for modality, count in self.by_modality.items()]
        return "\n".join([*lines, *([self.price_note] if self.price_note else [])])


def estimate(items: Iterable[Entry], files: int, facts: ModelFacts) -> Estimate:
    """The estimate of contents that are ready to be sent."""
    entries = list(items)
    tokens = likely_tokens_by_modality(entries)
    note = f"prices of {facts.name} as of {facts.price_date}" if facts.price_date else ""
    return Estimate(
        files, len(entries), sum(tokens.values()), price(tokens, facts), by_modality=tokens, price_note=note
    )


class Budget:
    """What may be spent, and what has been. Thread-safe.

    Every call asks before it is sent, with its likely price; the answer's tokens replace that, and where answers come
    out dearer than expected, what is in flight counts so much dearer too. A call that the service refused costs
    nothing. One whose answer was lost counts at its likely price, since it may have been billed.

    Args:
        facts: of the model; they hold the prices.
        max_usd: the limit; None: none, the budget only counts.
        within: another budget that every call must fit into as well.

    Raises:
        ConfigurationError: a limit that is no positive number, or a model whose price is not known.
    """

    def __init__(self, facts: ModelFacts, max_usd: float | None = None, *, within: Budget | None = None) -> None:
        self.max_usd = _checked(max_usd, facts)
        self.spent_usd = 0.0
        self.likely: Counter[str] = Counter()
        """Tokens by modality that the answered calls had been expected to have."""
        self._told_usd = self._expected_usd = 0.0  # of the answered calls
        self._facts = facts
        self._within = within
        self._begin()

    def __repr__(self) -> str:
        limit = "no limit" if self.max_usd is None else f"max_cost_usd={self.max_usd:g}"
        return f"Budget({usd(self.spent_usd)} spent, {limit})"

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._begin()

    def _begin(self) -> None:
        """With nothing in flight: when it is made, unpickled, or found in a forked child, where no thread goes on."""
        self.in_flight_usd = 0.0
        self._lock = threading.Lock()
        _budgets.add(self)

    @contextmanager
    def call(self, items: Sequence[Entry]) -> Iterator[Call]:
        """Hold the likely price of one call while it is under way; set `usage` of what this yields when it is answered.

        Raises:
            BudgetError: it does not fit; nothing may be sent.
        """
        call = Call(likely_tokens_by_modality(items))
        likely_usd = price(call.likely, self._facts) or 0.0
        self._reserve(likely_usd)
        try:
            yield call
        except BaseException as error:
            call.billed = call.likely if _may_be_billed(error) else {}
            raise
        finally:
            self._settle(call, likely_usd, price(call.billed, self._facts) or 0.0)

    def _reserve(self, likely_usd: float) -> None:
        if self._within is not None:
            self._within._reserve(likely_usd)
        with self._lock:
            dearer = max(self._told_usd / self._expected_usd, 1.0) if self._expected_usd else 1.0
            left_usd = inf if self.max_usd is None else self.max_usd - self.spent_usd - self.in_flight_usd * dearer
            if likely_usd * dearer <= left_usd + _ROUNDING_USD:
                self.in_flight_usd += likely_usd
                return
        if self._within is not None:
            self._within._release(likely_usd)
        raise BudgetError(
            f"max_cost_usd={self.max_usd:g}: {usd(self.spent_usd)} is spent and {usd(self.in_flight_usd)} in flight, "
            f"so {usd(max(left_usd, 0.0))} is left, and the next call would cost about {usd(likely_usd * dearer)}. "
            "What is finished is kept: raise the limit to go on"
        )

    def _release(self, likely_usd: float) -> None:
        with self._lock:
            self.in_flight_usd = max(self.in_flight_usd - likely_usd, 0.0)
        if self._within is not None:
            self._within._release(likely_usd)

    def _settle(self, call: Call, likely_usd: float, billed_usd: float) -> None:
        with self._lock:
            self.in_flight_usd = max(self.in_flight_usd - likely_usd, 0.0)
            self.spent_usd += billed_usd
            if call.usage:
                self.likely += Counter(call.likely)
                self._told_usd += billed_usd
                self._expected_usd += likely_usd
        if self._within is not None:
            self._within._settle(call, likely_usd, billed_usd)


class Call:
    """One call under way."""

    def __init__(self, likely: Mapping[str, int]) -> None:
        self.likely = likely
        self.billed = likely
        self.usage: Usage | None = None

    def answered(self, usage: Usage) -> None:
        """The service counted; its tokens replace the likely ones."""
        self.usage = usage
        self.billed = told_tokens_by_modality(usage, self.likely)


def _may_be_billed(error: BaseException) -> bool:
    """Whether a call that failed was sent, and no refusal came back."""
    if isinstance(error, ConnectionFailedError):
        return error.sent
    return isinstance(error, ReplyError | CancelledError)


def _checked(max_usd: float | None, facts: ModelFacts) -> float | None:
    if max_usd is None:
        return None
    if not facts.usd_per_million_tokens:
        raise ConfigurationError(
            f"max_cost_usd needs a price, and none is known for {facts.name} on the {facts.backend} backend: "
            "pass facts={'usd_per_million_tokens': {'text': ...}}"
        )
    return positive_number("max_cost_usd", max_usd)


_budgets: weakref.WeakSet[Budget] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for budget in list(_budgets):
        budget._begin()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
