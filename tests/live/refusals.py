"""Quotas: nothing is used up on purpose, and what was refused on the way tells something. Looked at last."""

from __future__ import annotations

from .asking import Service, UndecidedError, delay_s
from .facts import Outcome, Probes

PROBES = Probes()


@PROBES.add("no-retry-after", "gemini_embed/calls/retries.py: RetryInfo", 0.0)
def _no_retry_after(service: Service) -> Outcome:
    """A quota's 429 says in RetryInfo when to come back, and has no Retry-After header.

    Sends: nothing; the refusals of this run are looked at.
    """
    if not service.refusals:
        raise UndecidedError("no quota was used up in this run")
    headers = [one.headers["retry-after"] for one in service.refusals if "retry-after" in one.headers]
    silent = sum(delay_s(one) is None for one in service.refusals)
    seen = f"{len(service.refusals)} refusals: {len(headers)} with the header, {silent} without RetryInfo"
    return Outcome("refuted" if headers or silent else "confirmed", seen)
