"""The options of `Embedder`, said once for all classes in front of it; and what to say of one that is not there."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from gemini_embed.batch_jobs.limits import BatchLimits
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
    batch_limits: BatchLimits | Mapping[str, Any] | None
    staging: str | None


_SIZE = ("output_dimensionality", "dimensions")
_BATCH = ("embed_batch_size", "batch_size")
_RETRY = ("retries", "retry")
_TIMEOUT = ("timeout", "timeout_s")
_MEANT: Mapping[str, tuple[str, ...]] = {
    "output_dimensionality": _SIZE,
    "output_dimension": _SIZE,
    "output_dim": _SIZE,
    "embedding_dim": _SIZE,
    "embedding_dimension": _SIZE,
    "dim": _SIZE,
    "dims": _SIZE,
    "size": _SIZE,
    "model": ("model_name", "model"),
    "model_name": ("model", "model_name"),
    "model_id": ("model_name", "model"),
    "embedding_model": ("model_name", "model"),
    "embed_model": ("model_name", "model"),
    "google_api_key": ("api_key", "google_api_key"),
    "gemini_api_key": ("api_key", "google_api_key"),
    "key": ("api_key", "google_api_key"),
    "token": ("api_key", "google_api_key"),
    "api_base": ("base_url",),
    "api_endpoint": ("base_url",),
    "google_api_base": ("base_url",),
    "google_api_endpoint": ("base_url",),
    "endpoint": ("base_url",),
    "url": ("base_url",),
    "region": ("location",),
    "project_id": ("project",),
    "google_cloud_project": ("project",),
    "use_vertexai": ("vertexai",),
    "vertex": ("vertexai",),
    "max_retries": _RETRY,
    "num_retries": _RETRY,
    "request_timeout": _TIMEOUT,
    "timeout": _TIMEOUT,
    "config": ("embedding_config", "task_type"),
    "default_headers": ("additional_headers", "headers"),
    "chunk_size": _BATCH,
    "batch_size": _BATCH,
    "embed_batch_size": _BATCH,
    "max_batch_size": _BATCH,
    "max_concurrency": ("concurrency",),
    "max_workers": ("num_workers", "concurrency"),
    "requests_per_minute": ("rate_limits",),
    "rpm": ("rate_limits",),
}
"""Names of the official classes, of their neighbours and of programs, and what they are called in our classes."""


def suggestion(argument: str, known: Iterable[str]) -> str:
    """How an error about an unknown argument ends: with what was likely meant, else with all there are."""
    import difflib  # most processes never misspell anything

    names = sorted(known)
    if meant := next((name for name in _MEANT.get(argument, ()) if name in names), None):
        return f": did you mean {meant}=?"
    if close := difflib.get_close_matches(argument, names, n=1):
        return f": did you mean {close[0]}=?"
    return f": the arguments are {', '.join(names)}"
