"""Who may call the emulated endpoints: keys on the Developer API and in express mode, tokens on Vertex."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
SHORT = "/v1beta1/publishers/google/models/gemini-embedding-001:predict"
FULL = "/v1/projects/p/locations/eu/publishers/google/models/gemini-embedding-001:predict"
TEXT = {"content": {"parts": [{"text": "x"}]}}
INSTANCE = {"instances": [{"content": "x"}]}
OPENAI = "/v1beta/openai/embeddings"
INPUT = {"model": "gemini-embedding-2", "input": "x"}
TOKEN = {"authorization": "Bearer t"}
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def post(server: Emulator, path: str, payload: Any, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=headers, verify=NO_TLS)


@pytest.mark.parametrize(
    ("path", "payload", "headers", "code", "reason"),
    [
        pytest.param(ONE, TEXT, {}, 403, None, id="no key"),
        pytest.param(ONE, TEXT, {"x-goog-api-key": "invalid"}, 400, "API_KEY_INVALID", id="a bad key is a 400"),
        pytest.param(ONE, TEXT, {"x-goog-api-key": "other"}, 400, "API_KEY_INVALID", id="a key not on the list"),
        pytest.param(ONE, TEXT, KEY, 200, None, id="a good key"),
        pytest.param(ONE + "?key=k", TEXT, {}, 200, None, id="a good key in the query"),
        pytest.param(ONE, TEXT, TOKEN, 200, None, id="a token instead of a key"),
        pytest.param(ONE + "?access_token=t", TEXT, {}, 200, None, id="a token in the query"),
        pytest.param(ONE + "?oauth_token=t", TEXT, {}, 200, None, id="a token in the query, older name"),
        pytest.param(ONE, TEXT, {"authorization": "Bearer invalid"}, 401, None, id="a bad token is a 401"),
        pytest.param(OPENAI, INPUT, {"authorization": "Bearer k"}, 200, None, id="openai: the key is the token"),
        pytest.param(OPENAI, INPUT, KEY, 400, None, id="openai: the key elsewhere"),
        pytest.param(FULL, INSTANCE, {"authorization": "Bearer invalid"}, 401, None, id="vertex with a bad token"),
        pytest.param(FULL + "?access_token=t", INSTANCE, {}, 200, None, id="vertex with a token in the query"),
        pytest.param(FULL, INSTANCE, {}, 401, "CREDENTIALS_MISSING", id="vertex without a token"),
        pytest.param(FULL, INSTANCE, KEY, 401, "CREDENTIALS_MISSING", id="vertex with a key"),
        pytest.param(FULL, INSTANCE, TOKEN, 200, None, id="vertex with a token"),
        pytest.param(SHORT, INSTANCE, KEY, 200, None, id="express mode"),
        pytest.param(SHORT, INSTANCE, {}, 401, "CREDENTIALS_MISSING", id="express mode without a key"),
        pytest.param(SHORT, INSTANCE, {"x-goog-api-key": "invalid"}, 400, "API_KEY_INVALID", id="express, bad key"),
    ],
)
def test_who_may_call(path: str, payload: Any, headers: dict[str, str], code: int, reason: str | None) -> None:
    with Emulator(api_keys={"k"}) as server:
        reply = post(server, path, payload, headers)
    assert reply.status_code == code
    if reason:
        assert reply.json()["error"]["details"][0]["reason"] == reason


def test_any_key_is_good_but_those_known_as_bad(emulator: Emulator) -> None:
    emulator.invalid_api_keys = ("revoked",)
    statuses = [post(emulator, ONE, TEXT, {"x-goog-api-key": key}).status_code for key in ("any", "revoked", "")]
    assert statuses == [200, 400, 403]


def test_a_missing_key_is_answered_in_googles_words(emulator: Emulator) -> None:
    error = post(emulator, ONE, TEXT, {}).json()["error"]
    assert error["status"] == "PERMISSION_DENIED"
    assert error["message"].startswith("Method doesn't allow unregistered callers")
