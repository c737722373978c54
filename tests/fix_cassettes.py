"""Cassettes: traffic recorded once, reviewed like source, and played whole ever after.

    @pytest.mark.vcr
    @pytest.mark.default_cassette("langchain.yaml")
    def test_langchain_cassette(cassette_access): ...

A test makes its client with `**cassette_access` (`api_key`, `base_url`). `GEMINI_EMBED_RECORD=emulator` records anew
against the emulator, `GEMINI_EMBED_RECORD=real` against the service, with the key in `GEMINI_API_KEY`; a cassette's
first line says which. Requests match by method, path, query and body. A cassette that is not played to its end fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from gemini_embed_emulator import Emulator
from vcr import VCR
from vcr.cassette import Cassette
from vcr.request import Request
from vcr.serializers import yamlserializer

RECORD = os.environ.get("GEMINI_EMBED_RECORD", "")
REAL_KEY = os.environ.get("GEMINI_API_KEY", "")  # read here: tests do not see the machine's own
REAL_URL = "https://generativelanguage.googleapis.com"
KEPT_HEADERS = {"content-type", "server"}
FIRST_LINES = {
    "emulator": "# Recorded against the emulator of this repository: its vectors are not the model's.\n",
    "real": "# Recorded against the Gemini API.\n",
}


class NotedSerializer:
    """YAML that says on its first line where it was recorded."""

    deserialize = staticmethod(yamlserializer.deserialize)

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        """The file's text."""
        return FIRST_LINES[RECORD] + str(yamlserializer.serialize(cassette))


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:
    """pytest-recording's hook: our YAML in the place of the usual."""
    vcr.register_serializer("yaml", NotedSerializer)


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """How pytest-recording plays and records."""
    if RECORD not in {"", *FIRST_LINES}:
        pytest.fail(f"GEMINI_EMBED_RECORD={RECORD!r}: say one of {', '.join(FIRST_LINES)}")
    return {
        "record_mode": "rewrite" if RECORD else "none",
        "match_on": ["method", "path", "query", "body"],
        "before_record_request": scrubbed_request,
        "before_record_response": scrubbed_response,
        "decode_compressed_response": True,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Cassettes lie beside their tests."""
    return str(request.path.parent)


@pytest.fixture
def cassette_access() -> Iterator[dict[str, Any]]:
    """`api_key` and `base_url` to record with, or to play with: then nothing listens there."""
    if RECORD == "real" and not REAL_KEY:
        pytest.fail("GEMINI_EMBED_RECORD=real needs GEMINI_API_KEY")
    with Emulator() if RECORD == "emulator" else nullcontext() as server:
        address = server.base_url if server else REAL_URL
        yield {"api_key": REAL_KEY if RECORD == "real" else "key-for-cassettes", "base_url": address}


@pytest.fixture(autouse=True)
def _cassettes_are_played_whole(vcr: Cassette | None) -> Iterator[None]:
    yield
    if vcr is not None and not RECORD:
        assert vcr.play_count > 0, "the cassette was not played"
        assert vcr.all_played, f"only {vcr.play_count} of the {len(vcr)} answers in the cassette were played"


def scrubbed_request(request: Request) -> Request:
    """The request as if it went to the service, without key, account or machine."""
    url = urlsplit(request.uri)
    query = urlencode([(name, value) for name, value in parse_qsl(url.query) if name != "key"])
    headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS}
    uri = f"{REAL_URL}{url.path}" + (f"?{query}" if query else "")
    return Request(request.method, uri, request.body, headers)


def scrubbed_response(response: dict[str, Any]) -> dict[str, Any]:
    """The response with the headers that matter."""
    headers = {name: value for name, value in response["headers"].items() if name.lower() in KEPT_HEADERS}
    return {**response, "headers": headers}
