"""What the service says when it refuses: the JSON of an error, as one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gemini_embed.errors import ApiError, AuthenticationError, NotFoundError, QuotaError, QuotaUsedUpError
from gemini_embed.quota import seconds_in

_PER_DAY = "PerDay"
_NO_MONEY = r"(?i)credits? (are|is) depleted|spend(ing)? (limit|cap)"
_DURATION = r"(\d{1,7}(?:\.\d+)?)s?"


def api_error(code: int, body: Any, *, model: str, retry_after: str | None = None, text: str = "") -> ApiError:
    """The error of a reply with HTTP status `code`. `body` is its JSON or None; `text` how one without JSON begins."""
    told = body.get("error") if isinstance(body, Mapping) else None
    told = told if isinstance(told, Mapping) else {}
    message = str(told.get("message") or text or "no message")
    status = str(told.get("status") or "")
    details = [dict(d) for d in told.get("details") or () if isinstance(d, Mapping)]
    kind = _kind(code, details, message)
    return kind(
        code,
        status,
        message,
        model=model,
        details=details,
        retry_after_s=_retry_after_s(details, retry_after, message),
    )


def _kind(code: int, details: Sequence[Mapping[str, Any]], message: str) -> type[ApiError]:
    if code in (401, 403) or any(d.get("reason") == "API_KEY_INVALID" for d in details):
        return AuthenticationError
    if code == 429 and (_PER_DAY in str(details) or re.search(_NO_MONEY, message)):
        return QuotaUsedUpError  # RetryInfo may still say 45 s, and waiting would not help
    return {404: NotFoundError, 429: QuotaError}.get(code, ApiError)


def _retry_after_s(details: Sequence[Mapping[str, Any]], header: str | None, message: str) -> float | None:
    """Seconds to wait: RetryInfo's "37s", else the header's number, else "Please retry in 37.4s."."""
    told = [d.get("retryDelay") for d in details if str(d.get("@type", "")).endswith("google.rpc.RetryInfo")]
    for text in (*told, header):
        if text and (found := re.fullmatch(_DURATION, str(text).strip())):
            return float(found[1])
    return seconds_in(message)
