"""What a failed attempt means: a table of decisions."""

from typing import Any

import pytest
from gemini_embed import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    NotFoundError,
    QuotaError,
    ReplyError,
    RequestError,
    RetryPolicy,
)
from gemini_embed.calls.retries import GiveUp, Split, Wait, WithoutCompact, decide
from gemini_embed.errors import UnreadableReplyError
from gemini_embed.service.refusals import api_error

POLICY = RetryPolicy()
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
PER_DAY = {"violations": [{"quotaId": "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier"}]}
TOO_MANY = "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n"


def refused(code: int, message: str = "no", *details: dict[str, Any], retry_after: str | None = None) -> ApiError:
    body = {"error": {"code": code, "message": message, "status": "S", "details": list(details)}}
    return api_error(code, body, model="m", retry_after=retry_after)


def told(delay: Any) -> dict[str, Any]:
    return {"@type": RETRY_INFO, "retryDelay": delay}


# error, decision of the first attempt of 150 items, with random = 0
DECISIONS = [
    pytest.param(refused(408), Wait(0.5), id="408"),
    pytest.param(refused(429), Wait(0.5), id="429"),
    pytest.param(refused(500), Wait(0.5), id="500"),
    pytest.param(refused(599), Wait(0.5), id="any-5xx"),
    pytest.param(refused(429, "x", told("37s")), Wait(37), id="RetryInfo"),
    pytest.param(refused(503, "x", told("2.5s")), Wait(2.5), id="RetryInfo-of-a-503"),
    pytest.param(refused(429, "x", told("0s")), Wait(0.5), id="told-zero"),
    pytest.param(refused(429, "x", told("601s")), GiveUp(), id="longer-than-we-may"),
    pytest.param(refused(429, "x", retry_after="12"), Wait(12), id="Retry-After"),
    pytest.param(refused(429, "Please retry in 7.5s."), Wait(7.5), id="in-the-message"),
    pytest.param(refused(429, "x", PER_DAY, told("45s")), GiveUp(), id="a-days-quota"),
    pytest.param(refused(429, "Your prepayment credits are depleted."), GiveUp(), id="no-money"),
    pytest.param(refused(400), GiveUp(), id="400"),
    pytest.param(refused(401), GiveUp(), id="401"),
    pytest.param(refused(403), GiveUp(), id="403"),
    pytest.param(refused(404), GiveUp(), id="404"),
    pytest.param(refused(307), GiveUp(), id="a-redirect"),
    pytest.param(ConnectionFailedError("x"), Wait(0.5), id="connection"),
    pytest.param(UnreadableReplyError("x"), Wait(0.5), id="unreadable"),
    pytest.param(ReplyError("miscounted"), GiveUp(), id="a-reply-that-cannot-be-right"),
    pytest.param(refused(400, TOO_MANY), Split(100, remember=True), id="too-many-items"),
    pytest.param(refused(400, "Only 1 instance(s) is allowed"), Split(1, remember=True), id="one-instance"),
    pytest.param(refused(400, "Request payload size exceeds the limit: 4194304 bytes."),
                 Split(75, remember=False), id="too-large"),
    pytest.param(refused(400, "input token count is 20400 but the model supports up to 20000"),
                 Split(75, remember=False), id="too-many-tokens"),
    pytest.param(refused(400, 'Invalid JSON payload: Unknown name "prettyPrint"'), WithoutCompact(), id="compact"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "decision"), DECISIONS)
def test_decisions(error: RequestError, decision: Any) -> None:
    assert decide(error, POLICY, attempt=1, elapsed_s=0.0, items=150, random=0.0) == decision


@pytest.mark.parametrize(
    ("attempt", "random", "seconds"),
    [(1, 0, 0.5), (1, 1, 1.0), (2, 0, 1.0), (2, 1, 2.0), (6, 1, 32.0), (7, 1, 60.0), (7, 0, 30.0)],
)
def test_waits_grow_as_documented(attempt: int, random: float, seconds: float) -> None:
    assert decide(refused(503), POLICY, attempt=attempt, elapsed_s=0, items=1, random=random) == Wait(seconds)


def test_waits_of_long_series_do_not_overflow() -> None:
    policy = RetryPolicy(max_attempts=10**6, max_elapsed_s=float("inf"))
    assert decide(refused(503), policy, attempt=10**5, elapsed_s=0, items=1, random=1) == Wait(60.0)


def test_a_told_wait_is_never_cut_short() -> None:
    decision = decide(refused(429, "x", told("10s")), POLICY, attempt=1, elapsed_s=0, items=1, random=1)
    assert isinstance(decision, Wait)
    assert decision.seconds == pytest.approx(11.0)


@pytest.mark.parametrize(
    ("attempt", "elapsed_s"), [(8, 0.0), (1, 599.9)], ids=["after-max-attempts", "when-it-would-end-too-late"]
)
def test_the_end_of_patience(attempt: int, elapsed_s: float) -> None:
    assert decide(refused(503), POLICY, attempt=attempt, elapsed_s=elapsed_s, items=1, random=0) == GiveUp()


@pytest.mark.parametrize("items", [1, 100])
def test_a_limit_that_is_kept_is_no_reason_to_split(items: int) -> None:
    assert decide(refused(400, TOO_MANY), POLICY, attempt=1, elapsed_s=0, items=items, random=0) == GiveUp()


DELAYS = [
    pytest.param("37s", None, 37.0, id="seconds"),
    pytest.param("37.411097012s", None, 37.411097012, id="nanoseconds"),
    pytest.param("-5s", None, None, id="negative"),
    pytest.param("soon", None, None, id="a-word"),
    pytest.param({"seconds": 5}, None, None, id="an-object"),
    pytest.param("99999999999s", None, None, id="absurd"),
    pytest.param(None, "30", 30.0, id="header"),
    pytest.param(None, "Wed, 21 Oct 2026 07:28:00 GMT", None, id="header-with-a-date"),
    pytest.param("3s", "30", 3.0, id="RetryInfo-beats-the-header"),
]


@pytest.mark.parametrize(("delay", "header", "seconds"), DELAYS)
def test_retry_after_s(delay: Any, header: str | None, seconds: float | None) -> None:
    details = [] if delay is None else [told(delay)]
    assert refused(429, "x", *details, retry_after=header).retry_after_s == seconds


KINDS = [
    pytest.param(400, [], ApiError, id="400"),
    pytest.param(400, [{"reason": "API_KEY_INVALID"}], AuthenticationError, id="bad-key"),
    pytest.param(401, [], AuthenticationError, id="401"),
    pytest.param(403, [], AuthenticationError, id="403"),
    pytest.param(404, [], NotFoundError, id="404"),
    pytest.param(429, [], QuotaError, id="429"),
    pytest.param(503, [], ApiError, id="503"),
]


@pytest.mark.parametrize(("code", "details", "kind"), KINDS)
def test_kinds(code: int, details: list[dict[str, Any]], kind: type[ApiError]) -> None:
    assert type(refused(code, "no", *details)) is kind


@pytest.mark.parametrize("body", [None, [], "text", {}, {"error": None}, {"error": {"details": [None, 5]}}])
def test_bodies_that_are_not_errors(body: Any) -> None:
    error = api_error(500, body, model="m", text="<html>")
    assert (error.code, error.status, error.message, error.details) == (500, "", "<html>", [])


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"max_elapsed_s": -1}, {"first_wait_s": -0.1}])
def test_policies_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        RetryPolicy(**options)
