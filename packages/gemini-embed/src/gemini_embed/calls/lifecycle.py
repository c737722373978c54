"""What an embedder says about its model when it is made: shut down, not served where it is asked, or not known."""

from __future__ import annotations

import logging

from gemini_embed.models import ModelFacts
from gemini_embed.notices import warn

logger = logging.getLogger(__name__)


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
