"""The pace, against a simulated service: what it is told it keeps, what it is not told it learns."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from gemini_embed import ConfigurationError
from gemini_embed.quota import Cost, Hold, Pace, RateLimits, Refusal, Ticket, refusal_of
from gemini_embed.quota.bucket import Bucket
from gemini_embed.quota.limits import TIERS
from gemini_embed.service.refusals import api_error

TOKENS_A_CALL = 5000.0
LATENCY_S = 0.05
REFUSAL_S = 0.01


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


@dataclass
class Moody:
    """No quota at all: one call in twenty is refused for a second, whatever the pace."""

    accepted: int = 0
    refused: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311  # a script of faults, not a secret

    def call(self, now: float) -> Refusal | None:
        if self.chance.random() < 0.05:
            self.refused += 1
            return Refusal(1.0, "requests")
        self.accepted += 1
        return None


@dataclass
class Simulation:
    """Workers that always have a next call; a refused one is tried again."""

    pace: Pace
    service: Any
    workers: int
    end: float

    def __post_init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._asked = [0] * self.workers
        self._wakes = [partial(self._woken, worker) for worker in range(self.workers)]
        self._events: list[tuple[float, int, Callable[[float], None]]] = []

    def run(self, begin: float) -> None:
        for worker in range(self.workers):
            self._later(begin, self._ask, worker)
        while self._events:
            self._now, _, act = heapq.heappop(self._events)
            act(self._now)

    def _later(self, at: float, act: Callable[..., None], *args: Any) -> None:
        heapq.heappush(self._events, (at, next(self._order), lambda now: act(now, *args)))

    def _ask(self, now: float, worker: int, asked: int | None = None) -> None:
        if now > self.end:
            self.pace.leave(self._wakes[worker])
        if now > self.end or asked not in (None, self._asked[worker]):
            return  # over, or woken before its time
        self._asked[worker] = number = self._asked[worker] + 1
        admitted = self.pace.admit(Cost(100, TOKENS_A_CALL), now, self._wakes[worker])
        if isinstance(admitted, Hold):
            if admitted.seconds is not None:
                self._later(now + admitted.seconds, self._ask, worker, number)
            return
        refusal = self.service.call(now)
        if refusal is None:
            self._later(now + LATENCY_S, self._answered, worker, admitted)
        else:
            self._later(now + REFUSAL_S, self._refused, worker, admitted, refusal)

    def _woken(self, worker: int) -> None:
        self._later(self._now, self._ask, worker, self._asked[worker])

    def _answered(self, now: float, worker: int, ticket: Ticket) -> None:
        self.pace.answered(ticket, now)
        self._later(now, self._ask, worker)

    def _refused(self, now: float, worker: int, ticket: Ticket, refusal: Refusal) -> None:
        self.pace.refused(ticket, refusal, now)
        self._later(now + (refusal.retry_after_s or 1.0) * 1.05, self._ask, worker)


def simulate(pace: Pace, service: Any, *, workers: int, seconds: float, begin: float = 0.0) -> None:
    """So many workers from `begin` on; nothing is left under way when they end."""
    simulation = Simulation(pace, service, workers, begin + seconds)
    simulation.run(begin)


def admitted(pace: Pace, cost: Cost, now: float) -> Ticket:
    ticket = pace.admit(cost, now, _nobody)
    assert isinstance(ticket, Ticket)
    return ticket


def held(pace: Pace, cost: Cost, now: float) -> Hold:
    hold = pace.admit(cost, now, _nobody)
    assert isinstance(hold, Hold)
    return hold


def _nobody() -> None:
    """Wakes nobody."""


@pytest.mark.parametrize("workers", [1, 8, 16])
def test_told_limits_are_used_and_never_exceeded(workers: int) -> None:
    pace, service = Pace(), Service()
    pace.tell(RateLimits(tokens_per_minute=100_000), 0.0)

    simulate(pace, service, workers=workers, seconds=60)

    assert service.refused == 0
    assert service.accepted * TOKENS_A_CALL >= 0.96 * 100_000 * 70 / 60  # the minute and the burst before it


@pytest.mark.parametrize("workers", [1, 8, 16])
@pytest.mark.parametrize("seconds", [120, 1200])
def test_a_limit_nobody_told_is_learned(workers: int, seconds: float) -> None:
    pace, service = Pace(), Service()

    simulate(pace, service, workers=workers, seconds=seconds)

    assert service.refused <= 2 + 0.03 * service.accepted * (seconds > 120)
    assert service.accepted * TOKENS_A_CALL >= 0.95 * 100_000 * (seconds + 10) / 60


def test_a_refusal_without_a_delay_slows_down_too() -> None:
    pace, service = Pace(), Service(told_delay=False)

    simulate(pace, service, workers=8, seconds=60)

    assert service.accepted >= 13  # 23 at the most
    assert service.refused <= 9


def test_a_quota_that_is_raised_is_found() -> None:
    pace, service = Pace(), Service()
    simulate(pace, service, workers=8, seconds=60)
    service.per_second, service.accepted = 10 * service.per_second, 0

    simulate(pace, service, workers=2, seconds=900, begin=60)

    assert service.accepted * TOKENS_A_CALL >= 0.5 * 1_000_000 * 900 / 60  # half of it lost while it is found


def test_a_quota_that_is_cut_is_learned_anew() -> None:
    pace, service = Pace(), Service(burst_s=40)
    simulate(pace, service, workers=8, seconds=60)
    service.per_second, service.accepted, service.refused = service.per_second / 4, 0, 0

    simulate(pace, service, workers=8, seconds=300, begin=60)

    assert service.refused <= 5
    assert service.accepted * TOKENS_A_CALL >= 0.85 * 25_000 * 300 / 60


def test_refusals_that_are_no_quota_leave_no_pace_behind() -> None:
    """Each would lower a learned rate a little more; what is left is the pauses that they ask for."""
    pace, service = Pace(), Moody()

    simulate(pace, service, workers=8, seconds=300)

    assert service.accepted >= 300 / (1 + 20 * LATENCY_S / 4) * 20 * 0.5


@dataclass
class Passing:
    """No quota: the first call after each of these times is refused, with this delay told."""

    at: list[float]
    delay_s: float | None
    unit: str = "requests"
    answered: list[float] = field(default_factory=list)

    def call(self, now: float) -> Refusal | None:
        if self.at and now >= self.at[0]:
            self.at.pop(0)
            return Refusal(self.delay_s, self.unit)
        self.answered.append(now)
        return None

    def rate(self, begin: float, end: float) -> float:
        """Calls a second that were let through."""
        return sum(begin <= at < end for at in self.answered) / (end - begin)


@pytest.mark.parametrize("delay_s", [None, 0.2, 2.0], ids=["no-delay-told", "short-delay", "long-delay"])
@pytest.mark.parametrize("workers", [1, 4, 8])
@pytest.mark.parametrize(
    "times",
    [[5.0], [5.0, 5.0], [5.0, 8.0], [5.0, 10.0], [5.0, 8.0, 11.0], [5.0, 9.0, 13.0, 17.0]],
    ids=["one", "two-in-a-row", "three-seconds-apart", "five-seconds-apart", "three", "four"],
)
def test_after_refusals_that_pass_the_former_pace_comes_back(
    times: list[float], workers: int, delay_s: float | None
) -> None:
    """More than half of it within 15 s. The rate that was measured between them is put to the trial."""
    pace, service = Pace(), Passing([*times], delay_s)
    simulate(pace, service, workers=workers, seconds=40)

    assert not service.at
    assert service.rate(times[-1] + 10, times[-1] + 15) >= 0.5 * service.rate(0, 5)


def test_a_quota_that_tells_no_delay_is_tried_once() -> None:
    """And then kept: the second sample agrees with the first."""
    pace, service = Pace(), Service(told_delay=False)
    simulate(pace, service, workers=8, seconds=120)
    service.accepted = service.refused = 0

    simulate(pace, service, workers=8, seconds=120, begin=120)

    assert service.refused <= 3
    assert service.accepted * TOKENS_A_CALL >= 0.8 * 100_000 * 2


def test_a_rate_that_is_refused_while_it_is_kept_is_given_up() -> None:
    """The refusal tells a delay, so the rate was exact: this is no quota that a lower rate would meet."""
    pace, service, passing = Pace(), Service(), Passing([121.0], 2.0, "tokens")
    simulate(pace, service, workers=8, seconds=120)

    simulate(pace, passing, workers=8, seconds=40, begin=120)

    assert not passing.at
    assert passing.rate(125, 140) >= 20 * service.accepted / 120


def test_rests_are_not_taken_for_a_slow_quota() -> None:
    pace, service = Pace(), Service()
    for hour in range(4):
        simulate(pace, service, workers=8, seconds=20, begin=hour * 3600)
    service.accepted = 0

    simulate(pace, service, workers=8, seconds=60, begin=4 * 3600)

    assert service.accepted * TOKENS_A_CALL >= 0.8 * 100_000


def test_four_at_once_then_more_when_they_are_answered() -> None:
    pace = Pace()
    one = Cost(1, 1)
    tickets = [admitted(pace, one, 0.0) for _ in range(4)]
    assert held(pace, one, 0.0).seconds == pytest.approx(0.5)  # one more, should the answers take long

    for ticket in tickets:
        pace.answered(ticket, 0.05)

    starts = [admitted(pace, one, 0.05 + 0.01 * i) for i in range(8)]
    assert len(starts) == 8
    assert held(pace, one, 0.13).reason == "pace"


def test_refusals_of_calls_that_were_under_way_together_double_no_pause() -> None:
    pace = Pace()
    tickets = [admitted(pace, Cost(1, 1), i * 0.5) for i in range(8)]

    waits = [pace.refused(ticket, Refusal(None, "requests"), 4.0) for ticket in tickets]

    assert waits == [1.0] * 8
    probe = admitted(pace, Cost(1, 1), 5.0)
    assert pace.refused(probe, Refusal(None, "requests"), 5.0) == 2.0


def test_no_herd_after_a_wait() -> None:
    """One call probes; the others are woken when it was answered."""
    pace, woken = Pace(), list[Any]()
    pace.refused(admitted(pace, Cost(1, 1), 0.0), Refusal(5.0, "requests"), 0.0)

    hold = held(pace, Cost(1, 1), 1.0)
    assert hold.seconds == pytest.approx(4.0)
    assert hold.reason == "quota"
    probe = admitted(pace, Cost(1, 1), 5.0)
    wake = partial(woken.append, True)
    assert pace.admit(Cost(1, 1), 5.0, wake) == Hold(None, "quota")
    assert not woken
    pace.answered(probe, 5.1)
    assert woken
    assert isinstance(pace.admit(Cost(1, 1), 5.1, wake), Ticket)


def test_first_come_first_served_whatever_the_size() -> None:
    """An application's queries, 97 a minute, beside batches that want all of a minute's quota: each has its turn."""
    pace, now, let_in = Pace(), 0.0, {"batch": 0, "query": 0}
    pace.tell(RateLimits(requests_per_minute=100), now)
    wakes = {"batch": lambda: None, "query": lambda: None}
    costs = {"batch": Cost(100, 1000), "query": Cost(1, 10)}
    wanted_at = dict.fromkeys(let_in, 0.0)
    while now < 3600:
        for who in ("query", "batch"):
            if now >= wanted_at[who] and isinstance(ticket := pace.admit(costs[who], now, wakes[who]), Ticket):
                let_in[who] += 1
                wanted_at[who] = now + (0.62 if who == "query" else 0)
                pace.answered(ticket, now)
        now += 0.05

    assert let_in["batch"] >= 55
    assert let_in["query"] >= 55


def test_the_next_in_line_is_woken_when_the_first_leaves() -> None:
    pace, woken = Pace(), list[Any]()
    pace.refused(admitted(pace, Cost(1, 1), 0.0), Refusal(5.0, "requests"), 0.0)
    wakes = [partial(woken.append, number) for number in range(3)]
    seconds = [pace.admit(Cost(1, 1), 1.0, wake) for wake in wakes]
    assert seconds == [Hold(4.0, "quota")] * 3
    pace.leave(wakes[1])
    assert woken == []
    pace.leave(wakes[0])
    assert woken == [2]


def test_a_place_in_line_whose_loop_is_closed_is_passed_over() -> None:
    pace, woken = Pace(), list[Any]()
    pace.refused(admitted(pace, Cost(1, 1), 0.0), Refusal(5.0, "requests"), 0.0)

    def closed() -> None:
        raise RuntimeError("Event loop is closed")

    for wake in (_nobody, closed, partial(woken.append, True)):
        pace.admit(Cost(1, 1), 1.0, wake)
    pace.leave(_nobody)
    assert woken == [True]


def test_who_left_is_not_woken() -> None:
    pace, woken = Pace(), list[Any]()
    ticket = admitted(pace, Cost(1, 1), 0.0)
    pace.refused(ticket, Refusal(5.0, "requests"), 0.0)

    def wake() -> None:
        woken.append(True)

    pace.admit(Cost(1, 1), 1.0, wake)
    pace.leave(wake)
    pace.answered(admitted(pace, Cost(1, 1), 5.0), 5.1)

    assert not woken


def test_a_probe_that_fails_for_another_reason_is_followed_by_another() -> None:
    pace = Pace()
    pace.refused(admitted(pace, Cost(1, 1), 0.0), Refusal(5.0, "requests"), 0.0)
    pace.failed(admitted(pace, Cost(1, 1), 5.0), 5.1)

    assert admitted(pace, Cost(1, 1), 5.2).probe


def test_a_named_limit_is_believed_at_once() -> None:
    pace = Pace()
    pace.refused(admitted(pace, Cost(100, 0), 0.0), Refusal(10.0, "requests", per_minute=100), 0.0)
    pace.answered(admitted(pace, Cost(100, 0), 10.0), 10.1)

    hold = held(pace, Cost(100, 0), 10.1)

    assert hold.seconds == pytest.approx(60 / 0.97 - 0.1, abs=1.0)
    assert hold.reason == "pace"


def test_both_quotas_are_learned_side_by_side() -> None:
    pace = Pace()
    pace.refused(admitted(pace, Cost(10, 1000), 0.0), Refusal(1.0, "requests", per_minute=60), 0.0)
    pace.answered(admitted(pace, Cost(10, 1000), 1.0), 1.1)
    pace.refused(admitted(pace, Cost(10, 1000), 12.0), Refusal(1.0, "tokens", per_minute=1000), 12.0)
    pace.answered(admitted(pace, Cost(10, 1000), 13.0), 13.1)

    assert held(pace, Cost(1, 1000), 13.1).seconds == pytest.approx(60 / 0.97, rel=0.05)
    assert held(pace, Cost(10, 0), 13.1).seconds == pytest.approx(10 / 0.97 - 1.1, rel=0.05)  # rested before


def test_tokens_the_service_counted_correct_the_estimate() -> None:
    pace = Pace()
    pace.tell(RateLimits(tokens_per_minute=6000, burst_s=60), 0.0)
    ticket = admitted(pace, Cost(1, 5000), 0.0)
    pace.answered(ticket, 0.0)
    held(pace, Cost(1, 5000), 0.0)

    pace.counted(ticket, 100, 0.0)

    admitted(pace, Cost(1, 5000), 0.0)


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
        pytest.param({"requests_per_day": 0}, id="no-day"),
        pytest.param({"burst_s": 0}, id="no-burst"),
    ],
)
def test_limits_are_positive(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="positive"):
        RateLimits(**limits)


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        pytest.param(RateLimits(), None, id="unknown"),
        pytest.param(RateLimits(requests_per_minute=30), 30, id="a-minutes"),
        pytest.param(RateLimits(requests_per_minute=30, requests_per_day=20), 20, id="a-days"),
        pytest.param(RateLimits(requests_per_minute=30, requests_per_day=20, count_items=False), None, id="calls"),
    ],
)
def test_contents_of_one_call(limits: RateLimits, most: int | None) -> None:
    assert limits.max_items == most


def test_tiers_by_name() -> None:
    assert RateLimits.of("free") is TIERS["free"]
    assert RateLimits.of(None) is None
    with pytest.raises(ConfigurationError, match="known tiers are free, tier1"):
        RateLimits.of("gold")
