"""The pace, against a simulated service: what it is told it keeps, what it is not told it learns."""

import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from gemini_embed import ConfigurationError
from gemini_embed.pacing import api_error
from gemini_embed.quota import TIERS, Bucket, Cost, Pace, RateLimits, Refusal, Ticket, refusal_of

TOKENS_A_CALL = 5000.0
LATENCY_S = 0.05


@dataclass
class Service:
    """100,000 tokens a minute in a bucket of 10 s, as a token bucket that says exactly how long to wait."""

    per_second: float = 100_000 / 60
    burst_s: float = 10.0
    told_delay: bool = True
    level: float = field(init=False)
    at: float = 0.0
    accepted: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.level = self.per_second * self.burst_s

    def call(self, now: float) -> Refusal | None:
        self.level = min(self.per_second * self.burst_s, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level >= TOKENS_A_CALL:
            self.level -= TOKENS_A_CALL
            self.accepted += 1
            return None
        self.refused += 1
        delay = (TOKENS_A_CALL - self.level) / self.per_second
        return Refusal(delay if self.told_delay else None, "tokens")


def simulate(pace: Pace, service: Service, *, workers: int, seconds: float) -> list[float]:
    """Workers that always have a next call. The times at which calls started."""
    order = itertools.count()
    events: list[tuple[float, int, str, Any]] = [(0.0, next(order), "ask", None) for _ in range(workers)]
    starts = []
    while events:
        now, _, what, ticket = heapq.heappop(events)
        if now > seconds:
            break
        if what == "answered":
            pace.answered(ticket, now)
            heapq.heappush(events, (now, next(order), "ask", None))
        elif isinstance(admitted := pace.admit(Cost(100, TOKENS_A_CALL), now), Ticket):
            starts.append(now)
            refusal = service.call(now)
            if refusal is None:
                heapq.heappush(events, (now + LATENCY_S, next(order), "answered", admitted))
            else:
                wait = pace.refused(admitted, refusal, now)
                heapq.heappush(events, (now + wait, next(order), "ask", None))
        else:
            heapq.heappush(events, (now + admitted, next(order), "ask", None))
    return starts


@pytest.mark.parametrize("workers", [1, 8, 16])
def test_told_limits_are_used_and_never_exceeded(workers: int) -> None:
    pace, service = Pace(), Service()
    pace.tell(RateLimits(tokens_per_minute=100_000), 0.0)

    simulate(pace, service, workers=workers, seconds=60)

    assert service.refused == 0
    assert service.accepted * TOKENS_A_CALL >= 0.96 * 100_000 * 70 / 60  # the minute and the burst before it


@pytest.mark.parametrize("workers", [1, 8, 16])
def test_a_limit_nobody_told_is_learned_from_two_refusals(workers: int) -> None:
    pace, service = Pace(), Service()

    simulate(pace, service, workers=workers, seconds=60)

    assert service.refused <= 3
    assert service.accepted * TOKENS_A_CALL >= 0.93 * 100_000 * 70 / 60


def test_a_refusal_without_a_delay_slows_down_too() -> None:
    pace, service = Pace(), Service(told_delay=False)

    simulate(pace, service, workers=8, seconds=60)

    assert service.accepted >= 15  # 23 at the most
    assert service.refused <= 45  # there is no rate to be told from such refusals, but pauses that double


def test_refusals_of_calls_that_were_under_way_together_double_no_pause() -> None:
    pace = Pace()
    tickets = [pace.admit(Cost(1, 1), i * 0.01) for i in range(8)]

    waits = [pace.refused(ticket, Refusal(None, "requests"), 1.0) for ticket in tickets if isinstance(ticket, Ticket)]

    assert waits == [1.0] * 8
    probe = pace.admit(Cost(1, 1), 2.0)
    assert isinstance(probe, Ticket)
    assert pace.refused(probe, Refusal(None, "requests"), 2.0) == 2.0


def test_no_herd_after_a_wait() -> None:
    """One call probes; the others follow when it was answered."""
    pace = Pace()
    ticket = pace.admit(Cost(1, 1), 0.0)
    assert isinstance(ticket, Ticket)
    pace.refused(ticket, Refusal(5.0, "requests"), 0.0)

    assert pace.admit(Cost(1, 1), 1.0) == pytest.approx(4.0)
    probe = pace.admit(Cost(1, 1), 5.0)
    assert isinstance(probe, Ticket)
    assert isinstance(pace.admit(Cost(1, 1), 5.0), float)
    pace.answered(probe, 5.1)
    assert isinstance(pace.admit(Cost(1, 1), 5.1), Ticket)


def test_a_named_limit_is_believed_at_once() -> None:
    pace = Pace()
    first = pace.admit(Cost(100, 0), 0.0)
    assert isinstance(first, Ticket)
    pace.refused(first, Refusal(10.0, "requests", per_minute=100), 0.0)
    probe = pace.admit(Cost(100, 0), 10.0)
    assert isinstance(probe, Ticket)
    pace.answered(probe, 10.1)

    wait = pace.admit(Cost(100, 0), 10.1)

    assert wait == pytest.approx(60 / 0.97 - 0.1, abs=1.0)


def test_tokens_the_service_counted_correct_the_estimate() -> None:
    pace = Pace()
    pace.tell(RateLimits(tokens_per_minute=6000, burst_s=60), 0.0)
    ticket = pace.admit(Cost(1, 5000), 0.0)
    assert isinstance(ticket, Ticket)
    pace.answered(ticket, 0.0)
    assert isinstance(pace.admit(Cost(1, 5000), 0.0), float)

    pace.counted(ticket, 100, 0.0)

    assert isinstance(pace.admit(Cost(1, 5000), 0.0), Ticket)


def test_a_call_larger_than_the_bucket_is_let_through_and_leaves_a_debt() -> None:
    bucket = Bucket(per_second=1.0, capacity=10.0, level=10.0, now=0.0)
    assert bucket.wait(100, 0.0) == 0.0
    bucket.take(100, 0.0)
    assert bucket.wait(100, 0.0) == pytest.approx(100.0)


REFUSALS = [
    pytest.param({}, Refusal(None, "requests"), id="nothing-told"),
    pytest.param(
        {"quotaMetric": "x/embed_content_free_tier_requests", "quotaId": "RequestsPerMinute", "quotaValue": "100"},
        Refusal(None, "requests", 100.0),
        id="requests-with-value",
    ),
    pytest.param(
        {"quotaMetric": "x/embed_content_input_tokens", "quotaId": "TokensPerMinute", "quotaValue": "30000"},
        Refusal(None, "tokens", 30_000.0),
        id="tokens-with-value",
    ),
    pytest.param(
        {"quotaMetric": "x/requests", "quotaId": "RequestsPerDay", "quotaValue": "1000"},
        Refusal(None, "requests"),
        id="a-value-per-day-is-no-rate",
    ),
    pytest.param(
        {"quotaMetric": "x/requests", "quotaId": "RequestsPerMinute", "quotaValue": "many"},
        Refusal(None, "requests"),
        id="a-value-that-is-no-number",
    ),
]


@pytest.mark.parametrize(("violation", "expected"), REFUSALS)
def test_what_a_429_tells(violation: dict[str, str], expected: Refusal) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}] if violation else []
    error = api_error(429, {"error": {"code": 429, "message": "no", "details": details}}, model="m")

    assert refusal_of(error, None) == expected  # type: ignore[arg-type]  # a 429 is a QuotaError


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"requests_per_minute": 0}, id="zero"),
        pytest.param({"tokens_per_minute": -1}, id="negative"),
        pytest.param({"burst_s": 0}, id="no-burst"),
    ],
)
def test_limits_are_positive(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="positive"):
        RateLimits(**limits)


def test_tiers_by_name() -> None:
    assert RateLimits.of("free") is TIERS["free"]
    assert RateLimits.of(None) is None
    with pytest.raises(ConfigurationError, match="known tiers are free, tier1"):
        RateLimits.of("gold")
