"""Quotas met on the wire: told limits are kept, refusals slow everyone down, and nothing is lost."""

import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from gemini_embed import (
    AuthenticationError,
    BudgetError,
    ConnectionFailedError,
    Embedder,
    QuotaError,
    QuotaUsedUpError,
    RateLimits,
    RetryPolicy,
)
from gemini_embed_emulator import Emulator, Fault, Quota

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"text {i}" for i in range(60)]
PATIENT = RetryPolicy(first_wait_s=0.05)
TWENTY_A_SECOND = Quota(requests_per_minute=40, minute_s=2.0)
TOLD = RateLimits(requests_per_minute=1200, burst_s=1.25)  # calls may come bunched; the service allows 2 s


def test_told_limits_are_kept(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """60 texts in calls of 5: the burst, then 20 a second; none is refused."""
    emulator.quota = TWENTY_A_SECOND

    values = make_embedder(dimensions=8, batch_size=5, rate_limits=TOLD).embed_documents(TEXTS).values

    assert len(emulator.requests) == len(TEXTS) / 5
    emulator.quota = None
    assert np.array_equal(values, make_embedder(dimensions=8).embed_documents(TEXTS).values)


def test_one_pace_for_all_objects_of_a_project(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.quota = TWENTY_A_SECOND
    first, second = (make_embedder(dimensions=8, batch_size=5, rate_limits=TOLD) for _ in range(2))

    first.embed_documents(TEXTS[:30])
    second.embed_documents(TEXTS[30:])

    assert len(emulator.requests) == len(TEXTS) / 5


def test_a_limit_nobody_told_is_learned(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """The refusal names 40 a minute, which here has 2 seconds: its pace is kept from then on."""
    emulator.quota = TWENTY_A_SECOND

    values = make_embedder(dimensions=8, batch_size=5, retry=PATIENT).embed_documents(TEXTS[:45]).values

    assert len(values) == 45
    assert len(emulator.requests) <= 9 + 3


def test_after_a_refusal_one_call_probes(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=1, retry=PATIENT)
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.5))
    emulator.latency_s = 0.2

    embedder.embed_documents(TEXTS[:8])

    times = sorted(request.time for request in emulator.requests)
    after = [moment for moment in times if moment > times[0] + 0.4]
    assert len(times) == 9
    assert len(after) == 1 or after[1] - after[0] >= 0.19  # others came when the probe was answered


def test_a_long_wait_for_the_quota_is_logged(make_embedder: MakeEmbedder, caplog: pytest.LogCaptureFixture) -> None:
    embedder = make_embedder(dimensions=8, batch_size=5, rate_limits=RateLimits(requests_per_minute=200, burst_s=1))
    with caplog.at_level(logging.INFO, "gemini_embed"):
        embedder.embed_documents(TEXTS[:10])
    assert "for the quota" in caplog.text


RESETS = r"midnight Pacific time, \d{4}-\d\d-\d\d 00:00 P[SD]T, in \d+ h \d+ min"


def test_a_days_quota_stops_at_once_and_keeps_what_is_finished(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=5, concurrency=1)
    emulator.quota = Quota(requests_per_day=20)

    with pytest.raises(QuotaUsedUpError, match=RESETS) as failed:
        embedder.embed_documents(TEXTS)

    assert failed.value.completed is not None
    assert list(failed.value.completed.positions) == list(range(20))
    assert len(emulator.requests) == 5
    assert failed.value.resets_at is not None
    assert timedelta() < failed.value.resets_at - datetime.now(UTC) <= timedelta(hours=25)


def test_after_a_days_quota_other_calls_fail_without_a_request_and_do_not_wait(
    make_embedder: MakeEmbedder, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Other objects of the process too: it is the project's quota."""
    embedder, other = make_embedder(dimensions=8), make_embedder(dimensions=8)
    emulator.quota = Quota(requests_per_day=1)
    embedder.embed_query("the day's only one")
    with pytest.raises(QuotaUsedUpError):
        embedder.embed_query("x")

    with caplog.at_level(logging.INFO, "gemini_embed"):
        for caller in (embedder, other):
            with pytest.raises(QuotaUsedUpError, match="not sent, since a call was refused just before"):
                caller.embed_query("x")

    assert len(emulator.requests) == 2
    assert "for the quota" not in caplog.text  # the refusal names 45 s


def test_a_told_day_is_counted_over_all_objects_of_a_project(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    limits = RateLimits(requests_per_day=30)
    first, second = (make_embedder(dimensions=8, batch_size=5, concurrency=1, rate_limits=limits) for _ in range(2))
    first.embed_documents(TEXTS[:10])

    with pytest.raises(QuotaUsedUpError, match=r"not sent: 30 of requests_per_day=30 are used") as failed:
        second.embed_documents(TEXTS[10:])

    assert "waiting for seconds does not help" in str(failed.value)
    assert failed.value.completed is not None
    assert list(failed.value.completed.positions) == list(range(20))
    assert list(failed.value.positions) == list(range(20, 25))
    assert len(emulator.requests) == 6, "what there is no room for is not sent"


def test_an_object_made_anew_counts_on(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    limits = RateLimits(requests_per_day=2)
    for _ in range(2):
        with make_embedder(dimensions=8, rate_limits=limits) as embedder:
            embedder.embed_query("x")

    with pytest.raises(QuotaUsedUpError):
        make_embedder(dimensions=8, rate_limits=limits).embed_query("x")

    assert len(emulator.requests) == 2


def test_no_money_stops_at_once(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    message = "Your prepayment credits are depleted. Please go to AI Studio to manage your project."
    emulator.faults.push(None, Fault.status(429, message, retry_delay_s=30))

    with pytest.raises(QuotaUsedUpError, match="spend limit") as failed:
        make_embedder(dimensions=8, batch_size=5, concurrency=1).embed_documents(TEXTS)

    assert failed.value.resets_at is None
    assert failed.value.completed is not None
    assert len(failed.value.completed.positions) == 5
    assert len(emulator.requests) == 2


@pytest.mark.slow  # the refusal names a rate a minute, and it is kept
def test_a_minutes_quota_in_the_middle_of_a_job_is_waited_for(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=5, concurrency=4, retry=PATIENT)
    emulator.quota = Quota(requests_per_minute=30, minute_s=1.0)

    result = embedder.embed_documents(TEXTS)

    emulator.quota = None
    assert np.array_equal(result.values, make_embedder(dimensions=8).embed_documents(TEXTS).values)
    assert result.usage.waited_s["quota"] + result.usage.waited_s.get("pace", 0.0) > 0.5


def test_waits_for_our_own_limiter_are_counted(make_embedder: MakeEmbedder) -> None:
    limits = RateLimits(requests_per_minute=600, burst_s=1)

    usage = make_embedder(dimensions=8, batch_size=5, rate_limits=limits).embed_documents(TEXTS[:20]).usage

    assert set(usage.waited_s) == {"pace"}
    assert 0.8 < usage.waited_s["pace"] < 20  # 10 at once, then 10 a second


def test_an_answer_wakes_those_who_wait_for_a_probe_on_another_loop(
    make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    """Two objects, so two loops in two threads, share one pace."""
    one, other = make_embedder(dimensions=8, retry=PATIENT), make_embedder(dimensions=8, retry=PATIENT)
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.3), Fault.latency(0.5))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one.embed_query, "x")
        time.sleep(0.1)
        second = pool.submit(other.embed_query, "y")
        assert len(first.result(30)) == len(second.result(30)) == 1

    refused, probe, follower = sorted(request.time for request in emulator.requests)
    assert probe - refused >= 0.3
    assert follower - probe >= 0.5


def test_a_key_revoked_midway_stops_the_job_and_keeps_what_is_finished(
    make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    calls = itertools.count()
    emulator.faults.rule = lambda request: Fault.status(403, "Permission denied.") if next(calls) >= 4 else None

    with pytest.raises(AuthenticationError, match="GOOGLE_API_KEY / GEMINI_API_KEY") as failed:
        make_embedder(dimensions=8, batch_size=5, concurrency=2).embed_documents(TEXTS)

    assert failed.value.completed is not None
    assert len(failed.value.completed.positions) == 20
    assert len(emulator.requests) <= 6, "one more beside the one refused"


def test_a_network_that_is_away_for_a_while_is_waited_for(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """For the 2 s after the third request no call is answered."""
    arrivals: list[float] = []

    def away(request: object) -> Fault | None:
        arrivals.append(time.monotonic())
        return Fault.drop_before() if len(arrivals) > 3 and arrivals[-1] - arrivals[2] < 2 else None

    emulator.faults.rule = away
    result = make_embedder(
        dimensions=8, batch_size=5, concurrency=8, retry=RetryPolicy(first_wait_s=0.2, max_wait_s=1.0, max_attempts=20)
    ).embed_documents(TEXTS)

    emulator.faults.rule = None
    assert np.array_equal(result.values, make_embedder(dimensions=8).embed_documents(TEXTS).values)
    assert len(arrivals) < 12 + 8 * 8, "eight calls, each after growing waits"
    assert result.usage.waited_s["connection"] > 1


def test_a_call_is_no_larger_than_a_minutes_quota(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """Told: smaller calls from the start."""
    tokens = RateLimits(tokens_per_minute=400, burst_s=60)  # half of it is about 28 of these texts
    items = RateLimits(requests_per_minute=30, burst_s=120)

    make_embedder(dimensions=8, rate_limits=tokens).embed_documents(TEXTS[:40])
    make_embedder(dimensions=16, rate_limits=items, api_key="another-project").embed_documents(TEXTS[:60])

    assert [len(request.json["requests"]) for request in emulator.requests] in ([28, 12, 30, 30], [12, 28, 30, 30])


def test_a_call_larger_than_the_quota_is_split(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """Not told: the refusal names a limit that the call is beyond."""
    emulator.quota = Quota(requests_per_minute=20, minute_s=0.2)

    values = make_embedder(dimensions=8, retry=PATIENT).embed_documents(TEXTS[:40]).values

    assert len(values) == 40
    assert max(len(request.json["requests"]) for request in emulator.requests) == 40


def test_steady_refusals_end_after_max_attempts(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """A batch is not split into calls that each begin to count anew."""
    emulator.faults.push(Fault.rate_limited(retry_delay_s=0.01), times=50)

    with pytest.raises(QuotaError):
        make_embedder(dimensions=8, retry=RetryPolicy(max_attempts=3)).embed_documents(TEXTS[:8])

    assert len(emulator.requests) == 3


NEVER_SENT = [
    pytest.param({"base_url": "http://127.0.0.1:9"}, id="nobody-listens"),
    pytest.param({"max_cost_usd": 1e-9}, id="beyond-the-budget"),
]


@pytest.mark.parametrize("options", NEVER_SENT)
def test_what_was_never_sent_is_not_counted_in_the_day(options: dict[str, Any], make_embedder: MakeEmbedder) -> None:
    """A laptop without a network would use up the day with its retries."""
    embedder = make_embedder(dimensions=8, rate_limits=RateLimits(requests_per_day=20), **options)
    for _ in range(3):
        with pytest.raises((ConnectionFailedError, BudgetError)):
            embedder.embed_documents(TEXTS[:20])


def test_calls_that_wait_when_another_fails_are_not_counted_in_the_day(
    make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    limits = RateLimits(requests_per_minute=6_000, requests_per_day=40)
    embedder = make_embedder(dimensions=8, batch_size=10, concurrency=1, rate_limits=limits)
    emulator.faults.push(Fault.bad_key())
    with pytest.raises(AuthenticationError):
        embedder.embed_documents(TEXTS)
    assert len(embedder.embed_documents(TEXTS[:30])) == 30
