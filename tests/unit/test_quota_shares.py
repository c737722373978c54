"""One quota for several processes: what each may use, as a table of who was heard of and when."""

from __future__ import annotations

import json

import pytest
from gemini_embed import RateLimits
from gemini_embed.quota import Hold, Pace, QuotaShares

LIMITS = RateLimits(requests_per_minute=30_000, tokens_per_minute=6e6, requests_per_day=10_000)


def _told(shares: QuotaShares, worker: str, now: float, refusals: int = 0) -> float:
    """Requests a minute that a worker is told with a beat."""
    return shares.beat(worker, refusals, now).requests_per_minute or 0.0


def test_all_limits_are_shared() -> None:
    shares = QuotaShares(LIMITS, workers=4)
    told = shares.beat("a", 0, 0.0)
    assert told == RateLimits(requests_per_minute=7500, tokens_per_minute=1.5e6, requests_per_day=2500, burst_s=2.0)
    assert LIMITS.share(1e-9).requests_per_minute == 1.0, "one call a minute is left"


def test_a_share_comes_back_when_its_worker_is_gone() -> None:
    shares = QuotaShares(LIMITS, workers=2)
    assert _told(shares, "a", 0.0) == 15_000, "the other is expected"
    assert _told(shares, "b", 0.5) == 15_000
    assert _told(shares, "a", 3.4) == 15_000, "b missed two beats"
    assert _told(shares, "a", 3.6) == 30_000, "and a third"
    assert _told(shares, "b", 4.0) == 15_000, "it was only slow"
    shares.leave("a")
    assert _told(shares, "b", 4.1) == 30_000, "who leaves need not be waited for"


def test_workers_that_never_come_are_waited_for_a_minute() -> None:
    shares = QuotaShares(LIMITS, workers=3)
    assert [_told(shares, "a", now) for now in (0.0, 59.0, 60.0)] == [10_000, 10_000, 30_000]


def test_a_refusal_of_one_lowers_all() -> None:
    shares = QuotaShares(LIMITS)
    assert _told(shares, "a", 100.0) == 30_000
    assert _told(shares, "b", 100.0, refusals=3) == pytest.approx(13_500)
    assert _told(shares, "a", 100.5, refusals=1) == pytest.approx(13_500), "of the same moment"
    assert _told(shares, "a", 110.0, refusals=1) == pytest.approx(27_000), "b is gone"
    assert _told(shares, "a", 115.0, refusals=1) == pytest.approx(28_500), "a hundredth a second"
    assert _told(shares, "a", 999.0, refusals=1) == 30_000
    for second in range(100):
        _told(shares, "a", 1000.0 + 2 * second, refusals=2 + second)
    assert _told(shares, "a", 1199.0, refusals=101) == pytest.approx(15_000), "never less than half"


def test_shares_go_through_json() -> None:
    shares = QuotaShares(LIMITS, workers=2, beat_s=5.0)
    _told(shares, "a", 1.0, refusals=1)
    assert QuotaShares.of(json.loads(json.dumps(shares.state()))) == shares


def test_a_pace_keeps_its_share_whatever_objects_tell_it() -> None:
    """What was used of a share is used of the next one, too, in proportion."""
    pace = Pace()
    pace.share(RateLimits(requests_per_minute=600, burst_s=10), 0.0)
    assert not isinstance(pace.admit(pace.cost(99, 0), 0.0, lambda: None), Hold), "99 of 99: all of the burst"
    pace.share(RateLimits(requests_per_minute=1200, burst_s=10), 0.0)
    pace.tell(RateLimits(requests_per_minute=60_000), 0.0)
    held = pace.admit(pace.cost(99, 0), 0.0, lambda: None)
    assert isinstance(held, Hold)
    assert held.seconds == pytest.approx(5.0), "at 19.8 a second"
