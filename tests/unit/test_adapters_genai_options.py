"""google-genai's option objects in our words: every field is translated, or refused by name with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import ConfigurationError, RetryPolicy
from gemini_embed.adapters.genai_options import combined, from_client_args, from_config, from_http_options
from google.genai import types

CONFIG = [
    pytest.param(None, {}, id="none"),
    pytest.param({}, {}, id="empty"),
    pytest.param({"task_type": "CLUSTERING"}, {"task": "CLUSTERING"}, id="task"),
    pytest.param({"taskType": "CLUSTERING", "outputDimensionality": 8}, {"task": "CLUSTERING", "dimensions": 8},
                 id="camel-case"),
    pytest.param({"auto_truncate": True}, {"overflow": "warn"}, id="cut"),
    pytest.param({"auto_truncate": False}, {"overflow": "error"}, id="do-not-cut"),
    pytest.param({"title": None}, {}, id="none-is-not-set"),
    pytest.param(types.EmbedContentConfig(task_type="CLUSTERING", output_dimensionality=8),
                 {"task": "CLUSTERING", "dimensions": 8}, id="the-sdks-type"),
    pytest.param({"http_options": {"timeout": 1500}, "task_type": "A"}, {"task": "A", "timeout_s": 1.5}, id="http"),
]  # fmt: skip
HTTP = [
    pytest.param({"base_url": "http://h", "api_version": "v1", "headers": {"a": "b"}},
                 {"base_url": "http://h", "api_version": "v1", "headers": {"a": "b"}}, id="address"),
    pytest.param({"timeout": 500}, {"timeout_s": 0.5}, id="milliseconds"),
    pytest.param(types.HttpOptions(timeout=500, base_url="http://h"), {"timeout_s": 0.5, "base_url": "http://h"},
                 id="the-sdks-type"),
    pytest.param({"retry_options": {"attempts": 3, "initial_delay": 0.5, "max_delay": 9.0, "exp_base": 3}},
                 {"retry": RetryPolicy(max_attempts=3, first_wait_s=0.5, max_wait_s=9.0, wait_factor=3)}, id="retry"),
    pytest.param({"client_args": {"proxy": "http://p", "verify": False}}, {"proxy": "http://p", "verify": False},
                 id="client-args"),
    pytest.param({"client_args": {"timeout": 2}, "async_client_args": {"timeout": 2}}, {"timeout_s": 2},
                 id="both-clients-agree"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "wanted"), CONFIG)
def test_a_config(given: Any, wanted: dict[str, Any]) -> None:
    assert from_config(given) == wanted


@pytest.mark.parametrize(("given", "wanted"), HTTP)
def test_http_options(given: Any, wanted: dict[str, Any]) -> None:
    assert from_http_options(given) == wanted


REFUSED = [
    pytest.param(from_config, {"title": "T"}, r"config= .*title: a title belongs to one document", id="title"),
    pytest.param(from_config, {"mime_type": "a/b"}, "mime_type: the bytes of a medium decide", id="mime-type"),
    pytest.param(from_config, {"no_such": 1}, "no_such: there is no such option", id="unknown"),
    pytest.param(from_config, {"http_options": {"extra_body": {}}}, r"config\.http_options= .*extra_body", id="deep"),
    pytest.param(from_config, "CLUSTERING", "config= must be one of google-genai's types or a dict, not str", id="str"),
    pytest.param(from_http_options, {"httpx_client": 1}, "httpx_client: connections are made on", id="client"),
    pytest.param(from_http_options, {"retry_options": {"jitter": 1}}, r"retry_options= .*jitter: waits", id="jitter"),
    pytest.param(from_http_options, {"retry_options": {"http_status_codes": [429]}}, "429 and 5xx", id="codes"),
    pytest.param(from_http_options, {"timeout": 500, "client_args": {"timeout": 2}},
                 "http_options and http_options.client_args disagree about timeout_s: 0.5 and 2; give one", id="two"),
    pytest.param(from_client_args, {"timeout": "2"}, "timeout: give a number of seconds", id="timeout"),
    pytest.param(from_client_args, {"http2": True}, "http2: there is no such option", id="http2"),
]  # fmt: skip


@pytest.mark.parametrize(("translate", "given", "message"), REFUSED)
def test_what_cannot_be_honoured(translate: Any, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        translate(given)


@pytest.mark.parametrize("name", ["headers", "proxy"])
def test_a_disagreement_shows_no_secret(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"a and b disagree about {name}; give one") as caught:
        combined({"a": {name: "hidden"}, "b": {name: "hidden too"}})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "translate"), [(types.EmbedContentConfig, from_config), (types.HttpOptions, from_http_options)]
)
def test_no_field_of_the_sdk_passes_silently(kind: Any, translate: Any) -> None:
    """What a new version of the SDK adds is refused until it is known here."""
    for field in kind.model_fields:
        probe = {field: {"x-probe": 1} if "args" in field or "options" in field else 7}
        try:
            assert translate(probe), field
        except ConfigurationError:
            continue
