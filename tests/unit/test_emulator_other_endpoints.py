"""What the emulator has beside embedding calls: OpenAI's form, Vertex's catalogue and tokens, browsers, plain words."""

from __future__ import annotations

import base64
import ssl
from typing import Any

import httpx
import numpy as np
import pytest
from fix_media import png
from gemini_embed_emulator import Emulator

OPENAI = "/v1beta/openai/embeddings"
BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
PROJECT = "/v1/projects/p/locations/global"
MODEL = f"{PROJECT}/publishers/google/models/gemini-embedding-2"
TOKEN = {"authorization": "Bearer t"}
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def call(server: Emulator, method: str, path: str, payload: Any = None, **headers: str) -> httpx.Response:
    headers = headers or TOKEN
    return httpx.request(method, server.base_url + path, json=payload, headers=headers, verify=NO_TLS)


def openai(server: Emulator, **request: Any) -> httpx.Response:
    return call(server, "POST", OPENAI, {"model": "gemini-embedding-2", **request})


@pytest.mark.parametrize("model", ["gemini-embedding-2", "models/gemini-embedding-2"])
def test_openai_embeddings_are_those_of_a_batch(emulator: Emulator, model: str) -> None:
    item = {"model": "models/gemini-embedding-2", "outputDimensionality": 8}
    texts = ["one", "and two"]
    batch = {"requests": [{**item, "content": {"parts": [{"text": text}]}} for text in texts]}
    rows = call(emulator, "POST", BATCH, batch, **KEY).json()["embeddings"]
    reply = openai(emulator, model=model, input=texts, dimensions=8).json()
    assert reply == {
        "object": "list",
        "data": [
            {"object": "embedding", "embedding": rows[0]["values"]},  # its index, 0, is left out
            {"object": "embedding", "index": 1, "embedding": rows[1]["values"]},
        ],
        "model": model,
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    assert emulator.requests.items_billed == 4


def test_openai_embeddings_have_usage_where_a_batch_has(emulator: Emulator) -> None:
    """A published reply of an older model ends with its name."""
    assert [*openai(emulator, model="gemini-embedding-001", input="x").json()] == ["object", "data", "model"]


def test_openai_embeddings_may_be_base64(emulator: Emulator) -> None:
    """OpenAI's own clients ask for it unless told otherwise."""
    plain = openai(emulator, input="x").json()["data"][0]["embedding"]
    packed = openai(emulator, input="x", encoding_format="base64", user="me").json()["data"][0]["embedding"]
    assert np.allclose(np.frombuffer(base64.b64decode(packed), "<f4"), plain, atol=1e-9)


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        pytest.param({"input": [1, 2]}, 400, "not token numbers", id="token numbers"),
        pytest.param({}, 400, "a text or a list of texts", id="no input"),
        pytest.param({"input": ""}, 400, "contains an empty Part", id="empty"),
        pytest.param({"input": ["x"] * 101}, 400, "at most 100 requests", id="101 texts"),
        pytest.param({"input": "x", "model": "nope"}, 404, "models/nope is not found", id="unknown model"),
        pytest.param({"input": "x", "model": "google/gemini-embedding-2"}, 400, "unexpected model name", id="format"),
        pytest.param({"input": "x", "model": ""}, 400, "model is not specified", id="no model"),
        pytest.param({"input": "x", "encoding_format": "hex"}, 400, "float and base64", id="encoding"),
        pytest.param({"input": "x", "dimensions": 9999}, 400, "between 1 and 3072", id="dimensions"),
    ],
)
def test_refusals_in_openais_form_stand_in_a_list(
    emulator: Emulator, request_: dict[str, Any], code: int, message: str
) -> None:
    """As reported of the real endpoint."""
    reply = openai(emulator, **request_)
    assert reply.status_code == code
    (refusal,) = reply.json()
    assert message in refusal["error"]["message"]


@pytest.mark.parametrize("path", [PROJECT, "/v1beta1"])
def test_vertex_lists_its_models(emulator: Emulator, path: str) -> None:
    listed = call(emulator, "GET", f"{path}/publishers/google/models?pageSize=2").json()
    rest = call(emulator, "GET", f"{path}/publishers/google/models?pageToken={listed['nextPageToken']}").json()
    names = [model["name"].rpartition("/")[2] for model in (*listed["publisherModels"], *rest["publisherModels"])]
    assert names[0] == "gemini-embedding-2"
    assert {"text-embedding-005", "gemini-embedding-001"} < {*names}
    one = call(emulator, "GET", f"{path}/publishers/google/models/{names[0]}").json()
    assert one == listed["publisherModels"][0]
    assert (one["versionId"], one["launchStage"]) == ("default", "GA")


def test_vertex_takes_the_parameters_of_its_catalogue(emulator: Emulator) -> None:
    path = "/v1beta1/publishers/google/models"
    assert call(emulator, "GET", f"{path}?view=PUBLISHER_MODEL_VIEW_BASIC&filter=x&languageCode=en").status_code == 200
    assert call(emulator, "POST", f"{MODEL}:embedContent?view=x", {}).status_code == 400


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (f"{MODEL}:embedContent", "v1.PredictionService.EmbedContent"),
        (f"{MODEL}:countTokens", "v1.LlmUtilityService.CountTokens"),
        (f"{MODEL}:countTokens".replace("v1", "v1beta1"), "v1beta1.PredictionService.CountTokens"),
        (f"{MODEL}:computeTokens".replace("v1", "v1beta1"), "v1beta1.LlmUtilityService.ComputeTokens"),
    ],
)
def test_missing_credentials_name_the_call(emulator: Emulator, path: str, method: str) -> None:
    (info,) = call(emulator, "POST", path, {}, **KEY).json()["error"]["details"]
    assert (info["reason"], info["metadata"]["method"]) == ("CREDENTIALS_MISSING", f"google.cloud.aiplatform.{method}")


def test_vertex_has_no_other_models(emulator: Emulator) -> None:
    path = "/v1/publishers/google/models"
    assert call(emulator, "GET", f"{path}/nope").status_code == 404
    assert call(emulator, "GET", path, accept="*/*").status_code == 401


def test_vertex_embeds_batches(emulator: Emulator) -> None:
    content = {"content": {"parts": [{"text": "x"}]}}
    named = {"model": MODEL.removeprefix("/v1/"), "embedContentConfig": {"outputDimensionality": 8}, **content}
    reply = call(emulator, "POST", f"{MODEL}:batchEmbedContents", {"requests": [named, content]}).json()
    alone = call(emulator, "POST", f"{MODEL}:embedContent", content).json()
    assert [len(row["values"]) for row in reply["embeddings"]] == [8, 3072]
    assert reply["embeddings"][1] == alone["embedding"]
    assert reply["usageMetadata"]["totalTokenCount"] == 2
    for refused in ([{"model": "models/other", **content}], [], [content] * 101):
        assert call(emulator, "POST", f"{MODEL}:batchEmbedContents", {"requests": refused}).status_code == 400


@pytest.mark.parametrize(
    ("model", "payload", "role"),
    [
        ("gemini-embedding-2", {"contents": [{"role": "user", "parts": [{"text": "a red, red"}]}]}, {"role": "user"}),
        ("gemini-embedding-001", {"instances": [{"content": "a red, red"}]}, {}),
    ],
)
def test_vertex_computes_tokens(emulator: Emulator, model: str, payload: Any, role: dict[str, str]) -> None:
    path = MODEL.replace("gemini-embedding-2", model)
    (info,) = call(emulator, "POST", f"{path}:computeTokens", payload).json()["tokensInfo"]
    assert [base64.b64decode(token) for token in info["tokens"]] == [b"a", b"red", b",", b"red"]
    assert info["tokenIds"][1] == info["tokenIds"][3] != info["tokenIds"][0]
    assert {name: info[name] for name in info if name == "role"} == role


def test_vertex_counts_media_too(emulator: Emulator) -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png(8, 8)).decode()}}
    contents = [{"role": "user", "parts": [{"text": "a red one"}, picture]}]
    counted = call(emulator, "POST", f"{MODEL}:countTokens", {"contents": contents}).json()
    assert counted == {
        "totalTokens": 261,
        "totalBillableCharacters": 7,
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}, {"modality": "TEXT", "tokenCount": 3}],
    }


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1beta/tunedModels/x:asyncBatchEmbedContent", "batch jobs of tuned models"),
        ("/v1beta/models/gemini-3-flash:batchGenerateContent", "batch jobs of text generation"),
        ("/v1/models/gemini-3-flash:generateContent", "generation"),
        ("/v1beta/models/gemini-3-flash:streamGenerateContent", "generation"),
        ("/v1beta/openai/chat/completions", "generation"),
        ("/v1beta/interactions", "generation"),
        ("/v1beta/models/gemini-embedding-001:countTextTokens", "PaLM"),
        ("/v1beta/models/embedding-gecko-001:embedText", "PaLM"),
        ("/v1beta/openai/models", "OpenAI's form"),
        ("/v1beta/files:register", "uploaded in steps"),
        ("/v1beta/files", "uploaded in steps"),
        ("/upload/v1beta/fileSearchStores/1:uploadToFileSearchStore", "stores"),
        ("/v1beta/tunedModels/x:embedContent", "tuned models"),
        ("/v1beta/cachedContents", "caches"),
        (f"{MODEL}:generateContent", "generation"),
        (f"{PROJECT}/endpoints/1:predict", "endpoints"),
    ],
)
def test_what_is_not_built_says_so(emulator: Emulator, path: str, named: str) -> None:
    reply = call(emulator, "POST", path, {})
    assert reply.status_code == 501
    body = reply.json()
    error = (body[0] if "openai" in path else body)["error"]
    assert error["status"] == "UNIMPLEMENTED"
    assert named in error["message"]
    assert "It has embedContent" in error["message"]


@pytest.mark.parametrize("path", ["/", "/v2/models", "/v1beta/model", f"{MODEL}:embed", "/v1beta/openai"])
def test_what_means_nothing_is_not_found(emulator: Emulator, path: str) -> None:
    assert call(emulator, "POST", path, {}).status_code == 404


PREFLIGHT = {
    "origin": "https://example.com",
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-goog-api-key",
}


def test_pages_of_browsers_may_call_where_that_is_set() -> None:
    with Emulator(cors=True) as server:
        allowed = call(server, "OPTIONS", BATCH, **PREFLIGHT)
        reply = call(server, "POST", BATCH, {}, origin="https://example.com", **KEY)
        shared = call(server, "GET", "/__emulator__/health")
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "*")
    assert allowed.headers["access-control-allow-headers"] == "content-type,x-goog-api-key"
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (400, "*")
    assert shared.headers["access-control-allow-origin"] == "*"  # a cache may give it to a page later
    assert "x-goog-upload-url" in reply.headers["access-control-expose-headers"]


def test_pages_of_browsers_may_not_call_by_default(emulator: Emulator) -> None:
    for reply in (call(emulator, "OPTIONS", BATCH, **PREFLIGHT), call(emulator, "POST", BATCH, {}, **PREFLIGHT)):
        assert reply.is_error
        assert "access-control-allow-origin" not in reply.headers
