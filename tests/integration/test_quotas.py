"""Quotas met on the wire: told limits are kept, refusals slow everyone down, and nothing is lost."""

import logging
from collections.abc import Callable

import numpy as np
import pytest
from gemini_embed import Embedder, QuotaError, RateLimits, RetryPolicy
from gemini_embed_emulator import Emulator, Fault, Quota

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"text {i}" for i in range(60)]
PATIENT = RetryPolicy(first_wait_s=0.05)
TWENTY_A_SECOND = Quota(requests_per_minute=40, minute_s=2.0)
TOLD = RateLimits(requests_per_minute=1200, burst_s=1.8)


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


def test_a_days_quota_stops_at_once_and_keeps_what_is_finished(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=5, concurrency=1)
    emulator.quota = Quota(requests_per_day=20)

    with pytest.raises(QuotaError, match="midnight Pacific") as failed:
        embedder.embed_documents(TEXTS)

    assert failed.value.completed is not None
    assert list(failed.value.completed.positions) == list(range(20))
    assert len(emulator.requests) == 5


def test_after_a_days_quota_the_next_call_fails_too_and_does_not_wait(
    make_embedder: MakeEmbedder, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = make_embedder(dimensions=8)
    emulator.quota = Quota(requests_per_day=1)
    embedder.embed_query("the day's only one")

    with caplog.at_level(logging.INFO, "gemini_embed"):
        for _ in range(2):
            with pytest.raises(QuotaError, match="midnight Pacific"):
                embedder.embed_query("x")

    assert "for the quota" not in caplog.text  # the refusal names 45 s


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
