"""What a 429 tells about a quota."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gemini_embed.errors import ApiError, QuotaError

_PER_MINUTE = "PerMinute"
_IN_MESSAGE = r"retry in (\d{1,7}(?:\.\d+)?)s"


@dataclass(frozen=True)
class Refusal:
    """What a 429 told: seconds to wait, the unit that ran out, and its limit per minute where it was named."""

    retry_after_s: float | None
    unit: str
    per_minute: float | None = None


def refusal_of(error: QuotaError, retry_after_s: float | None) -> Refusal:
    """What a 429 tells about the quota: QuotaFailure names the metric and, at best, its value per minute."""
    for violation in error.violations:
        unit = "tokens" if "token" in str(violation.get("quotaMetric", "")).lower() else "requests"
        value = re.fullmatch(r"\d+(\.\d+)?", str(violation.get("quotaValue", "")))
        per_minute = float(value[0]) if value and _PER_MINUTE in str(violation.get("quotaId", "")) else None
        return Refusal(retry_after_s, unit, per_minute or None)
    return Refusal(retry_after_s, "requests")


def asked_to_wait_s(error: ApiError) -> float | None:
    """Seconds to wait: RetryInfo is cut to whole ones, and "Please retry in 37.4s." in the message is more exact."""
    told = [seconds for seconds in (error.retry_after_s, seconds_in(error.message)) if seconds is not None]
    return max(told, default=None)


def seconds_in(message: str) -> float | None:
    """Of a refusal's "Please retry in 37.4s.": 37.4."""
    found = re.search(_IN_MESSAGE, message)
    return float(found[1]) if found else None
