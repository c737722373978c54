"""How much the service takes at once, as users tell it; what is not told is learned from its refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gemini_embed.checks import positive_number, whole
from gemini_embed.errors import ConfigurationError
from gemini_embed.models import Backend, ModelFacts
from gemini_embed.quota import RateLimits
from gemini_embed.quota.limits import TIERS

VERTEX_FILE_BYTES = 0.95e9
"""Of one job's input; Vertex AI takes 1 GB."""


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """What batch jobs of one model may be, and how many.

    Attributes:
        max_enqueued_tokens: of all jobs under way together. None: that of `rate_limits="tier1"` and so on where it is
            known, else learned from the service's refusals, which name no number.
        max_jobs: under way at the same time; the service takes 100.
        max_items: of one job.
        max_file_bytes: of one job's input file; the service takes 2 GB, on Vertex AI 1 GB.
        look_again_s: after this time a job that no list shows was never created. It is also the first wait after a
            refusal with nothing under way; later waits are twice as long each, up to 20 times this.
    """

    max_enqueued_tokens: int | None = None
    max_jobs: int = 100
    max_items: int = 20_000
    max_file_bytes: float = 1.9e9
    look_again_s: float = 60.0

    def __post_init__(self) -> None:
        whole("max_enqueued_tokens", self.max_enqueued_tokens)
        for name in ("max_jobs", "max_items", "max_file_bytes", "look_again_s"):
            positive_number(name, getattr(self, name))

    @classmethod
    def of(cls, given: BatchLimits | Mapping[str, Any] | None) -> BatchLimits:
        """Limits, as they are or of their fields, as from a configuration file; None is the default.

        Raises:
            ConfigurationError: something else, or a field that does not exist.
        """
        if isinstance(given, BatchLimits):
            return given
        try:
            return cls(**(given or {}))
        except TypeError as e:
            raise ConfigurationError(f"batch_limits={given!r} must be BatchLimits, or a mapping of its fields") from e

    def known(self, facts: ModelFacts, rate_limits: RateLimits | None) -> BatchLimits:
        """With the enqueued tokens that the tier of `rate_limits` is known to have, where none are told; and with files
        that Vertex AI takes, which has half the limit."""
        if facts.backend == "vertex":
            return replace(self, max_file_bytes=min(self.max_file_bytes, VERTEX_FILE_BYTES))
        tier = next((name for name, limits in TIERS.items() if limits == rate_limits), "")
        if self.max_enqueued_tokens is not None or tier not in facts.batch_enqueued_tokens:
            return self
        return replace(self, max_enqueued_tokens=facts.batch_enqueued_tokens[tier])


def staging_place(place: Any, backend: Backend) -> str | None:
    """`staging=` as it is used: "gs://bucket/prefix" without a slash at its end; or the same below an address of
    one's own, "https://host/bucket/prefix".

    Raises:
        ConfigurationError: no place in Cloud Storage, or not on Vertex AI.
    """
    if place is None:
        return None
    if backend != "vertex":
        raise ConfigurationError("staging= belongs to Vertex AI; the Developer API keeps files by itself: leave it out")
    if not isinstance(place, str) or not re.fullmatch(
        r"(gs://|https?://[^/?#@\s]+/)[a-z0-9][a-z0-9._-]+[a-z0-9](/[^\s?#]*)?", place
    ):
        raise ConfigurationError(f"staging={place!r} must be a place in Cloud Storage: gs://bucket/prefix")
    return place.rstrip("/")
