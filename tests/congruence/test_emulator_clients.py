"""Clients of other makers and languages: their recorded requests get the recorded answer, and they understand ours."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fix_node import RunNode
from gemini_embed_emulator import Emulator
from live.cases import GAPIC, RECORDED

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


@pytest.fixture
def archive() -> Iterator[Emulator]:
    """An emulator of the days of the recordings, when the models since shut down were served."""
    with Emulator(retired="serve") as server:
        yield server


@pytest.mark.parametrize(("path", "sent", "sizes"), RECORDED)
def test_recorded_requests_get_the_recorded_answer(archive: Emulator, path: str, sent: Any, sizes: list[int]) -> None:
    headers = {} if "key=" in path else {"x-goog-api-key": "k"}
    reply = httpx.post(archive.base_url + path, json=sent, headers=headers, verify=NO_TLS)
    rows = reply.json().get("embeddings") or [reply.json()["embedding"]]
    assert (reply.status_code, [len(row["values"]) for row in rows]) == (200, sizes)
    assert "usageMetadata" not in reply.json()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        pytest.param(
            "/v1beta/models/gemini-embedding-001:countTokens" + GAPIC,
            {"model": "models/gemini-embedding-001", "contents": [{"parts": [{"text": "a"}]}]},
            id="countTokens",
        ),
        pytest.param(
            "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict" + GAPIC,
            {
                "endpoint": "projects/p/locations/l/publishers/google/models/text-embedding-005",
                "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
                "parameters": {"outputDimensionality": 256.0},
            },
            id="predict",
        ),
    ],
)
def test_clients_on_gapic_send_what_the_path_says_in_the_body_too(emulator: Emulator, path: str, sent: Any) -> None:
    """As the recorded batch does."""
    reply = httpx.post(emulator.base_url + path, json=sent, headers={"authorization": "Bearer t"}, verify=NO_TLS)
    assert reply.status_code == 200, reply.text


@pytest.fixture(params=["v1", "v1beta", None], ids=["v1", "v1beta", "default"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[Any]:
    """google-genai, as new as this environment has it: 3 here, 2 beside the official plugins."""
    from google import genai

    version = {"api_version": request.param} if request.param else {}
    options: Any = {"base_url": emulator.base_url, **version}
    made = genai.Client(api_key="k", http_options=options)
    yield made
    made.close()


def test_google_genai_understands_the_developer_api(client: Any) -> None:
    from google.genai import errors, types

    contents = [types.Content(parts=[types.Part(text=text)]) for text in ("a", "b")]
    reply = client.models.embed_content(
        model="gemini-embedding-2", contents=contents, config={"output_dimensionality": 8}
    )
    assert [len(row.values) for row in reply.embeddings] == [8, 8]
    assert client.models.count_tokens(model="gemini-embedding-2", contents="Hello, world!").total_tokens == 5
    assert client.models.get(model="gemini-embedding-2").input_token_limit == 8192
    assert "models/gemini-embedding-001" in [model.name for model in client.models.list()]
    with pytest.raises(errors.ClientError) as refusal:
        client.models.embed_content(model="nope", contents="a")
    assert (refusal.value.code, refusal.value.status) == (404, "NOT_FOUND")
    with pytest.raises(errors.ServerError) as unbuilt:
        client.models.generate_content(model="gemini-3-flash", contents="a")
    assert (unbuilt.value.code, unbuilt.value.status) == (501, "UNIMPLEMENTED")


def test_google_genai_understands_vertex(emulator: Emulator) -> None:
    from google import genai
    from google.oauth2.credentials import Credentials

    client = genai.Client(
        vertexai=True,
        project="p",
        location="global",
        credentials=Credentials("a-token"),  # type: ignore[no-untyped-call]  # google-auth is not typed
        http_options={"base_url": emulator.base_url},
    )
    (new,) = client.models.embed_content(model="gemini-embedding-2", contents="a").embeddings or []
    (old,) = client.models.embed_content(model="gemini-embedding-001", contents="a").embeddings or []
    assert [len(row.values or []) for row in (new, old)] == [3072, 3072]
    assert old.statistics is not None
    assert old.statistics.token_count == 1
    assert client.models.compute_tokens(model="gemini-embedding-2", contents="a b").tokens_info
    assert client.models.get(model="gemini-embedding-2").name == "publishers/google/models/gemini-embedding-2"
    assert "publishers/google/models/text-embedding-005" in [model.name for model in client.models.list()]
    client.close()


@pytest.mark.slow
def test_googles_client_for_javascript_understands_it(run_node: RunNode, emulator: Emulator) -> None:
    program = (Path(__file__).parent / "clients.mjs").read_text("utf-8")
    printed = run_node(program, told=PIXEL)
    results = dict(json.loads(line) for line in printed.splitlines() if line.startswith("["))
    assert results == {
        "texts are one content": [3072],
        "contents are apart": [8, 8],
        "text and image": [3072],
        "task and title": [3072, 3072],
        "tokens": 5,
        "model": "Gemini Embedding 2",
        "models": ["models/gemini-embedding-2", "models/gemini-embedding-001"],
        "file": ["ACTIVE", "8"],
        "no such model": 404,
        "generation": 501,
        "vertex, embedContent": [3072],
        "vertex, predict": {"truncated": False, "tokenCount": 1},
        "vertex, tokens": ["YQ==", "Yg=="],
        "vertex, model": "publishers/google/models/gemini-embedding-2",
    }
    assert all("/v1/" in request.path for request in emulator.requests if "publishers" not in request.path)
