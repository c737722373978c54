"""Budgets that hold: every call asks before it is sent."""

from __future__ import annotations

import os
import threading
import weakref
from asyncio import CancelledError
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf

from gemini_embed.checks import positive_number
from gemini_embed.errors import BudgetError, ConfigurationError, ConnectionFailedError, ReplyError
from gemini_embed.metering.prices import likely_tokens_by_modality, price, told_tokens_by_modality, usd
from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry
from gemini_embed.result import Usage

_ROUNDING_USD = 1e-12
"""So that a budget of exactly three calls' price has room for three calls."""


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
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_held")}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._begin()

    def _begin(self) -> None:
        """With nothing in flight: when it is made, unpickled, or found in a forked child, where no thread goes on."""
        self.in_flight_usd = 0.0
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        _budgets.add(self)

    @contextmanager
    def call(self, items: Sequence[Entry]) -> Iterator[ReservedCall]:
        """Hold the likely price of one call while it is under way; set `usage` of what this yields when it is answered.

        Raises:
            BudgetError: it does not fit; nothing may be sent.
        """
        with self.call_of(likely_tokens_by_modality(items), self._facts) as call:
            yield call

    @contextmanager
    def call_of(self, likely: Mapping[str, int], facts: ModelFacts, name: str | None = None) -> Iterator[ReservedCall]:
        """`call` of a model with other prices, with likely so many tokens, which reports count as `name`."""
        call = ReservedCall(likely, name)
        likely_usd = price(likely, facts) or 0.0
        self._reserve(likely_usd)
        try:
            yield call
        except BaseException as error:
            call.billed = call.likely if _may_be_billed(error) else {}
            raise
        finally:
            self._settle(call, likely_usd, price(call.billed, facts) or 0.0)

    def hold(self, name: str, likely: Mapping[str, int]) -> Held:
        """Hold the likely price of a batch job, whose tokens by modality are likely `likely`, until it is collected.

        Raises:
            BudgetError: it does not fit; the job may not be created.
        """
        held = Held(self, name, likely, _batch_price(likely, self._facts))
        self._reserve(held.usd)
        with self._root._lock:
            self._root._held[name] = held
        return held

    def held(self, name: str, likely: Mapping[str, int]) -> Held:
        """What is held for a job; of one that another process has created, that is held from now on, at any limit:
        it is bought already. What was held within another budget, as of who submitted it, is held within this one from
        now on: who collects a job reports its price."""
        with self._root._lock:
            held = self._root._held.get(name)
        if held is not None and held._budget is self:
            return held
        if held is not None:
            held._budget._release(held.usd)
            held._budget = self
        else:
            held = Held(self, name, likely, _batch_price(likely, self._facts))
        self._hold_bought(held.usd)
        with self._root._lock:
            self._root._held[name] = held
        return held

    @property
    def jobs_held(self) -> frozenset[str]:
        """Names of jobs whose price is held, here or within the budget that this one is within."""
        with self._root._lock:
            return frozenset(self._root._held)

    def ended_elsewhere(self, name: str, usd_spent: float) -> None:
        """Another process has ended a job whose price is held, and it has cost so much, in USD."""
        with self._root._lock:
            held = self._root._held.get(name)
        if held is not None:
            held.ended(usd_spent)

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit, here or in what this budget is within."""
        return self.max_usd is not None or (self._within is not None and self._within.is_limited)

    def check_batch(self, likely: Mapping[str, int]) -> None:
        """Raise BudgetError where batch jobs of likely so many tokens do not fit; nothing is held."""
        likely_usd = _batch_price(likely, self._facts)
        self._reserve(likely_usd)
        self._release(likely_usd)

    @property
    def expected_usd(self) -> float:
        """What the answered calls and the collected jobs had been expected to cost, each at its own price."""
        return self._expected_usd

    @property
    def _root(self) -> Budget:
        return self if self._within is None else self._within._root

    def _hold_bought(self, usd_held: float) -> None:
        with self._lock:
            self.in_flight_usd += usd_held
        if self._within is not None:
            self._within._hold_bought(usd_held)

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

    def _settle(self, call: ReservedCall, likely_usd: float, billed_usd: float) -> None:
        with self._lock:
            self.in_flight_usd = max(self.in_flight_usd - likely_usd, 0.0)
            self.spent_usd += billed_usd
            if call.usage:
                self.likely += Counter(call.counted)
                self._told_usd += billed_usd
                self._expected_usd += likely_usd
        if self._within is not None:
            self._within._settle(call, likely_usd, billed_usd)


class ReservedCall:
    """One call under way."""

    def __init__(self, likely: Mapping[str, int], name: str | None = None) -> None:
        self.likely = likely
        self.counted = likely if name is None else {name: sum(likely.values())}
        self.billed = likely
        self.usage: Usage | None = None

    def answered(self, usage: Usage) -> None:
        """The service counted; its tokens replace the likely ones."""
        self.usage = usage
        self.billed = told_tokens_by_modality(usage, self.likely)


class Held:
    """The likely price of one batch job, held from before it is created until it is collected. `settle` or `release`
    ends it, and what is said after that changes nothing."""

    def __init__(self, budget: Budget, name: str, likely: Mapping[str, int], usd_held: float) -> None:
        self.usd = usd_held
        """What is held, in USD; 0 where the model's price is not known."""
        self._budget, self._name = budget, name
        self._call = ReservedCall(likely)

    def price(self, usage: Usage) -> float:
        """What the job costs, in USD, of which the service has counted `usage`; it is held still."""
        return _batch_price(told_tokens_by_modality(usage, self._call.likely), self._budget._facts)

    def settle(self, usage: Usage) -> float:
        """The job is collected, and the service counted `usage` for it; what it cost, in USD."""
        self._call.answered(usage)
        return self._end(self.price(usage))

    def release(self) -> None:
        """Nothing is billed: it was refused, or cancelled before it ran."""
        self._call.billed = {}
        self._end(0.0)

    def ended(self, billed_usd: float) -> None:
        """Another process has collected it, at this price; how it was counted only that one knows."""
        self._end(billed_usd)

    def _end(self, billed_usd: float) -> float:
        root = self._budget._root
        with root._lock:
            is_held = root._held.pop(self._name, None) is self
        if is_held:
            self._budget._settle(self._call, self.usd, billed_usd)
        return billed_usd


def _batch_price(tokens: Mapping[str, int], facts: ModelFacts) -> float:
    return (price(tokens, facts) or 0.0) * facts.batch_price_factor


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
