"""What we know and the service does not say: of a model when an object is made, and of a refusal when it comes."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from gemini_embed.errors import ApiError, AuthenticationError, QuotaError, QuotaUsedUpError
from gemini_embed.models import ModelFacts
from gemini_embed.notices import warn
from gemini_embed.service import KEY_VARIABLES, Connection

logger = logging.getLogger(__name__)


def hint_for(error: ApiError, facts: ModelFacts, connection: Connection) -> str:
    """Advice for `error`, "" where we have none."""
    if isinstance(error, AuthenticationError):
        return _about_access(connection)
    if isinstance(error, QuotaError):
        return _about_quota(error)
    if error.code >= 500:
        return ""
    advice = [*_about_model(error, facts), *_about_location(facts, connection)]
    if "token" in error.message.lower():
        advice.append("overflow='truncate' lets the service cut what is too long")
    return "Hint: " + "; ".join(advice) if advice else ""


def _about_access(connection: Connection) -> str:
    if connection.backend == "developer":
        return f"Hint: the key came from api_key= or {' / '.join(KEY_VARIABLES)}; check it and the project's API access"
    return "Hint: check the credentials, the project and the role Vertex AI User"


def _about_quota(error: QuotaError) -> str:
    if not isinstance(error, QuotaUsedUpError):
        return "Hint: tell the quotas with rate_limits=, or wait longer by RetryPolicy(max_attempts=, max_elapsed_s=)"
    if error.resets_at is None:
        return "Hint: a spend limit or a day's quota is used up; waiting for seconds does not help"
    left_min = max(0, int((error.resets_at - datetime.now(UTC)).total_seconds())) // 60
    return (
        f"Hint: the day's quota begins anew at midnight Pacific time, {error.resets_at:%Y-%m-%d %H:%M %Z}, "
        f"in {left_min // 60} h {left_min % 60} min; waiting for seconds does not help"
    )


def _about_model(error: ApiError, facts: ModelFacts) -> list[str]:
    advice = []
    if facts.retired and facts.is_retired():
        advice.append(f"{facts.name} was shut down on {facts.retired:%Y-%m-%d}; its successor is {facts.successor}")
    elif error.code == 404 and facts.successor:
        advice.append(f"the successor of {facts.name} is {facts.successor}")
    if not facts.known:
        advice.append(
            f"nothing is known here of {facts.name} on the {facts.backend} backend, so careful defaults were sent "
            f"(:{facts.endpoint}, {facts.max_batch_items} a call, conditioning {facts.conditioning!r}); "
            "facts={...} overrides any of them"
        )
    return advice


def _about_location(facts: ModelFacts, connection: Connection) -> list[str]:
    if facts.locations is None or connection.location is None or connection.location in facts.locations:
        return []
    served = ", ".join(sorted(facts.locations))
    return [f"{facts.name} is known to be served at {served}, not at {connection.location!r}"]


def warn_of_lifecycle(facts: ModelFacts, location: str | None) -> None:
    """Warn of a model that is shut down or not served at `location`; log that nothing is known of one."""
    if facts.retired and facts.is_retired():
        where = "the Gemini Developer API" if facts.backend == "developer" else "Vertex AI"
        warn(
            f"{facts.name} was shut down on {where} on {facts.retired:%Y-%m-%d}; use {facts.successor} and embed "
            "your documents anew (their vectors are not comparable). It is still sent, for proxies that serve it"
        )
    if facts.locations and location and location not in facts.locations:
        served = ", ".join(sorted(facts.locations))
        warn(f"{facts.name} is known to be served at {served}; location={location!r} is sent, and may be refused")
    if not facts.known:
        logger.warning(
            "nothing is known of %s on the %s backend: careful defaults are sent (see Embedder.facts); "
            "facts={...} overrides them",
            facts.name,
            facts.backend,
        )
