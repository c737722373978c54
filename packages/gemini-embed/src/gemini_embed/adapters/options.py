"""The options of `Embedder`, said once for all classes in front of it; and what to say of one that is not there."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from gemini_embed.calls import Overflow, RetryPolicy
from gemini_embed.models import ModelFacts
from gemini_embed.quota import RateLimits
from gemini_embed.tasks import ConditionMedia

if TYPE_CHECKING:
    from gemini_embed.cache import VectorCache


class EmbedderOptions(TypedDict, total=False):
    """What `Embedder` takes beyond model, key and batch size, which every class calls by its framework's own name.

    `Embedder`'s docstring says what each does. None stands for its default.
    """

    dimensions: int | None
    task: str | None
    normalize: bool | None
    overflow: Overflow | None
    condition_media: ConditionMedia | None
    vertexai: bool | None
    project: str | None
    location: str | None
    credentials: Any
    base_url: str | None
    api_version: str | None
    service: str | None
    timeout_s: float | None
    headers: Mapping[str, str] | None
    proxy: str | None
    verify: bool | str | ssl.SSLContext | None
    retry: RetryPolicy | Mapping[str, Any] | None
    concurrency: int | None
    rate_limits: RateLimits | str | None
    cache: str | os.PathLike[str] | VectorCache | None
    facts: ModelFacts | Mapping[str, Any] | None
    root: str | os.PathLike[str] | None
    allow_private_urls: bool | None
    max_media_bytes: int | None
    keep_uploads: bool | None
    max_cost_usd: float | None


def suggestion(argument: str, known: Iterable[str]) -> str:
    """How an error about an unknown argument ends: with what was likely meant, else with all there are."""
    import difflib  # most processes never misspell anything

    names = sorted(known)
    if close := difflib.get_close_matches(argument, names, n=1):
        return f": did you mean {close[0]}=?"
    return f": the arguments are {', '.join(names)}"
