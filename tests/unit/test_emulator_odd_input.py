"""Input that no well-behaved client sends: it gets an answer in the service's words, never an emulator that failed."""

from __future__ import annotations

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
