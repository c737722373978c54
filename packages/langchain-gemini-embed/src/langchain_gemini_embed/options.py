"""The constructor's vocabulary: every argument of the official class, and ours beside it; honoured, or refused by name.

The official class is `GoogleGenerativeAIEmbeddings` of langchain-google-genai 4.4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from gemini_embed import ConfigurationError
from gemini_embed.adapters import EmbedderOptions, combined, from_client_args, suggestion
from pydantic import SecretStr


class Options(EmbedderOptions, total=False):
    """Arguments of `GeminiEmbeddings`: those of `Embedder`, and the official class's; its fields say what they mean."""

    model: str
    google_api_key: str | SecretStr | None
    api_key: str | SecretStr | None
    task_type: str | None
    output_dimensionality: int | None
    additional_headers: Mapping[str, str] | None
    client_args: Mapping[str, Any] | None
    request_options: Mapping[str, Any] | None
    batch_size: int | None
    client: None
    transport: Literal["rest"] | None


SYNONYMS = {
    "api_key": "google_api_key",
    "task": "task_type",
    "dimensions": "output_dimensionality",
    "headers": "additional_headers",
}
"""The core's name -> the official class's name, which is the field's."""

# Arguments of the official class, of its older releases and of its neighbours that users bring along.
_REFUSED = {
    "client": "requests are made here, not by a google-genai client: pass what it was made with "
    "(api_key, vertexai, project, location, credentials, base_url, additional_headers)",
    "client_options": "pass base_url= for the endpoint, and project= for the quota project",
    "transport": 'there is only "rest"',
    "max_retries": "pass retry=gemini_embed.RetryPolicy(max_attempts=...)",
}


def canonical(given: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with each argument under its field's name.

    Raises:
        ConfigurationError: an argument that is refused, unknown, or given under two names.
    """
    named: dict[str, Any] = {}
    for argument, value in given.items():
        name = SYNONYMS.get(argument, argument)
        if name in _REFUSED:
            if value is not None and (name, value) != ("transport", "rest"):  # None asks for nothing
                raise ConfigurationError(f"{argument}= cannot be honoured: {_REFUSED[name]}")
            continue
        if name not in fields:
            raise ConfigurationError(f"unknown argument {argument}={suggestion(argument, {*fields, *SYNONYMS})}")
        if name in named:
            other = next(core for core, official in SYNONYMS.items() if official == name)
            raise ConfigurationError(f"{name}= and {other}= are the same argument: pass one of them")
        is_default = value is None and argument in EmbedderOptions.__annotations__
        named[name] = fields[name].default if is_default else value
    return named


def http_options(
    given: Mapping[str, Any], *, client_args: Mapping[str, Any] | None, request_options: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The core's `headers`, `proxy`, `verify` and `timeout_s`, from the places where LangChain's users put them.

    Raises:
        ConfigurationError: an entry that cannot be honoured, or two places that disagree.
    """
    said = {name: {name: value} for name, value in given.items() if value is not None}
    if "headers" in said:
        said["additional_headers"] = said.pop("headers")
    places = {
        "client_args": from_client_args(client_args),
        "request_options": _from_request_options(request_options or {}),
    }
    return combined(said | places)


def _from_request_options(given: Mapping[str, Any]) -> dict[str, Any]:
    if refused := sorted(given.keys() - {"timeout"}):
        raise ConfigurationError(
            f"request_options: {', '.join(refused)} cannot be honoured; 'timeout' (seconds) can, "
            "and for retries there is retry=gemini_embed.RetryPolicy(...)"
        )
    return {} if given.get("timeout") is None else {"timeout_s": given["timeout"]}
