"""Input that no well-behaved client sends: it gets an answer in the service's words, never an emulator that failed."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
VERTEX = "/v1/projects/p/locations/global/publishers/google/models/"
HEADERS = {"x-goog-api-key": "k", "content-type": "application/json"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    """One connection for all of a test's calls: a reply that is not read to its end shows in the next."""
    with httpx.Client(base_url=emulator.base_url, headers=HEADERS, verify=NO_TLS) as client:
        yield client


def part(**fields: Any) -> bytes:
    return json.dumps({"content": {"parts": [fields]}}).encode()


@pytest.mark.parametrize("path", ["/", "/v1beta/models", "/v1beta/openai/embeddings", "/__emulator__/nothing"])
def test_head_is_answered_without_a_body(client: httpx.Client, path: str) -> None:
    assert client.head(path).status_code == 404
    assert client.get("/__emulator__/health").status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"not json", "Unexpected token.\nnot json\n^", id="no JSON"),
        pytest.param(b'{"content": {"parts": [{]}}', 'ntent": {"parts": [{]}}\n' + " " * 20 + "^", id="where it is"),
        pytest.param(b'{"content": ', 'Unexpected end of string.\n{"content": \n            ^', id="cut off"),
        pytest.param(b'{"a": "\xff"}', "Encountered non UTF-8 code points.", id="Latin-1"),
        pytest.param(b'{"content":' * 100_000, "Unexpected token.", id="deep"),
        pytest.param(b'{"outputDimensionality": ' + b"9" * 5000 + b"}", "Unexpected token.", id="a long number"),
        pytest.param(b'{"outputDimensionality": NaN}', "Unexpected token.", id="NaN is no JSON"),
        pytest.param(json.dumps({"outputDimensionality": "9" * 5000}).encode(), "(TYPE_INT32)", id="a long text"),
        pytest.param(json.dumps({"outputDimensionality": 2**31}).encode(), "(TYPE_INT32), 2147483648", id="33 bits"),
        pytest.param(part(inlineData={"mimeType": "image/png"}), "an empty Part", id="a picture without data"),
        pytest.param(
            part(inline_data={"mimeType": "image/png", "data": "AAAA"}, text="x"),
            "Invalid value at 'content.parts[0]' (oneof), oneof field 'data' is already set. Cannot set 'text'",
            id="a part that is two",
        ),
        pytest.param(
            part(inlineData={"mimeType": "image/png"}, fileData={"fileUri": "x"}),
            "Cannot set 'fileData'",
            id="two files",
        ),
    ],
)
def test_bodies_are_refused_in_the_services_words(client: httpx.Client, body: bytes, words: str) -> None:
    reply = client.post(ONE, content=body)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in reply.json()["error"]["message"]
    assert "line 1" not in reply.text


@pytest.mark.parametrize(
    "path", ["/v1beta/models?pageSize=", "/v1beta/models?pageToken=", "/__emulator__/requests?after="]
)
@pytest.mark.parametrize("text", ["²", "9" * 5000, "-1", "x"])
def test_numbers_of_the_query_are_plain_ones(client: httpx.Client, path: str, text: str) -> None:
    reply = client.get(path + text)
    assert reply.status_code == 400
    assert "Invalid value at" in reply.json()["error"]["message"]


def test_half_a_character_is_counted(client: httpx.Client) -> None:
    """JSON can write a lone surrogate, UTF-8 cannot."""
    told = '{"instances": [{"content": "a\\ud800b"}]}'
    reply = client.post(
        f"{VERTEX}text-embedding-005:computeTokens", content=told, headers={"authorization": "Bearer t"}
    )
    assert len(reply.json()["tokensInfo"][0]["tokens"]) == 3


@pytest.mark.parametrize("target", ["//v1beta/models", "//[", "http://[/v1beta/models", "*"])
def test_an_odd_address_is_answered(emulator: Emulator, target: str) -> None:
    """Two slashes are what a base address with one at its end makes; the page shows them."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("GET", target, skip_host=True)
        connection.endheaders()
        reply = connection.getresponse()
        shown = reply.read().decode()
    assert reply.status in (403, 404)
    assert target[:2] != "//" or target in shown


def test_a_content_of_many_parts_is_cut_in_linear_time(client: httpx.Client) -> None:
    """Each part is counted once: 40,000 of them took minutes."""
    parts = [{"text": "a " * 8190}] + [{"text": "a b"}] * 40_000
    reply = client.post(ONE, json={"content": {"parts": parts}}).json()
    assert reply["usageMetadata"]["promptTokenCount"] == 8192
