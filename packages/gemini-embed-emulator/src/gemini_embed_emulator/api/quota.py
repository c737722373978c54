"""Quotas kept as token buckets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gemini_embed_emulator import errors
from gemini_embed_emulator.settings import Quota

_DAY_S = 86_400.0


@dataclass
class _Bucket:
    limit: int
    period_s: float
    level: float = field(init=False)
    filled_at: float | None = None

    def __post_init__(self) -> None:
        self.level = float(self.limit)

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` is there, 0.0 when it is; for more than the limit, until the bucket is full."""
        if self.filled_at is not None:
            self.level = min(self.limit, self.level + (now - self.filled_at) * self.limit / self.period_s)
        self.filled_at = now
        missing = amount - self.level if amount <= self.limit else max(self.limit - self.level, 1.0)
        return max(missing, 0.0) * self.period_s / self.limit


class QuotaKeeper:
    """Charges requests to a quota's buckets, one set for each quota and model."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[Quota, str], dict[str, _Bucket]] = {}

    def charge(self, quota: Quota, model: str, *, items: int, tokens: int, vertex: bool) -> None:
        """Take one request's share, or raise ApiError 429 and take nothing."""
        now = self._clock()
        buckets = self._buckets.setdefault((quota, model), _new_buckets(quota))
        requests = items if quota.count_items else 1
        amounts = {name: tokens if name == "tokens" else requests for name in buckets}
        waits = {name: bucket.wait_s(amounts[name], now) for name, bucket in buckets.items()}
        dry = max(waits, key=waits.__getitem__, default=None)
        if dry is not None and waits[dry] > 0:
            if vertex:
                raise errors.vertex_exhausted()
            raise errors.free_tier_exceeded(dry, model, buckets[dry].limit, waits[dry])
        for name, bucket in buckets.items():
            bucket.level -= amounts[name]

    def clear(self) -> None:
        """Forget what was used."""
        self._buckets.clear()


def _new_buckets(quota: Quota) -> dict[str, _Bucket]:
    wanted = {
        "minute": (quota.requests_per_minute, quota.minute_s),
        "tokens": (quota.tokens_per_minute, quota.minute_s),
        "day": (quota.requests_per_day, _DAY_S),
    }
    return {name: _Bucket(limit, period_s) for name, (limit, period_s) in wanted.items() if limit is not None}
