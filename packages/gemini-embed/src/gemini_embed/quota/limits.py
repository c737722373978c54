"""Quotas as users tell them, and the tiers that are known by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gemini_embed.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Quotas of a project for one model. None: no such limit is known.

    `count_items`: every content of a batch counts as a request, as the Developer API counts them. `burst_s`: how many
    seconds' worth may be used at once after a rest (a service that counts whole minutes wants 1). A call is made no
    larger than a minute's (or a day's) worth, and is let through when that is more than the burst.

    `requests_per_day` is counted in this process, for all objects with the same project and model, and begins anew at
    midnight Pacific time, as the service's does. When it is used up calls raise `QuotaUsedUpError` without waiting.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    requests_per_day: float | None = None
    count_items: bool = True
    burst_s: float = 10.0

    def __post_init__(self) -> None:
        told = (self.requests_per_minute, self.tokens_per_minute, self.requests_per_day, self.burst_s)
        if any(limit is not None and not limit > 0 for limit in told):
            raise ConfigurationError(f"{self}: a limit is a positive number, or None where none is known")

    def share(self, part: float) -> RateLimits:
        """A part of these limits, such as 1/8 for one of eight processes: at least one call a minute and a day."""

        def of(limit: float | None) -> float | None:
            return None if limit is None else max(1.0, limit * part)

        per_minute, tokens = of(self.requests_per_minute), of(self.tokens_per_minute)
        per_day = of(self.requests_per_day)
        return replace(self, requests_per_minute=per_minute, tokens_per_minute=tokens, requests_per_day=per_day)

    @property
    def max_items(self) -> int | None:
        """Contents of one call that a minute and a day have room for."""
        counted = filter(None, (self.requests_per_minute, self.requests_per_day) if self.count_items else ())
        least = min(counted, default=None)
        return max(1, int(least)) if least else None

    @property
    def max_tokens(self) -> int | None:
        """Likely tokens of one call that a minute has room for; an estimate may be low, so half of it."""
        return max(1, int(self.tokens_per_minute / 2)) if self.tokens_per_minute else None

    @classmethod
    def of(cls, limits: RateLimits | str | None) -> RateLimits | None:
        """The limits of a tier's name ("free", "tier1"), or what is given.

        Raises:
            ConfigurationError: no such tier.
        """
        if not isinstance(limits, str):
            return limits
        if limits not in TIERS:
            raise ConfigurationError(
                f"rate_limits={limits!r}: known tiers are {', '.join(TIERS)}; or pass RateLimits(...)"
            )
        return TIERS[limits]


# As of 2026-11-20. Google prints no numbers (ai.google.dev/gemini-api/docs/rate-limits sends to AI Studio, where each
# project sees its own). These are from public reports: quotaValue in 429s of the free tier (100 a minute, 1,000 a day;
# its 30,000 tokens are reported, not seen in a 429), and 3,000 a minute with no day's limit for tier 1. Reports of
# tier 1's tokens disagree, and none was found for tiers 2 and 3: those are learned, or told with RateLimits(...).
TIERS = {
    "free": RateLimits(requests_per_minute=100, tokens_per_minute=30_000, requests_per_day=1000),
    "tier1": RateLimits(requests_per_minute=3000),
}
"""Known tiers of the Developer API for gemini-embedding-001 and gemini-embedding-2."""


@dataclass(frozen=True)
class Cost:
    """What one call takes from the quotas: contents (or calls) and tokens."""

    requests: float
    tokens: float

    def of(self, unit: str) -> float:
        """The amount of "requests" or "tokens"."""
        return self.tokens if unit == "tokens" else self.requests
