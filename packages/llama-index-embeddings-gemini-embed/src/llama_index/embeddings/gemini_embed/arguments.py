"""The arguments of the official GoogleGenAIEmbedding, and ours, as options of the core's `Embedder`."""

from __future__ import annotations

import dataclasses
import difflib
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from gemini_embed import ConfigurationError, ModelFacts, RateLimits, RetryPolicy
from gemini_embed.adapters.genai_options import combined, from_config, from_http_options

if TYPE_CHECKING:
    import os

    from gemini_embed import VectorCache


class Options(TypedDict, total=False):
    """What `gemini_embed.Embedder` takes beyond model and key; its docstring says what each does. None: its default."""

    task: str | None
    dimensions: int | None
    normalize: bool | None
    overflow: Literal["warn", "error", "truncate"] | None
    condition_media: Literal["query", "both", "none"] | None
    vertexai: bool | None
    project: str | None
    location: str | None
    credentials: Any
    base_url: str | None
    api_version: str | None
    timeout_s: float | None
    headers: Mapping[str, str] | None
    proxy: str | None
    verify: bool | str | ssl.SSLContext | None
    retry: RetryPolicy | Mapping[str, Any] | None
    concurrency: int | None
    rate_limits: RateLimits | str | None
    facts: ModelFacts | Mapping[str, Any] | None
    cache: str | os.PathLike[str] | VectorCache | None
    max_cost_usd: float | None
    root: str | os.PathLike[str] | None
    allow_private_urls: bool | None
    max_media_bytes: int | None
    keep_uploads: bool | None


class Official(TypedDict):
    """What the official class takes beyond what LlamaIndex itself knows."""

    embedding_config: Any
    vertexai_config: Any
    http_options: Any
    debug_config: Any
    retries: int | None
    timeout: float | None
    retry_min_seconds: float | None
    retry_max_seconds: float | None
    retry_exponential_base: float | None


def embedder_options(official: Official, options: Mapping[str, Any], num_workers: int | None) -> dict[str, Any]:
    """Both vocabularies as one set of options.

    Raises:
        ConfigurationError: an argument that is not known, cannot be honoured, or contradicts another.
    """
    if unknown := sorted(set(options) - set(Options.__annotations__)):
        raise ConfigurationError(f"GeminiEmbedding takes no {', '.join(unknown)}{_suggestion(unknown[0])}")
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(given.get("retry"), Mapping):
        given["retry"] = RetryPolicy(**given["retry"])
    if isinstance(given.get("facts"), ModelFacts):
        given["facts"] = dataclasses.asdict(given["facts"])
    if num_workers is not None:
        given.setdefault("concurrency", num_workers)
    _refuse_replays(official["debug_config"])
    return combined(
        {
            "embedding_config": from_config(official["embedding_config"], "embedding_config"),
            "vertexai_config": _from_vertexai_config(official["vertexai_config"]),
            "http_options": from_http_options(official["http_options"]),
            "retries, timeout and retry_...": _from_waiting(official),
            "the arguments": given,
        }
    )


def _from_vertexai_config(config: Any) -> dict[str, Any]:
    if config is None:
        return {}
    known = ("project", "location", "credentials")
    if not isinstance(config, Mapping) or set(config) - set(known):
        raise ConfigurationError(f"vertexai_config= is a dict with {', '.join(known)}, not {_shape(config)}")
    return {"vertexai": True, **{name: value for name, value in config.items() if value is not None}}


def _shape(config: Any) -> str:
    return f"one with {', '.join(map(str, config))}" if isinstance(config, Mapping) else type(config).__name__


def _from_waiting(official: Official) -> dict[str, Any]:
    """`retries` counts attempts, as it does in the official class; waits double."""
    base = official["retry_exponential_base"]
    if base not in (None, 2):
        raise ConfigurationError(f"retry_exponential_base={base!r} cannot be honoured: waits double (a base of 2)")
    retries = official["retries"]
    policy: dict[str, Any] = {
        "max_attempts": None if retries is None else max(retries, 1),
        "first_wait_s": official["retry_min_seconds"],
        "max_wait_s": official["retry_max_seconds"],
    }
    policy = {name: value for name, value in policy.items() if value is not None}
    options: dict[str, Any] = {"retry": RetryPolicy(**policy)} if policy else {}
    if official["timeout"] is not None:
        options["timeout_s"] = official["timeout"]
    return options


def _suggestion(argument: str) -> str:
    if close := difflib.get_close_matches(argument, Options.__annotations__, n=1):
        return f": did you mean {close[0]}=?"
    return f"; its options are {', '.join(Options.__annotations__)}"


def _refuse_replays(debug_config: Any) -> None:
    fields = debug_config if isinstance(debug_config, Mapping) else getattr(debug_config, "__dict__", {})
    mode = fields.get("client_mode")
    if mode not in (None, "", "api"):
        raise ConfigurationError(
            f"debug_config= with client_mode={mode!r} cannot be honoured: requests do not go through google-genai's "
            "client, which can neither record nor replay them; record HTTP (vcrpy), or point base_url= at a server"
        )
