"""google-genai's option objects said in `Embedder`'s words, for classes that stand in for others.

Every field is translated or refused by name with the reason; nothing passes silently. Objects and dicts are taken
alike, dicts in snake_case or camelCase, as the SDK takes them; the SDK itself is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gemini_embed.calls import RetryPolicy
from gemini_embed.errors import ConfigurationError
from gemini_embed.tasks import Task, task_type

_REFUSED_CONFIG = {
    "title": "a title belongs to one document: Embedder.embed_documents(titles=) takes one each",
    "mime_type": "the bytes of a medium decide what it is",
    "document_ocr": "there is no option for it here yet: PDFs are read as the backend does by default",
    "audio_track_extraction": "there is no option for it here yet: the sound of a video is not embedded",
}
_REFUSED_HTTP = {
    "base_url_resource_scope": "requests go to the paths of the two public APIs",
    "extra_body": "requests hold what the API documents and no more",
    "httpx_client": "connections are made on a loop of this library's own: see proxy, verify and headers",
    "httpx_async_client": "connections are made on a loop of this library's own: see proxy, verify and headers",
    "aiohttp_client": "requests are sent by httpx",
}
_REFUSED_RETRY = {
    "jitter": "waits are drawn from half to the whole of the computed time, see RetryPolicy",
    "http_status_codes": "408, 429 and 5xx are retried, see RetryPolicy",
}


def from_config(config: Any, name: str = "config") -> dict[str, Any]:
    """`EmbedContentConfig` as options of `Embedder`. `name` is what the caller's argument is called.

    Raises:
        ConfigurationError: a field that cannot be honoured.
    """
    fields = _fields(config, name)
    http_options = from_http_options(fields.pop("http_options", None), f"{name}.http_options")
    options: dict[str, Any] = {}
    if "task_type" in fields:
        options["task"] = fields.pop("task_type")
    if "output_dimensionality" in fields:
        options["dimensions"] = fields.pop("output_dimensionality")
    if "auto_truncate" in fields:
        options["overflow"] = "warn" if fields.pop("auto_truncate") else "error"
    _refuse(fields, name, _REFUSED_CONFIG)
    return combined({name: options, f"{name}.http_options": http_options})


def to_config(task: Task, dimensions: int | None, overflow: str) -> dict[str, Any] | None:
    """The reverse of `from_config`: the fields that say these options, None where all are the defaults."""
    enum = task_type(task, "document") or "TASK_TYPE_UNSPECIFIED"
    said = {
        "task_type": None if task == "search" else enum,
        "output_dimensionality": dimensions,
        "auto_truncate": False if overflow == "error" else None,
    }
    return {name: value for name, value in said.items() if value is not None} or None


def from_http_options(http_options: Any, name: str = "http_options") -> dict[str, Any]:
    """`HttpOptions` as options of `Embedder`; its timeout is in milliseconds, as in the SDK.

    Raises:
        ConfigurationError: a field that cannot be honoured.
    """
    fields = _fields(http_options, name)
    options: dict[str, Any] = {
        field: fields.pop(field) for field in ("base_url", "api_version", "headers") if field in fields
    }
    if "timeout" in fields:
        options["timeout_s"] = fields.pop("timeout") / 1000
    if "retry_options" in fields:
        options["retry"] = _retry(fields.pop("retry_options"), f"{name}.retry_options")
    clients = {
        f"{name}.{field}": from_client_args(fields.pop(field, None), f"{name}.{field}")
        for field in ("client_args", "async_client_args")
    }
    _refuse(fields, name, _REFUSED_HTTP)
    return combined({name: options, **clients})


def from_client_args(client_args: Any, name: str = "client_args") -> dict[str, Any]:
    """Arguments for an httpx client as options of `Embedder`; here a timeout is in seconds.

    Raises:
        ConfigurationError: an argument that cannot be honoured.
    """
    fields = _fields(client_args, name)
    options: dict[str, Any] = {field: fields.pop(field) for field in ("proxy", "verify", "headers") if field in fields}
    if isinstance(fields.get("timeout"), int | float):
        options["timeout_s"] = fields.pop("timeout")
    _refuse(fields, name, {"timeout": "give a number of seconds"})
    return options


def combined(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of several places as one set. Keys of `groups` are how the places are called in an error.

    Raises:
        ConfigurationError: two places that disagree about an option.
    """
    options: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for place, group in groups.items():
        for name, value in group.items():
            if name in options and options[name] != value:
                raise ConfigurationError(
                    f"{origin[name]} and {place} disagree about {name}: {options[name]!r} and {value!r}; give one"
                    if name not in ("headers", "proxy")  # these may hold secrets
                    else f"{origin[name]} and {place} disagree about {name}; give one"
                )
            options[name], origin[name] = value, place
    return options


def _retry(retry_options: Any, name: str) -> RetryPolicy:
    fields = _fields(retry_options, name)
    words = {
        "attempts": "max_attempts",
        "initial_delay": "first_wait_s",
        "max_delay": "max_wait_s",
        "exp_base": "wait_factor",
    }
    policy = {word: fields.pop(field) for field, word in words.items() if field in fields}
    _refuse(fields, name, _REFUSED_RETRY)
    return RetryPolicy(**policy)


def _fields(given: Any, name: str) -> dict[str, Any]:
    """The fields that are set, in snake_case, of a mapping or of one of the SDK's types."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {_snake(field): value for field, value in given.items() if value is not None}
    if not hasattr(type(given), "model_fields"):
        raise ConfigurationError(f"{name}= must be one of google-genai's types or a dict, not {type(given).__name__}")
    set_fields = {field: getattr(given, field) for field in type(given).model_fields}
    return {field: value for field, value in set_fields.items() if value is not None}


def _snake(field: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", field).lower()


def _refuse(fields: Mapping[str, Any], name: str, reasons: Mapping[str, str]) -> None:
    """Raise if anything is left in `fields`."""
    if fields:
        said = "; ".join(f"{field}: {reasons.get(field, 'there is no such option')}" for field in sorted(fields))
        raise ConfigurationError(f"{name}= cannot be honoured in full ({said})")
