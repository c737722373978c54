"""The arguments of the official GoogleGenAIEmbedding, and ours, as options of the core's `Embedder`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypedDict

from gemini_embed import BatchLimits, ConfigurationError, ModelFacts, RetryPolicy
from gemini_embed.adapters import (
    DEFAULT_MODEL,
    EmbedderOptions,
    combined,
    from_config,
    from_http_options,
    suggestion,
    warn,
)


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


ARGUMENTS = frozenset(
    {
        *("model_name", "api_key", "vertexai_config", "embed_batch_size", "callback_manager"),
        *("num_workers", "embeddings_cache", "rate_limiter"),
        *Official.__annotations__,
        *EmbedderOptions.__annotations__,
    }
)
_REFUSED = {
    "client": "requests are made here, not by a google-genai client: pass what it was made with "
    "(api_key, vertexai_config, http_options)",
    "client_options": "pass base_url= for the endpoint, and project= for the quota project",
    "title": "a title belongs to one document: get_content_embedding(Content(text, title=title))",
}


def understood(model_name: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The model's name and the options, from `model=` and `task_type=` too: the official class takes any argument, and
    forgets those it does not know.

    Raises:
        ConfigurationError: two names for one thing that disagree.
    """
    given = dict(options)
    model = given.pop("model", None)
    if model is not None and model_name not in (DEFAULT_MODEL, model):
        raise ConfigurationError(f"model_name={model_name!r} and model={model!r} are the same argument: pass one")
    if model is not None:
        warn(
            f"model= is taken as model_name={model!r}; the official class forgets it and uses its default, so an index "
            "that it made may be another model's: write model_name="
        )
    task = given.pop("task_type", None)
    if task is not None and given.get("task") not in (None, task):
        raise ConfigurationError(f"task={given['task']!r} and task_type={task!r} are the same argument: pass one")
    return model or model_name, given | ({"task": task} if task is not None else {})


def embedder_options(official: Official, options: Mapping[str, Any], num_workers: int | None) -> dict[str, Any]:
    """Both vocabularies as one set of options.

    Raises:
        ConfigurationError: an argument that is not known, cannot be honoured, or contradicts another.
    """
    for argument in sorted(set(options) - set(EmbedderOptions.__annotations__)):
        if argument not in _REFUSED:
            raise ConfigurationError(f"GeminiEmbedding takes no {argument}{suggestion(argument, ARGUMENTS)}")
        raise ConfigurationError(f"{argument}= cannot be honoured: {_REFUSED[argument]}")
    given = {name: value for name, value in options.items() if value is not None}
    if "retry" in given:
        given["retry"] = RetryPolicy.of(given["retry"])
    if given.get("batch_limits") is not None:
        given["batch_limits"] = BatchLimits.of(given["batch_limits"])
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
    """`retries` counts attempts, as it does in the official class."""
    retries = official["retries"]
    policy: dict[str, Any] = {
        "max_attempts": None if retries is None else max(retries, 1),
        "first_wait_s": official["retry_min_seconds"],
        "max_wait_s": official["retry_max_seconds"],
        "wait_factor": official["retry_exponential_base"],
    }
    policy = {name: value for name, value in policy.items() if value is not None}
    options: dict[str, Any] = {"retry": RetryPolicy(**policy)} if policy else {}
    if official["timeout"] is not None:
        options["timeout_s"] = official["timeout"]
    return options


def _refuse_replays(debug_config: Any) -> None:
    fields = debug_config if isinstance(debug_config, Mapping) else getattr(debug_config, "__dict__", {})
    mode = fields.get("client_mode")
    if mode not in (None, "", "api"):
        raise ConfigurationError(
            f"debug_config= with client_mode={mode!r} cannot be honoured: requests do not go through google-genai's "
            "client, which can neither record nor replay them; record HTTP (vcrpy), or point base_url= at a server"
        )
