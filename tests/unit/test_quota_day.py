"""A day's requests: counted, given back, begun anew, and probed once a minute after a refusal."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from gemini_embed import ApiError, QuotaUsedUpError
from gemini_embed.quota.day import DayQuota, next_reset, pacific
from gemini_embed.service.refusals import api_error

NOON = datetime(2026, 7, 1, 19, 0, tzinfo=UTC)  # in Los Angeles
QUOTA_ID = "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier"


def a_days_refusal() -> ApiError:
    failure = {"violations": [{"quotaId": QUOTA_ID, "quotaValue": "1000"}]}
    return api_error(429, {"error": {"message": "You exceeded your quota.", "details": [failure]}}, model="m")


def no_money() -> ApiError:
    return api_error(429, {"error": {"message": "Your prepayment credits are depleted."}}, model="m")


def refuse(day: DayQuota, error: ApiError, now: datetime) -> None:
    assert isinstance(error, QuotaUsedUpError)
    day.take(1, now)
    day.refused(error, 1, now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-07-01T19:00+00:00", "2026-07-02T07:00+00:00", id="summer"),
        pytest.param("2026-12-01T19:00+00:00", "2026-12-02T08:00+00:00", id="winter"),
        pytest.param("2026-07-01T06:59+00:00", "2026-07-01T07:00+00:00", id="a-minute-before"),
        pytest.param("2026-07-01T07:00+00:00", "2026-07-02T07:00+00:00", id="at-midnight"),
        pytest.param("2026-03-08T09:00+00:00", "2026-03-09T07:00+00:00", id="the-day-clocks-change"),
        pytest.param("2026-07-01T21:00+02:00", "2026-07-02T07:00+00:00", id="asked-from-Europe"),
    ],
)
def test_the_next_reset(now: str, expected: str) -> None:
    assert next_reset(datetime.fromisoformat(now)).astimezone(UTC) == datetime.fromisoformat(expected)


def test_without_a_time_zone_database_a_summer_day_begins_late_and_never_early(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    pacific.cache_clear()
    try:
        assert next_reset(NOON).astimezone(UTC) == datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
    finally:
        pacific.cache_clear()


def test_a_told_day_is_kept_and_begins_anew() -> None:
    day = DayQuota("gemini-embedding-2")
    day.tell(100)
    day.take(60, NOON)

    with pytest.raises(QuotaUsedUpError, match="60 of requests_per_day=100 are used") as caught:
        day.take(60, NOON)

    assert caught.value.resets_at == next_reset(NOON)
    day.take(40, NOON)
    with pytest.raises(QuotaUsedUpError):
        day.check(1, next_reset(NOON) - timedelta(seconds=1))
    day.take(100, next_reset(NOON))


def test_no_wait_is_advised_that_would_not_help() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45s"}
    failure = {"violations": [{"quotaId": QUOTA_ID}]}
    error = api_error(429, {"error": {"message": "Quota exceeded.", "details": [failure, info]}}, model="m")

    assert isinstance(error, QuotaUsedUpError)
    assert error.retry_after_s == 45
    assert str(error) == "429 from m: Quota exceeded."


def test_what_the_service_refuses_is_not_counted() -> None:
    day = DayQuota()
    day.tell(100)
    day.take(100, NOON)
    error = api_error(429, {"error": {"message": "slow down"}}, model="m")
    day.refused(error, 100, NOON)  # type: ignore[arg-type]  # a 429 is a QuotaError

    day.take(100, NOON)


def test_a_refusal_holds_others_back_and_one_a_minute_probes() -> None:
    day = DayQuota("m")
    refuse(day, a_days_refusal(), NOON)

    with pytest.raises(QuotaUsedUpError, match="not sent, since a call was refused just before") as caught:
        day.take(1, NOON + timedelta(seconds=59))
    assert caught.value.violations == [{"quotaId": QUOTA_ID, "quotaValue": "1000"}]
    assert caught.value.resets_at == next_reset(NOON)

    later = NOON + timedelta(seconds=60)
    assert day.take(1, later)
    with pytest.raises(QuotaUsedUpError):
        day.take(1, later)


def test_an_answer_says_that_the_limit_was_raised() -> None:
    day = DayQuota()
    refuse(day, a_days_refusal(), NOON)
    later = NOON + timedelta(seconds=60)
    assert day.take(1, later)
    day.lifted()

    assert not day.take(1, later)


def test_money_has_no_midnight() -> None:
    day = DayQuota()
    error = no_money()
    refuse(day, error, NOON)

    assert isinstance(error, QuotaUsedUpError)
    assert error.resets_at is None
    with pytest.raises(QuotaUsedUpError, match="credits are depleted"):
        day.take(1, NOON + timedelta(seconds=30))
