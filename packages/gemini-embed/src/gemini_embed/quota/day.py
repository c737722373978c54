"""A day's requests: told and counted here, or known to be used up from the service's refusal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import Any

from gemini_embed.errors import QuotaError, QuotaUsedUpError

PROBE_EVERY = timedelta(minutes=1)
"""So often one call is sent although a refusal said that the day's quota or the budget is used up: somebody may have
raised the tier or paid, and nothing else would tell."""


@cache
def pacific() -> tzinfo:
    """The time zone in which quotas begin anew; where there is no tz database (Windows without `tzdata`, bare
    containers) it is standard time all year, so that a summer day is taken to begin an hour late, never early.

    Reads files the first time, so a session asks for it before its loop runs.
    """
    import zoneinfo  # looks for its files when it is imported

    try:
        return zoneinfo.ZoneInfo("America/Los_Angeles")
    except zoneinfo.ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8), "PST")


def next_reset(now: datetime) -> datetime:
    """The next midnight in Pacific time, when the service's requests per day begin anew."""
    zone = pacific()
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)


@dataclass(frozen=True)
class _Refusal:
    """What an error said. The error itself holds the frames that it passed, and all objects of theirs."""

    message: str
    details: Sequence[dict[str, Any]]
    resets_at: datetime | None


class DayQuota:
    """What is left of a day for one project and model. Thread-safe; wall-clock time is passed in."""

    def __init__(self, model: str = "") -> None:
        self._model = model
        self._lock = threading.Lock()
        self._limit: float | None = None
        self._used = 0.0
        self._resets_at: datetime | None = None
        self._refusal: _Refusal | None = None
        self._probe_at = datetime.min.replace(tzinfo=UTC)

    def tell(self, limit: float | None) -> None:
        """Requests that a day has from now on; None: not known."""
        with self._lock:
            self._limit = limit

    def check(self, requests: float, now: datetime) -> None:
        """Whether a call of so many requests may be sent.

        Raises:
            QuotaUsedUpError: not today; `.resets_at` says until when.
        """
        with self._lock:
            self._check(requests, now)

    def take(self, requests: float, now: datetime) -> bool:
        """`check`, and count the call. Whether it probes: when it is let through, say `lifted`."""
        with self._lock:
            self._check(requests, now)
            self._used += requests
            self._probe_at = now + PROBE_EVERY
            return self._refusal is not None

    def lifted(self) -> None:
        """A probe was let through: what was used up is no longer."""
        with self._lock:
            self._refusal = None

    def give_back(self, requests: float) -> None:
        """A call that was counted never reached the service."""
        with self._lock:
            self._used = max(0.0, self._used - requests)

    def refused(self, error: QuotaError, requests: float, now: datetime) -> None:
        """A call met a quota: it is not counted. One that is used up gets its `resets_at`, and is remembered."""
        with self._lock:
            self._used = max(0.0, self._used - requests)
            if isinstance(error, QuotaUsedUpError):
                error.resets_at = next_reset(now) if error.is_per_day else None
                self._refusal = _Refusal(error.message.strip(), error.details, error.resets_at)
                self._probe_at = now + PROBE_EVERY

    def _check(self, requests: float, now: datetime) -> None:
        if self._resets_at is None or now >= self._resets_at:
            self._used, self._resets_at, self._refusal = 0.0, next_reset(now), None
        if self._refusal and now < self._probe_at:
            said = f"not sent, since a call was refused just before: {self._refusal.message}"
            raise self._error(said, self._refusal)
        if self._limit is not None and self._used + requests > self._limit:
            raise self._error(f"not sent: {self._used:g} of requests_per_day={self._limit:g} are used", None)

    def _error(self, message: str, refusal: _Refusal | None) -> QuotaUsedUpError:
        details = refusal.details if refusal else ()
        error = QuotaUsedUpError(429, "RESOURCE_EXHAUSTED", message, model=self._model, details=details)
        error.resets_at = refusal.resets_at if refusal else self._resets_at
        return error
