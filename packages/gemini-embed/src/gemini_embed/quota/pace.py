"""Admits calls at the pace that a project has for a model, whatever thread or loop they live on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from gemini_embed.quota.bucket import Bucket
from gemini_embed.quota.day import DayQuota
from gemini_embed.quota.in_flight import InFlight
from gemini_embed.quota.learning import LearnedRate
from gemini_embed.quota.limits import Cost, RateLimits
from gemini_embed.quota.refusal import Refusal

SAFETY = 0.99
"""Share of a told rate that is used: the service's clock and ours are not the same."""
SHORTEST_WAIT_S = 0.001
LONGEST_PAUSE_S = 60.0
"""Where a refusal tells no delay the pause is 1 s, and doubles until a call is answered; none is longer than this."""

Reason = Literal["quota", "pace"]
"""Why a call waits: a refusal closed the quota, or it keeps a rate that was told or learned."""


@dataclass(frozen=True)
class Ticket:
    """Leave to start one call. `probe`: it goes alone after a refusal. `epoch`: how many refusals came before it."""

    cost: Cost
    at: float
    probe: bool
    epoch: int


@dataclass(frozen=True)
class Hold:
    """Ask again after `seconds` (None: it depends on others), or when woken."""

    seconds: float | None
    reason: Reason


class Pace:
    """Admits calls. With told limits it keeps them; what it is not told it learns, and keeps.

    Pure but for a lock: time is passed in, in seconds of a monotonic clock.
    """

    def __init__(self, model: str = "") -> None:
        self.day = DayQuota(model)
        self._lock = threading.Lock()
        self._limits: RateLimits | None = None
        self._is_shared = False
        self._told: dict[str, Bucket] = {}
        self._learned: dict[str, LearnedRate] = {}
        self._in_flight = InFlight()
        self._under_way = 0
        self._busy_until = float("-inf")
        self._closed_until = float("-inf")
        self._epoch = 0
        self._refused_in_a_row = 0
        self._must_probe = False
        self._is_probing = False
        self._line: dict[Callable[[], object], None] = {}
        self._first_until = float("-inf")

    def tell(self, limits: RateLimits, now: float) -> None:
        """Keep these limits from now on; told twice they change nothing, so that objects can share them. Nothing does
        where the process keeps a share."""
        with self._changing():
            if limits != self._limits and not self._is_shared:
                self._keep(limits, now)

    def share(self, limits: RateLimits, now: float) -> int:
        """Keep this share of the project's limits, which several processes use together; what is left of the one before
        is left in proportion. Returns how often calls were refused, of which those that were under way together count
        once."""
        with self._changing():
            if limits != self._limits:
                left = {unit: bucket.filled(now) for unit, bucket in self._told.items()} if self._is_shared else {}
                self._keep(limits, now)
                for unit, bucket in self._told.items():
                    bucket.take(bucket.capacity * (1 - left.get(unit, 1.0)), now)
            self._is_shared = True
            return self._epoch

    def _keep(self, limits: RateLimits, now: float) -> None:
        self._limits = limits
        self._in_flight.open()
        per_minute = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
        self._told = {u: _full_bucket(rate, limits.burst_s, now) for u, rate in per_minute.items() if rate}
        self.day.tell(limits.requests_per_day)

    def cost(self, items: int, tokens: float) -> Cost:
        """What a call of so many contents takes."""
        counts_items = self._limits is None or self._limits.count_items
        return Cost(items if counts_items else 1, tokens)

    def admit(self, cost: Cost, now: float, wake: Callable[[], object]) -> Ticket | Hold:
        """A ticket: the call may start now, and is counted. Else `wake` is called when it may pay to ask again.

        First come, first served, or many small calls would overtake a large one for ever. `wake` is a place in line: a
        call asks with the same one until it has its ticket, or leaves.
        """
        with self._lock:
            self._line.setdefault(wake)
            if next(iter(self._line)) is not wake:
                return self._behind(now)
            hold = self._hold(cost, now)
            if hold is None:
                self._step_out(wake)
                return self._start(cost, now)
            if hold.seconds is not None:
                self._first_until = now + hold.seconds
                self._busy_until = max(self._busy_until, self._first_until)
            return hold

    def leave(self, wake: Callable[[], object]) -> None:
        """Nobody waits with this `wake` any more."""
        with self._lock:
            self._step_out(wake)

    def answered(self, ticket: Ticket, now: float) -> None:
        """A call came back with vectors."""
        with self._changing():
            self._end(ticket, now)
            self._refused_in_a_row = 0
            if ticket.probe:
                self._must_probe = False
            elif ticket.epoch == self._epoch:
                self._in_flight.answered()
            for learned in self._learned.values():
                learned.answered(now)

    def failed(self, ticket: Ticket, now: float) -> None:
        """A call ended otherwise, for a reason that is not the quota."""
        with self._changing():
            self._end(ticket, now)

    def counted(self, ticket: Ticket, tokens: float, now: float) -> None:
        """The service told how many tokens a call had; it was let in by an estimate."""
        with self._changing():
            for taken_from in (self._told.get("tokens"), self._learned.get("tokens")):
                if taken_from:
                    taken_from.take(tokens - ticket.cost.tokens, now)

    def refused(self, ticket: Ticket, refusal: Refusal, now: float) -> float:
        """A call met a quota. The seconds for which nothing starts; then one call probes before the rest follows."""
        with self._changing():
            self._end(ticket, now)
            for learned in self._learned.values():
                learned.not_counted(ticket.cost, ticket.epoch, now)
            if ticket.epoch == self._epoch:  # of several that were under way, the first one tells
                learned = self._learned.setdefault(refusal.unit, LearnedRate(refusal.unit, self._epoch))
                learned.refused(ticket.cost, refusal, (ticket.at + now) / 2)  # the service said it in between
                self._in_flight.refused(self._under_way + 1)
                self._epoch += 1
                self._refused_in_a_row += 1
            # A told 0 is no reason to hammer, and a told hour none to hang: what waits asks again after a minute.
            delay = refusal.retry_after_s or 2.0 ** min(max(self._refused_in_a_row - 1, 0), 6)
            self._must_probe = True
            self._closed_until = max(self._closed_until, now + min(delay, LONGEST_PAUSE_S))
            return self._closed_until - now

    def _step_out(self, wake: Callable[[], object]) -> None:
        """The next in line is first now."""
        if wake in self._line:
            was_first = next(iter(self._line)) is wake
            del self._line[wake]
            if was_first:
                self._first_until = float("-inf")
                self._wake_first()

    def _wake_first(self) -> None:
        while self._line:
            wake = next(iter(self._line))
            try:
                wake()
            except RuntimeError:  # its loop is closed: nobody is there any more
                del self._line[wake]
            else:
                return

    def _behind(self, now: float) -> Hold:
        """Somebody was first, who waits at least so long."""
        is_closed = now < self._closed_until or self._is_probing
        seconds = self._first_until - now
        return Hold(seconds if seconds > 0 else None, "quota" if is_closed else "pace")

    def _hold(self, cost: Cost, now: float) -> Hold | None:
        if now < self._closed_until:
            return Hold(max(self._closed_until - now, SHORTEST_WAIT_S), "quota")
        if self._is_probing:
            return Hold(None, "quota")
        waits = [bucket.wait(cost.of(unit), now) for unit, bucket in self._told.items()]
        if not self._must_probe:  # a probe was told to wait until there is room for it
            waits += [self._in_flight.wait(self._under_way, now)]
            waits += [rate.wait(cost, now) for rate in self._learned.values()]
        seconds = max(waits, default=0.0)
        if seconds <= 0:
            return None
        return Hold(max(seconds, SHORTEST_WAIT_S) if isfinite(seconds) else None, "pace")

    def _start(self, cost: Cost, now: float) -> Ticket:
        if self._must_probe:
            self._is_probing = True
            self._conclude(now)
        rested_s = max(0.0, now - self._busy_until) if not self._under_way else 0.0
        for unit, bucket in self._told.items():
            bucket.take(cost.of(unit), now)
        for rate in self._learned.values():
            rate.started(cost, now, rested_s)
        self._in_flight.started(self._under_way, now)
        self._under_way += 1
        return Ticket(cost, now, self._must_probe, self._epoch)

    def _conclude(self, now: float) -> None:
        for rate in self._learned.values():
            rate.conclude(now, self._epoch)
        if any(rate.bucket for rate in self._learned.values()):
            self._in_flight.open()

    def _end(self, ticket: Ticket, now: float) -> None:
        self._under_way -= 1
        self._busy_until = max(self._busy_until, now)
        if ticket.probe:
            self._is_probing = False

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Under the lock; afterwards the first in line asks again, woken under it, so that nobody is who left."""
        with self._lock:
            yield
            self._wake_first()


def _full_bucket(per_minute: float, burst_s: float, now: float) -> Bucket:
    per_second = per_minute / 60 * SAFETY
    return Bucket(per_second, per_second * burst_s, per_second * burst_s, now)
