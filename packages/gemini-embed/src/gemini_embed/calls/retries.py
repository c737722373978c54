"""What a failed attempt means: wait, send in smaller calls, or give up. Pure decisions; no clocks, no sockets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    QuotaError,
    QuotaUsedUpError,
    RequestError,
    UnreadableReplyError,
)
from gemini_embed.quota import asked_to_wait_s, refusal_of


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long one call is tried. All times in seconds.

    Attempt k (from 1) is followed by `first_wait_s * wait_factor ** (k - 1)`, at most `max_wait_s`, times a random
    factor from 0.5 to 1: by default 0.5 to 1 s, then 1 to 2 s, up to 30 to 60 s. Where the service says how long to
    wait (RetryInfo, else the Retry-After header) that is waited instead, plus up to a tenth.

    Retried: 408, 429, 5xx, connections that are refused, dropped or time out, and replies that cannot be read.
    Never retried: other 4xx, and a day's quota or a spend limit, which waiting does not bring back.
    """

    max_attempts: int = 8
    """Tries of one call, the first one included."""
    max_elapsed_s: float = 600.0
    """No wait begins that would end later than this after the first try."""
    first_wait_s: float = 1.0
    max_wait_s: float = 60.0
    wait_factor: float = 2.0
    """Each wait is so many times as long as the one before."""

    @classmethod
    def of(cls, given: RetryPolicy | Mapping[str, Any] | None) -> RetryPolicy:
        """A policy, as it is or of its fields, as from a configuration file; None is the default.

        Raises:
            ConfigurationError: something else, or a field that does not exist.
        """
        if isinstance(given, RetryPolicy):
            return given
        if given is None:
            return cls()
        try:
            return cls(**given)
        except TypeError as e:
            raise ConfigurationError(f"retry={given!r} must be a RetryPolicy, or a mapping of its fields") from e

    def __post_init__(self) -> None:
        if self.max_attempts < 1 or min(self.max_elapsed_s, self.first_wait_s, self.max_wait_s) < 0:
            raise ConfigurationError("RetryPolicy: max_attempts must be at least 1, and no time may be negative")
        if not 1 <= self.wait_factor <= 1000:
            raise ConfigurationError(f"RetryPolicy: wait_factor={self.wait_factor!r} must be from 1 to 1000")


@dataclass(frozen=True)
class Wait:
    """Try again after `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Split:
    """Send in calls of at most `max_items`. `remember`: the service has told a limit that holds from now on."""

    max_items: int
    remember: bool


@dataclass(frozen=True)
class WithoutCompact:
    """Try again without asking for compact JSON, which this address does not know."""


@dataclass(frozen=True)
class Sift:
    """The service refuses something in this call: find out what, and send the rest."""


@dataclass(frozen=True)
class GiveUp:
    """No further try helps, or none is left."""


Decision = Wait | Split | WithoutCompact | Sift | GiveUp


def decide(
    error: RequestError,
    policy: RetryPolicy,
    *,
    attempt: int,
    elapsed_s: float,
    items: int,
    tokens: int = 0,
    random: float,
) -> Decision:
    """What to do about `error` of attempt number `attempt` (from 1), `elapsed_s` after the first one began.

    `items` is how many contents the call held, `tokens` how many it likely has; `random` is a number from 0 to 1.
    """
    if isinstance(error, ApiError) and error.code == 400:
        return _of_bad_request(error, items)
    if not _is_passing(error) or attempt >= policy.max_attempts:
        return GiveUp()
    if isinstance(error, QuotaError) and items > 1 and (room := _room_in_a_minute(error, items, tokens)):
        return Split(room, remember=False)
    seconds = _wait(error, policy, attempt, random)
    return Wait(seconds) if elapsed_s + seconds <= policy.max_elapsed_s else GiveUp()


def _room_in_a_minute(error: QuotaError, items: int, tokens: int) -> int | None:
    """Contents that fit the quota a refusal names, None when this call does: one beyond it never gets through."""
    refusal = refusal_of(error, None)
    cost = tokens if refusal.unit == "tokens" else items
    if refusal.per_minute is None or cost <= refusal.per_minute:
        return None
    return max(1, int(items * refusal.per_minute / cost))


def _wait(error: RequestError, policy: RetryPolicy, attempt: int, random: float) -> float:
    asked = asked_to_wait_s(error) if isinstance(error, ApiError) else None
    if asked:  # a told 0 is no reason to hammer
        return asked * (1 + 0.1 * random)
    # after 60 doublings waits are longer than any limit; without the bound a long series of attempts would overflow
    grown = policy.first_wait_s * float(policy.wait_factor) ** min(attempt - 1, 60)
    return min(policy.max_wait_s, grown) * (0.5 + 0.5 * random)


def _is_passing(error: RequestError) -> bool:
    if isinstance(error, QuotaError):
        return not isinstance(error, QuotaUsedUpError)
    if isinstance(error, ApiError):
        return error.code in (408, 429) or error.code >= 500
    return isinstance(error, ConnectionFailedError | UnreadableReplyError)


# Patterns are compiled when they are needed: most processes never are refused anything.
# Each pattern is a refusal on record: the Developer API's 100 items, Vertex's two ways to say how many instances,
# Vertex's 20,000 tokens a call, and the payload size.
_LIMIT_TOLD = (
    r"(?i)at most (\d+) requests can be in one batch|batchSize must be (\d+)|(\d+) instance\(s\) is allowed"
    r"|batchSize value of \d+ but the supported range is from 1 \(inclusive\) to (?P<beyond>\d+) \(exclusive\)"
)
_TOO_MUCH = r"(?i)payload size exceeds|input token count|tokens? (count )?(exceeds|limit)|too many tokens"


def _of_bad_request(error: ApiError, items: int) -> Decision:
    if "prettyPrint" in error.message:
        return WithoutCompact()
    if items > 1 and (told := re.search(_LIMIT_TOLD, error.message)):
        limit = int(next(group for group in told.groups() if group)) - (1 if told["beyond"] else 0)
        return Split(limit, remember=True) if 0 < limit < items else GiveUp()
    if items > 1 and re.search(_TOO_MUCH, error.message):
        return Split((items + 1) // 2, remember=False)
    return Sift() if _is_about_content(error) else GiveUp()


_ABOUT_THE_REQUEST = r"(?i)invalid JSON|unknown name|cannot find field|oneof field|output_?dimensionality"


def _is_about_content(error: ApiError) -> bool:
    """Whether a 400 may be the fault of some of a call's contents: not a key's, a precondition's or the form's."""
    if isinstance(error, AuthenticationError) or error.status not in ("", "INVALID_ARGUMENT"):
        return False
    return not re.search(_ABOUT_THE_REQUEST, error.message)
