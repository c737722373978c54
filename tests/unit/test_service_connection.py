"""Where requests go and in whose name: arguments, environment, and which beats which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gemini_embed import ApiError, AuthenticationError, ConfigurationError, GeminiEmbedWarning, QuotaError
from gemini_embed.calls.advice import hint_for
from gemini_embed.errors import QuotaUsedUpError
from gemini_embed.models import facts_for
from gemini_embed.service.connection import connect

KEYS = {"GEMINI_API_KEY": "gemini"}
PROJECT = {"GOOGLE_CLOUD_PROJECT": "env-project"}
USE_VERTEX = {"GOOGLE_GENAI_USE_VERTEXAI": "true"}

# Columns: the arguments, the environment, and what comes of them: backend, project, location, key.
CASES = [
    pytest.param({"api_key": "k"}, {}, ("developer", None, None, "k"), id="key"),
    pytest.param({}, KEYS, ("developer", None, None, "gemini"), id="key-of-the-environment"),
    pytest.param({}, {"GOOGLE_API_KEY": "google"}, ("developer", None, None, "google"), id="googles-variable"),
    pytest.param({"api_key": "k"}, KEYS, ("developer", None, None, "k"), id="argument-first"),
    pytest.param({"api_key": ""}, KEYS, ("developer", None, None, "gemini"), id="empty-is-none"),
    pytest.param({}, {"GEMINI_API_KEY": "k", "GOOGLE_API_KEY": "k"}, ("developer", None, None, "k"), id="twice"),
    pytest.param({"project": "p"}, {}, ("vertex", "p", "global", None), id="a-project-needs-no-key"),
    pytest.param({}, {**KEYS, **PROJECT}, ("developer", None, None, "gemini"), id="a-project-alone"),
    pytest.param({"project": "p"}, KEYS, ("vertex", "p", "global", None), id="project-means-vertex"),
    pytest.param({"vertexai": True, "project": "p", "location": "eu"}, {}, ("vertex", "p", "eu", None), id="location"),
    pytest.param({"vertexai": True}, {**KEYS, **PROJECT}, ("vertex", "env-project", "global", None), id="project-wins"),
    pytest.param({"vertexai": True}, KEYS, ("vertex", None, None, "gemini"), id="express-by-environment"),
    pytest.param({"vertexai": True, "api_key": "k"}, PROJECT, ("vertex", None, None, "k"), id="express-by-argument"),
    pytest.param({}, {**USE_VERTEX, **PROJECT}, ("vertex", "env-project", "global", None), id="told-by-environment"),
    pytest.param({"api_key": "k", "vertexai": False}, USE_VERTEX, ("developer", None, None, "k"), id="not-by-argument"),
    pytest.param({}, {**USE_VERTEX, **PROJECT, "GOOGLE_CLOUD_LOCATION": "us"}, ("vertex", "env-project", "us", None),
                 id="location-of-the-environment"),
    pytest.param({"api_key": "k"}, {"GOOGLE_GENAI_USE_VERTEXAI": "false"}, ("developer", None, None, "k"), id="false"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "environ", "wanted"), CASES)
def test_what_is_decided(arguments: dict[str, Any], environ: dict[str, str], wanted: tuple[Any, ...]) -> None:
    found = connect(**arguments, environ=environ)
    key = found.key.reveal() if found.key else None
    assert (found.backend, found.project, found.location, key) == wanted


def test_of_two_keys_that_differ_the_sdks_is_taken() -> None:
    """google-genai looks for GOOGLE_API_KEY first; the other may be another project's."""
    both = {"GEMINI_API_KEY": "gemini", "GOOGLE_API_KEY": "google"}
    with pytest.warns(GeminiEmbedWarning, match="both set and differ: the key of GOOGLE_API_KEY is used") as said:
        found = connect(environ=both)
    assert found.key
    assert found.key.reveal() == "google"
    assert len(said) == 1
    assert connect(api_key="argument", environ=both).key  # no warning: nothing was looked for


@pytest.mark.parametrize("environ", [{}, PROJECT, {"GEMINI_API_KEY": ""}], ids=["nothing", "a-project-alone", "empty"])
def test_no_key_is_told_at_once(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="no API key") as refused:
        connect(environ=environ)
    assert isinstance(refused.value, ValueError)
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "gemini_embed_emulator", "project="):
        assert name in str(refused.value)
    assert "\n" not in str(refused.value)


URLS = [
    pytest.param({"api_key": "k"}, {}, "https://generativelanguage.googleapis.com/v1beta/models/m:x", id="developer"),
    pytest.param({"api_key": "k", "api_version": "v1"}, {},
                 "https://generativelanguage.googleapis.com/v1/models/m:x", id="version"),
    pytest.param({"api_key": "k", "base_url": "http://h:1/a/"}, {}, "http://h:1/a/v1beta/models/m:x", id="base-url"),
    pytest.param({"api_key": "k"}, {"GOOGLE_GEMINI_BASE_URL": "http://env"}, "http://env/v1beta/models/m:x", id="env"),
    pytest.param({"project": "p"}, {"GOOGLE_VERTEX_BASE_URL": "http://env"},
                 "http://env/v1beta1/projects/p/locations/global/publishers/google/models/m:x", id="vertex-env"),
    pytest.param({"vertexai": True, "api_key": "k"}, {},
                 "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:x", id="express"),
    pytest.param({"api_key": "k", "base_url": "http://h/v1beta/"}, {}, "http://h/v1beta/models/m:x", id="with-version"),
    pytest.param({"api_key": "k", "base_url": "http://h/v1alpha"}, {}, "http://h/v1alpha/models/m:x", id="its-version"),
    pytest.param({"api_key": "k", "base_url": "http://h/v1beta", "api_version": "v1beta"}, {},
                 "http://h/v1beta/models/m:x", id="version-twice"),
    pytest.param({"api_key": "k", "base_url": "http://h/v1", "api_version": "v1beta"}, {},
                 "http://h/v1/v1beta/models/m:x", id="a-gateways-own-version"),
    pytest.param({"api_key": "k", "base_url": "http://v1"}, {}, "http://v1/v1beta/models/m:x", id="a-host-called-v1"),
    pytest.param({"project": "p"}, {"GOOGLE_VERTEX_BASE_URL": "http://env/v1"},
                 "http://env/v1/projects/p/locations/global/publishers/google/models/m:x", id="vertex-env-version"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "environ", "url"), URLS)
def test_addresses(arguments: dict[str, Any], environ: dict[str, str], url: str) -> None:
    assert connect(**arguments, environ=environ).url("m", "x") == url


ELSEWHERE = [
    pytest.param({"base_url": "https://u:hidden@h"}, "base_url='https://h' must be scheme, host", id="userinfo"),
    pytest.param({"base_url": "https://h/?key=hidden"}, r"base_url='https://h/\?\.\.\.' must be scheme", id="query"),
    pytest.param({"base_url": "https://h/#hidden"}, "must be scheme, host and path alone", id="url-fragment"),
    pytest.param({"base_url": "h/v1beta"}, "must begin with http", id="no-scheme"),
    pytest.param({"base_url": "https:///v1beta"}, "not a URL with a host", id="no-host"),
    pytest.param({"base_url": "https://h:port"}, "not a URL with a host", id="no-port"),
    pytest.param({"base_url": "https://h/a b"}, "not a URL with a host", id="a-space"),
    pytest.param({"api_version": "v1/../v2"}, "api_version='v1/../v2' must look like 'v1'", id="version"),
    pytest.param({"vertexai": True, "project": "p/../q"}, "project='p/../q' holds characters", id="project"),
    pytest.param({"project": "p", "location": "evil.example/"}, "location='evil.example/' holds", id="location"),
    pytest.param({"project": "p", "location": "evil.example#"}, "location='evil.example#' holds", id="fragment"),
]


@pytest.mark.parametrize(("arguments", "message"), ELSEWHERE)
def test_what_would_lead_elsewhere(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        connect(**arguments, environ={"GEMINI_API_KEY": "k"})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("model", ["../x?y", "a/b", "a?key=b", "a#b", "a b", "..", "models/a%2fb", "a\nb", "a\\b"])
def test_a_model_that_would_lead_elsewhere(model: str) -> None:
    with pytest.raises(ConfigurationError, match=r"model=.* holds characters that no model has"):
        facts_for(model, "developer")


DEVELOPER, US = connect(api_key="k", environ={}), connect(project="p", location="us-central1", environ={})
PER_DAY = [{"violations": [{"quotaId": "RequestsPerDay"}]}]
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def used_up(details: list[dict[str, Any]], resets_at: datetime | None) -> QuotaUsedUpError:
    error = QuotaUsedUpError(429, details=details)
    error.resets_at = resets_at
    return error


HINTS = [
    pytest.param(AuthenticationError(403), "gemini-embedding-2", DEVELOPER, "GEMINI_API_KEY", id="key"),
    pytest.param(AuthenticationError(403), "gemini-embedding-001", US, "role Vertex AI User", id="credentials"),
    pytest.param(QuotaError(429), "gemini-embedding-2", DEVELOPER, "rate_limits=", id="rate"),
    pytest.param(used_up(PER_DAY, TOMORROW), "gemini-embedding-2", DEVELOPER, "midnight Pacific", id="day"),
    pytest.param(used_up([], None), "gemini-embedding-2", DEVELOPER, "a spend limit", id="spend-limit"),
    pytest.param(ApiError(404), "text-embedding-004", DEVELOPER, "shut down on 2026-01-14; its successor is gemini-emb",
                 id="retired"),
    pytest.param(ApiError(404), "gemini-embedding-9", DEVELOPER, "nothing is known here of gemini-embedding-9",
                 id="unknown"),
    pytest.param(ApiError(404), "gemini-embedding-2", US, "served at eu, global, us, not at 'us-central1'", id="place"),
    pytest.param(ApiError(400, message="input token count"), "gemini-embedding-2", DEVELOPER, "overflow='truncate'",
                 id="too-long"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "model", "connection", "hint"), HINTS)
def test_hints(error: ApiError, model: str, connection: Any, hint: str) -> None:
    assert hint in hint_for(error, facts_for(model, connection.backend), connection)


@pytest.mark.parametrize("code", [400, 500, 503])
def test_no_hint_where_there_is_none(code: int) -> None:
    assert hint_for(ApiError(code), facts_for("gemini-embedding-2", "developer"), DEVELOPER) == ""
