"""How fast requests may start: told by `RateLimits`, or learned from the service's refusals.

Pure but for a lock: time is passed in, in seconds of a monotonic clock. One `Pace` serves all objects of a process
that share a project and a model, whatever thread or loop they live on.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass

from gemini_embed.errors import ConfigurationError, QuotaError

SAFETY = 0.99
"""Share of a told rate that is used: the service's clock and ours are not the same."""
LEARNED_SAFETY = 0.97
"""Share of a learned rate that is used: a probe comes a little late, so the rate looks a little higher than it is."""
FIRST_STARTS = 4
SPACED_STARTS = 16
SPACING_S = 0.008
"""While nothing is known of the quota, so many calls start at once, and the next ones so far apart: a refusal comes
sooner than an answer, and one is enough."""
GROWTH_PER_S = 0.0002
"""Share by which a learned rate grows per second without a refusal (additive increase)."""
SHORTEST_SAMPLE_S = 2.0
"""A rate is not told from less than this: a passing refusal would be taken for a quota."""
SHORTEST_WAIT_S = 0.001
LONGEST_PAUSE_S = 60.0
"""Where a refusal tells no delay the pause is 1 s, and doubles until a call is answered; none is longer than this."""
ASK_AGAIN_S = 0.02
"""When all of the window is in use, an answer makes room; it is asked for so often."""
BACKOFF = 0.5
"""Factor on a learned rate when a refusal says nothing (multiplicative decrease)."""


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Quotas of a project for one model. None: no such limit is known.

    `count_items`: every content of a batch counts as a request, as the Developer API counts them. `burst_s`: how many
    seconds' worth may be used at once after a rest (a service that counts whole minutes wants 1). A call is made no
    larger than a minute's worth, and is let through when that is more than the burst.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    count_items: bool = True
    burst_s: float = 10.0

    def __post_init__(self) -> None:
        told = (self.requests_per_minute, self.tokens_per_minute, self.burst_s)
        if any(limit is not None and not limit > 0 for limit in told):
            raise ConfigurationError(f"{self}: a limit is a positive number, or None where none is known")

    @property
    def max_items(self) -> int | None:
        """Contents of one call that a minute has room for."""
        counted = self.requests_per_minute if self.count_items else None
        return max(1, int(counted)) if counted else None

    @property
    def max_tokens(self) -> int | None:
        """Likely tokens of one call that a minute has room for; an estimate may be low, so half of it."""
        return max(1, int(self.tokens_per_minute / 2)) if self.tokens_per_minute else None

    @classmethod
    def of(cls, limits: RateLimits | str | None) -> RateLimits | None:
        """The limits of a tier's name ("free", "tier1"), or what is given.

        Raises:
            ConfigurationError: no such tier.
        """
        if not isinstance(limits, str):
            return limits
        if limits not in TIERS:
            raise ConfigurationError(
                f"rate_limits={limits!r}: known tiers are {', '.join(TIERS)}; or pass RateLimits(...)"
            )
        return TIERS[limits]


TIERS = {
    "free": RateLimits(requests_per_minute=100, tokens_per_minute=30_000),
    "tier1": RateLimits(requests_per_minute=3000),
}
"""Known tiers of the Developer API, from the values that refusals named in public reports (2026)."""


@dataclass(frozen=True)
class Cost:
    """What one call takes from the quotas: contents (or calls) and tokens."""

    requests: float
    tokens: float


@dataclass(frozen=True)
class Ticket:
    """Leave to start one call. `probe`: it goes alone after a refusal. `epoch`: how many refusals came before it."""

    cost: Cost
    probe: bool
    epoch: int


@dataclass(frozen=True)
class Refusal:
    """What a 429 told: seconds to wait, the unit that ran out, and its limit per minute where it was named."""

    retry_after_s: float | None
    unit: str
    per_minute: float | None = None


_PER_MINUTE = "PerMinute"


def refusal_of(error: QuotaError, retry_after_s: float | None) -> Refusal:
    """What a 429 tells about the quota: QuotaFailure names the metric and, at best, its value per minute."""
    for violation in error.violations:
        unit = "tokens" if "token" in str(violation.get("quotaMetric", "")).lower() else "requests"
        value = re.fullmatch(r"\d+(\.\d+)?", str(violation.get("quotaValue", "")))
        per_minute = float(value[0]) if value and _PER_MINUTE in str(violation.get("quotaId", "")) else None
        return Refusal(retry_after_s, unit, per_minute or None)
    return Refusal(retry_after_s, "requests")


class Bucket:
    """Units that refill at a rate, up to `capacity`; a call larger than that may leave a debt."""

    def __init__(self, per_second: float, capacity: float, level: float, now: float) -> None:
        self.per_second, self.capacity = per_second, capacity
        self._level, self._at = level, now

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` may be taken."""
        self._refill(now)
        return max(0.0, (min(cost, self.capacity) - self._level) / self.per_second)

    def take(self, cost: float, now: float) -> None:
        """Take `cost`; a negative one gives back."""
        self._refill(now)
        self._level = min(self.capacity, self._level - cost)

    def _refill(self, now: float) -> None:
        self._level = min(self.capacity, self._level + max(0.0, now - self._at) * self.per_second)
        self._at = max(now, self._at)


@dataclass
class _Learning:
    """What is needed to tell a rate from refusals: since when the quota was empty, and what was taken since."""

    unit: str = "requests"
    bucket: Bucket | None = None
    empty_at: float | None = None
    taken: float = 0.0
    grown_at: float = 0.0


class Pace:
    """Admits calls. With told limits it keeps them; what it is not told it learns, and keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, Bucket] = {}
        self._limits: RateLimits | None = None
        self._learning = _Learning()
        self._closed_until = float("-inf")
        self._must_probe = False
        self._in_flight = 0
        self._epoch = 0
        self._refused_in_a_row = 0
        self._window = float("inf")
        self._spaced = SPACED_STARTS
        self._next_start = float("-inf")

    def tell(self, limits: RateLimits, now: float) -> None:
        """Keep these limits from now on; told twice they change nothing, so that objects can share them."""
        with self._lock:
            if limits == self._limits:
                return
            self._limits, self._window, self._spaced = limits, float("inf"), 0
            per_minute = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
            self._told = {u: _full_bucket(rate, limits.burst_s, now) for u, rate in per_minute.items() if rate}

    def cost(self, items: int, tokens: float) -> Cost:
        """What a call of so many contents takes."""
        counts_items = self._limits is None or self._limits.count_items
        return Cost(items if counts_items else 1, tokens)

    def admit(self, cost: Cost, now: float) -> Ticket | float:
        """A ticket: the call may start now, and is counted. Else the seconds after which to ask again."""
        with self._lock:
            opens_at = (
                self._closed_until if self._in_flight < FIRST_STARTS else max(self._closed_until, self._next_start)
            )
            if now < opens_at:
                return max(opens_at - now, SHORTEST_WAIT_S)
            allowed = 1.0 if self._must_probe else self._window
            if self._in_flight >= allowed:
                return ASK_AGAIN_S
            wait = max((bucket.wait(_of(cost, unit), now) for unit, bucket in self._buckets()), default=0.0)
            if wait > 0:
                return max(wait, SHORTEST_WAIT_S)
            return self._start(cost, now)

    def answered(self, ticket: Ticket, now: float) -> None:
        """A call came back with vectors."""
        with self._lock:
            self._refused_in_a_row = 0
            was_full = self._in_flight >= self._window
            self._in_flight -= 1
            self._grow(now)
            if ticket.probe:
                self._must_probe = False
            elif ticket.epoch == self._epoch:
                self._learning.taken += _of(ticket.cost, self._learning.unit)
                self._window += 1 if was_full else 0

    def failed(self) -> None:
        """A call ended otherwise, for a reason that is not the quota."""
        with self._lock:
            self._in_flight -= 1

    def counted(self, ticket: Ticket, tokens: float, now: float) -> None:
        """The service told how many tokens a call had; it was let in by an estimate."""
        with self._lock:
            for unit, bucket in self._buckets():
                if unit == "tokens":
                    bucket.take(tokens - ticket.cost.tokens, now)

    def refused(self, ticket: Ticket, refusal: Refusal, now: float) -> float:
        """A call met a quota. The seconds for which nothing starts; then one call probes before the rest follows."""
        with self._lock:
            self._in_flight -= 1
            if ticket.epoch == self._epoch:  # of several that were under way, the first one tells
                self._learn(ticket.cost, refusal, now)
                self._epoch += 1
                self._refused_in_a_row += 1
            # A told 0 is no reason to hammer, and a told hour none to hang: what waits asks again after a minute.
            delay = refusal.retry_after_s or 2.0 ** max(self._refused_in_a_row - 1, 0)
            self._must_probe = True
            self._closed_until = max(self._closed_until, now + min(delay, LONGEST_PAUSE_S))
            return self._closed_until - now

    def _buckets(self) -> list[tuple[str, Bucket]]:
        learned = self._learning.bucket
        return [*self._told.items(), *([(self._learning.unit, learned)] if learned else [])]

    def _start(self, cost: Cost, now: float) -> Ticket:
        for unit, bucket in self._buckets():
            bucket.take(_of(cost, unit), now)
        if self._must_probe:  # it was told to wait until there is room for just this: with it, nothing is left
            self._learning.empty_at, self._learning.taken = now, 0.0
        self._in_flight += 1
        if self._spaced > 0:
            self._spaced -= 1
            self._next_start = now + SPACING_S
        return Ticket(cost, self._must_probe, self._epoch)

    def _learn(self, cost: Cost, refusal: Refusal, now: float) -> None:
        learning, delay = self._learning, refusal.retry_after_s
        if refusal.unit != learning.unit:
            self._learning = learning = _Learning(unit=refusal.unit)
        spent = _of(cost, learning.unit)
        rate = _rate(refusal, learning, spent, now)
        if rate is None:
            self._window = 1.0
            return
        rate *= LEARNED_SAFETY
        level = spent - rate * delay if delay is not None else 0.0  # room for this call when the delay is over
        learning.bucket = Bucket(rate, spent, level, now)
        learning.grown_at = now
        self._window = float("inf")

    def _grow(self, now: float) -> None:
        learning = self._learning
        if learning.bucket:
            learning.bucket.per_second *= 1 + GROWTH_PER_S * (now - learning.grown_at)
            learning.grown_at = now


def _rate(refusal: Refusal, learning: _Learning, spent: float, now: float) -> float | None:
    """Units a second: as named, else from what was let through since the quota was empty, else half of before."""
    if refusal.per_minute is not None:
        return refusal.per_minute / 60
    if refusal.retry_after_s is not None:
        sample_s = 0.0 if learning.empty_at is None else now + refusal.retry_after_s - learning.empty_at
        return (learning.taken + spent) / sample_s if sample_s >= SHORTEST_SAMPLE_S else None
    return learning.bucket.per_second * BACKOFF if learning.bucket else None


def _full_bucket(per_minute: float, burst_s: float, now: float) -> Bucket:
    per_second = per_minute / 60 * SAFETY
    return Bucket(per_second, per_second * burst_s, per_second * burst_s, now)


def _of(cost: Cost, unit: str) -> float:
    return cost.tokens if unit == "tokens" else cost.requests


_paces: weakref.WeakValueDictionary[Hashable, Pace] = weakref.WeakValueDictionary()
_paces_lock = threading.Lock()


def shared_pace(key: Hashable) -> Pace:
    """The pace of `key` (a project and a model) in this process: one, as long as anybody holds it."""
    with _paces_lock:
        return _paces.setdefault(key, Pace())


def _begin_anew_in_child() -> None:
    """A forked child shares the quota, but not what is in flight: it learns its own pace."""
    global _paces_lock  # the old one may be held by a thread that the child does not have
    _paces_lock = threading.Lock()
    _paces.clear()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_begin_anew_in_child)
