"""The emulated models: how they are listed, and how they count tokens."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

VERTEX = "/v1/projects/p/locations/eu/publishers/google/models/{model}:{method}"
TOKEN = {"authorization": "Bearer t"}
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def post(server: Emulator, path: str, payload: Any, headers: dict[str, str] = KEY) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=headers, verify=NO_TLS)


def vertex(server: Emulator, model: str, method: str, payload: Any) -> httpx.Response:
    return post(server, VERTEX.format(model=model, method=method), payload, TOKEN)


def test_tokens_are_counted_on_both_backends(emulator: Emulator) -> None:
    contents = {"contents": [{"role": "user", "parts": [{"text": "Hello, world!"}]}]}
    here = post(emulator, "/v1beta/models/gemini-embedding-001:countTokens", contents).json()
    assert here == {"totalTokens": 5, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}]}
    instances = {"instances": [{"content": "Hello, world!"}]}
    there = vertex(emulator, "gemini-embedding-001", "countTokens", instances).json()
    assert (there["totalTokens"], there["totalBillableCharacters"]) == (4, 12)


def test_tokens_of_a_generate_content_request_are_counted(emulator: Emulator) -> None:
    path = "/v1beta/models/gemini-embedding-2:countTokens"
    contents = [{"parts": [{"text": "Hello, world!"}]}]
    wrapped = {"generateContentRequest": {"model": "models/gemini-embedding-2", "contents": contents}}
    assert post(emulator, path, wrapped).json() == post(emulator, path, {"contents": contents}).json()
    assert "mutually exclusive" in post(emulator, path, {**wrapped, "contents": contents}).json()["error"]["message"]


def test_each_backend_knows_its_own_fields_of_a_count(emulator: Emulator) -> None:
    """google-genai refuses the first two before it sends them, as the Developer API does."""
    contents = {"contents": [{"parts": [{"text": "x"}]}]}
    here = "/v1beta/models/gemini-embedding-2:countTokens"
    for name in ("systemInstruction", "tools", "instances"):
        reply = post(emulator, here, {**contents, name: {}})
        assert f'Unknown name "{name}": Cannot find field.' in reply.json()["error"]["message"]
    for action, name in (("countTokens", "generateContentRequest"), ("computeTokens", "systemInstruction")):
        reply = vertex(emulator, "gemini-embedding-2", action, {**contents, name: {}})
        assert f'Unknown name "{name}": Cannot find field.' in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("sent", "found"), [pytest.param("Ruby is a programmer's best friend", 10, id="a sentence"), ("JavaScript", 2)]
)
def test_the_older_text_models_count_tokens_their_own_way(emulator: Emulator, sent: str, found: int) -> None:
    """As recorded."""
    reply = vertex(emulator, "text-embedding-004", "predict", {"instances": [{"content": sent}]}).json()
    assert reply["predictions"][0]["embeddings"]["statistics"]["token_count"] == found


def test_shut_down_models_are_listed_with_what_they_could(emulator: Emulator) -> None:
    """As recorded while they were served."""
    emulator.retired = "serve"
    listed = httpx.get(f"{emulator.base_url}/v1beta/models", headers=KEY, verify=NO_TLS).json()["models"]
    told = {row["name"].removeprefix("models/"): (row["version"], row["supportedGenerationMethods"]) for row in listed}
    assert told["embedding-001"] == ("001", ["embedContent"])
    assert told["text-embedding-004"] == ("004", ["embedContent"])
    assert told["gemini-embedding-exp-03-07"] == ("exp-03-07", ["embedContent", "countTextTokens", "countTokens"])


def test_models_are_listed_in_pages(emulator: Emulator) -> None:
    first = httpx.get(f"{emulator.base_url}/v1beta/models?pageSize=1", headers=KEY, verify=NO_TLS).json()
    token = first["nextPageToken"]
    second = httpx.get(
        f"{emulator.base_url}/v1beta/models?pageSize=1&pageToken={token}", headers=KEY, verify=NO_TLS
    ).json()
    names = [page["models"][0]["name"] for page in (first, second)]
    assert names == ["models/gemini-embedding-2", "models/gemini-embedding-001"]
    one = httpx.get(f"{emulator.base_url}/v1beta/{names[0]}", headers=KEY, verify=NO_TLS).json()
    assert one == first["models"][0]
    assert "nextPageToken" not in second
