"""The query parameters of every Google API, on the emulated endpoints."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
KEY = {"x-goog-api-key": "k"}
TEXT = {"content": {"parts": [{"text": "x"}]}}
PAIR = {"requests": [{"model": "models/gemini-embedding-2", "outputDimensionality": 2, **TEXT}] * 2}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def post(server: Emulator, query: dict[str, str], path: str = ONE, payload: Any = TEXT) -> httpx.Response:
    return httpx.post(server.base_url + path, params=query, json=payload, headers=KEY, verify=NO_TLS)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"$.xgafv": "2"}, id="error format"),
        pytest.param({"quotaUser": "me"}, id="quotaUser"),
        pytest.param({"uploadType": "media", "upload_protocol": "raw"}, id="upload"),
        pytest.param({"alt": "json", "key": "k"}, id="alt and key"),
        pytest.param({"$alt": "json;enum-encoding=int", "$prettyPrint": "true"}, id="gapic"),
        pytest.param({"access_token": "t", "oauth_token": "t"}, id="tokens"),
    ],
)
def test_standard_parameters_are_taken(emulator: Emulator, query: dict[str, str]) -> None:
    assert post(emulator, query).status_code == 200


@pytest.mark.parametrize("value", ["proto", "media", "sse"])
def test_another_format_than_json_is_not_built(emulator: Emulator, value: str) -> None:
    reply = post(emulator, {"alt": value})
    assert (reply.status_code, reply.json()["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "JSON only" in reply.json()["error"]["message"]


COUNT = {"promptTokenCount": 2}
DETAILS = {"promptTokenDetails": [{"modality": "TEXT", "tokenCount": 2}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param("usageMetadata", {"usageMetadata": COUNT | DETAILS}, id="one"),
        pytest.param("usageMetadata.promptTokenCount", {"usageMetadata": COUNT}, id="a path with a dot"),
        pytest.param("usage_metadata/prompt_token_count", {"usageMetadata": COUNT}, id="snake_case"),
        pytest.param("usageMetadata/promptTokenCount", {"usageMetadata": COUNT}, id="a path"),
        pytest.param("usageMetadata(promptTokenCount,nothing)", {"usageMetadata": COUNT}, id="in brackets"),
        pytest.param(
            "usageMetadata/promptTokenDetails/modality, usageMetadata/promptTokenCount",
            {"usageMetadata": COUNT | {"promptTokenDetails": [{"modality": "TEXT"}]}},
            id="two below one",
        ),
        pytest.param(
            "usageMetadata/promptTokenDetails/modality,usageMetadata/promptTokenDetails(tokenCount)",
            {"usageMetadata": DETAILS},
            id="two far below one",
        ),
        pytest.param(
            "usageMetadata,usageMetadata/promptTokenCount", {"usageMetadata": COUNT | DETAILS}, id="all, and one of it"
        ),
        pytest.param("*/promptTokenCount", {"embeddings": [{}, {}], "usageMetadata": COUNT}, id="a star"),
        pytest.param("nothing", {}, id="nothing"),
    ],
)
def test_a_part_of_the_reply_is_chosen_by_fields(emulator: Emulator, fields: str, expected: Any) -> None:
    for name in ("fields", "$fields"):
        assert post(emulator, {name: fields}, BATCH, PAIR).json() == expected


def test_vectors_are_chosen_too(emulator: Emulator) -> None:
    whole = post(emulator, {}, BATCH, PAIR).json()
    assert post(emulator, {"fields": "embeddings(values)"}, BATCH, PAIR).json() == {"embeddings": whole["embeddings"]}


@pytest.mark.parametrize(
    "fields", ["a(", "a,", "(a)", "a)b", "a/", "a//b", "a(b)c", ",", "a(" * 2000, "a/" * 2000 + "a"]
)
def test_fields_that_cannot_be_read_are_refused(emulator: Emulator, fields: str) -> None:
    reply = post(emulator, {"fields": fields})
    assert reply.status_code == 400
    assert "'fields' parameter" in reply.json()["error"]["message"]


def test_enums_are_numbers_on_demand(emulator: Emulator) -> None:
    usage = post(emulator, {"$alt": "json;enum-encoding=int"}).json()["usageMetadata"]
    assert usage["promptTokenDetails"] == [{"modality": 1, "tokenCount": 1}]


def test_a_callback_makes_a_script_of_replies_and_refusals(emulator: Emulator) -> None:
    for payload, name in ((TEXT, "embedding"), ({}, "error")):
        reply = post(emulator, {"callback": "page.take", "prettyPrint": "false"}, payload=payload)
        assert (reply.status_code, reply.headers["content-type"]) == (200, "text/javascript; charset=UTF-8")
        start, end = "// API callback\npage.take(", ");\n"
        assert reply.text.startswith(start)
        assert reply.text.endswith(end)
        assert name in json.loads(reply.text[len(start) : -len(end)])
    assert post(emulator, {"callback": "alert(1)//"}).status_code == 400
