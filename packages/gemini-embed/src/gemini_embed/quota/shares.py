"""One quota for several processes: each that is at work keeps a share, and one that is heard of no more has none.

Calls never wait for whoever shares: a worker is told its share with each beat, and keeps it with the pace it has. Pure:
time is passed in, in seconds of any one clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

from gemini_embed.quota.limits import RateLimits

BEATS_TO_LIVE = 3
"""A worker that missed so many is gone, and the others have its share."""
BURST_S = 2.0
"""Seconds' worth of its share that a worker may use at once: workers come at any time, and each comes rested."""
LOWERED = 0.9
LEAST = 0.5
LOWERED_FOR_S = 10.0
RECOVERY_PER_S = 0.01
"""Where a worker is refused there are others on the project: all shares become smaller by a tenth, down to a half, and
grow again by a hundredth a second after ten seconds without a refusal."""


@dataclass
class QuotaShares:
    """Who is at work, and what each may use of `limits`.

    Attributes:
        workers: so many are expected: until they have all been heard of once, or have been waited for, none is given
            more than it will keep.
        beat_s: seconds between two beats of a worker.
    """

    limits: RateLimits
    workers: int = 1
    beat_s: float = 1.0
    heard: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    expected_until: float | None = None
    lowered: float = 1.0
    lowered_at: float = 0.0

    WAITED_FOR_S: ClassVar[float] = 60.0

    def beat(self, worker: str, refusals: int, now: float) -> RateLimits:
        """A worker is at work, and was refused so often since it began; what it may use from now on."""
        self._told(refusals - self.refusals.get(worker, 0), now)
        self.heard[worker], self.refusals[worker] = now, refusals
        if self.expected_until is None:
            self.expected_until = now + self.WAITED_FOR_S
        return self.share(now)

    def leave(self, worker: str) -> None:
        """A worker is not at work any more, or rests."""
        self.heard.pop(worker, None)

    def at_work(self, now: float) -> int:
        """How many are."""
        self.heard = {name: at for name, at in self.heard.items() if now - at <= BEATS_TO_LIVE * self.beat_s}
        return len(self.heard)

    def share(self, now: float) -> RateLimits:
        """What each may use."""
        workers = max(1, self.at_work(now))
        if self.expected_until is not None and now < self.expected_until and len(self.refusals) < self.workers:
            workers = max(workers, self.workers)
        part = self._factor(now) / workers
        return replace(self.limits.share(part), burst_s=min(self.limits.burst_s, BURST_S))

    def state(self) -> dict[str, Any]:
        """What `of` makes it of again, as JSON can keep it."""
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> QuotaShares:
        """As it was."""
        return cls(**{**state, "limits": RateLimits(**state["limits"])})

    def _factor(self, now: float) -> float:
        quiet_s = max(0.0, now - self.lowered_at - LOWERED_FOR_S)
        return min(1.0, self.lowered + RECOVERY_PER_S * quiet_s)

    def _told(self, new: int, now: float) -> None:
        if new > 0 and now - self.lowered_at >= self.beat_s:  # those of one beat tell of one moment
            self.lowered = max(LEAST, self._factor(now) * LOWERED)
            self.lowered_at = now
