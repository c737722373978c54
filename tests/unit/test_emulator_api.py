"""The emulated endpoints over HTTP: what they answer, and what they refuse in which words."""

from __future__ import annotations

import base64
import io
import ssl
from typing import Any

import httpx
import numpy as np
import pytest
from gemini_embed_emulator import Emulator
from PIL import Image

BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
ONE = "/v1beta/models/gemini-embedding-2:embedContent"
VERTEX = "/v1/projects/p/locations/{location}/publishers/google/models/{model}:{method}"
TOKEN = {"authorization": "Bearer t"}
KEY = {"x-goog-api-key": "k"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def post(server: Emulator, path: str, payload: Any, headers: dict[str, str] = KEY) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=headers, verify=NO_TLS)


def vertex(server: Emulator, model: str, method: str, payload: Any, location: str = "global") -> httpx.Response:
    return post(server, VERTEX.format(location=location, model=model, method=method), payload, TOKEN)


def items(*texts: str, model: str = "gemini-embedding-2") -> dict[str, Any]:
    return {"requests": [{"model": f"models/{model}", "content": {"parts": [{"text": text}]}} for text in texts]}


def text(value: str = "x") -> dict[str, Any]:
    return {"content": {"parts": [{"text": value}]}}


def image(mime_type: str = "image/png", data: bytes | None = None) -> dict[str, Any]:
    if data is None:
        encoded = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(encoded, mime_type.removeprefix("image/"))
        data = encoded.getvalue()
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_a_batch_gives_a_vector_for_each_item_in_order(emulator: Emulator, version: str) -> None:
    texts = [f"text {i}" for i in range(100)]
    path = f"/{version}/models/gemini-embedding-2:batchEmbedContents"
    rows = post(emulator, path, items(*texts)).json()["embeddings"]
    alone = post(emulator, ONE, text(texts[57])).json()["embedding"]
    assert len(rows) == 100
    assert rows[57] == alone


def test_both_backends_give_the_same_vector(emulator: Emulator) -> None:
    here = post(emulator, ONE, text("hello")).json()["embedding"]
    there = vertex(emulator, "gemini-embedding-2", "embedContent", text("hello")).json()["embedding"]
    assert here == there
    here = post(emulator, ONE.replace("-2", "-001"), {**text("hello"), "taskType": "RETRIEVAL_QUERY"}).json()
    there = vertex(emulator, "gemini-embedding-001", "predict", {"instances": [{"content": "hello"}]}).json()
    assert here["embedding"]["values"] == there["predictions"][0]["embeddings"]["values"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"outputDimensionality": 8}, id="deprecated top level"),
        pytest.param({"output_dimensionality": 8}, id="snake_case"),
        pytest.param({"embedContentConfig": {"outputDimensionality": 8}}, id="embedContentConfig"),
        pytest.param({"embed_content_config": {"output_dimensionality": 8}}, id="embed_content_config"),
    ],
)
def test_options_are_read_wherever_they_may_stand(emulator: Emulator, options: dict[str, Any]) -> None:
    assert len(post(emulator, ONE, {**text(), **options}).json()["embedding"]["values"]) == 8
    reply = vertex(emulator, "gemini-embedding-2", "embedContent", {**text(), **options})
    assert len(reply.json()["embedding"]["values"]) == 8


def test_an_unspecified_task_type_is_none(emulator: Emulator) -> None:
    path = ONE.replace("-2", "-001")
    unspecified = post(emulator, path, {**text(), "taskType": "TASK_TYPE_UNSPECIFIED"}).json()
    assert unspecified == post(emulator, path, text()).json()
    assert unspecified != post(emulator, path, {**text(), "taskType": "CLUSTERING"}).json()


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "TASK_TYPE_UNSPECIFIED"), (1, "RETRIEVAL_QUERY"), (2, "RETRIEVAL_DOCUMENT"), (5, "CLUSTERING")],
)
def test_a_task_type_may_be_its_number(emulator: Emulator, number: int, name: str) -> None:
    """proto3 JSON: google-generativeai sends `"taskType": 2` over REST."""
    path = ONE.replace("-2", "-001") + "?%24alt=json%3Benum-encoding%3Dint"
    by_number, by_name = (post(emulator, path, {**text(), "taskType": task}).json() for task in (number, name))
    assert by_number == by_name


def test_a_batch_may_name_its_model_beside_its_requests(emulator: Emulator) -> None:
    """Go's gapic clients do so."""
    reply = post(emulator, BATCH, {"model": "models/gemini-embedding-2", **items("x")})
    assert reply.json() == post(emulator, BATCH, items("x")).json()


def test_predict_reads_its_parameters_and_reports_statistics(emulator: Emulator) -> None:
    payload = {
        "instances": [{"content": "a b", "task_type": "RETRIEVAL_DOCUMENT", "title": "t"}, {"content": "word " * 2100}],
        "parameters": {"outputDimensionality": 16},
    }
    reply = vertex(emulator, "text-embedding-005", "predict", payload).json()
    rows = [row["embeddings"] for row in reply["predictions"]]
    assert [len(row["values"]) for row in rows] == [16, 16]
    assert [row["statistics"] for row in rows] == [
        {"truncated": False, "token_count": 2},
        {"truncated": True, "token_count": 2048},
    ]
    assert reply["metadata"] == {"billableCharacterCount": 2 + 4 * 2100}


def test_too_long_an_input_is_cut_silently(emulator: Emulator) -> None:
    long, limit = "word " * 9000, "word " * 8192
    cut = post(emulator, ONE, text(long)).json()
    assert cut == post(emulator, ONE, text(limit)).json()
    assert cut["usageMetadata"]["promptTokenCount"] == 8192
    assert vertex(emulator, "gemini-embedding-2", "embedContent", text(long)).json()["truncated"] is True


def test_an_image_counts_258_tokens_and_is_fused_with_its_text(emulator: Emulator) -> None:
    both = {"content": {"parts": [{"text": "a red square"}, image()]}}
    reply = post(emulator, ONE, both).json()
    assert reply["usageMetadata"] == {
        "promptTokenCount": 261,
        "promptTokenDetails": [{"modality": "IMAGE", "tokenCount": 258}, {"modality": "TEXT", "tokenCount": 3}],
    }
    apart = [post(emulator, ONE, {"content": {"parts": [part]}}).json() for part in both["content"]["parts"]]
    fused, *single = (np.array(r["embedding"]["values"]) for r in (reply, *apart))
    assert all(0.4 < fused @ vector < 0.95 for vector in single)


NOT_FOUND = "{} is not found for API version v1beta, or is not supported for embedContent. Call ModelService.ListModels"
REFUSALS = [
    pytest.param(BATCH, items(*"x" * 101), "at most 100 requests can be in one batch\n", id="over 100 items"),
    pytest.param(BATCH, items("x", ""), "EmbedContentRequest.content contains an empty Part", id="one empty text"),
    pytest.param(BATCH, items("x", model="other"), "must match the model of the batch", id="another model inside"),
    pytest.param(BATCH, {"requests": [text()]}, "requests[0].model: model is not specified", id="no model inside"),
    pytest.param(
        BATCH,
        {"requests": [text(), text()]},
        "requests[0].model: model is not specified\n* BatchEmbedContentsRequest.requests[1].model: model is not",
        id="no model in any",
    ),
    pytest.param(
        BATCH, {"requests": [{"model": "x", **text()}]}, "].model: unexpected model name format", id="bare name"
    ),
    pytest.param("/v1beta/models/AIza_x:embedContent", text(), "unexpected model name format\n", id="a key for a name"),
    pytest.param(BATCH, {"requests": []}, "requests is not specified", id="an empty batch"),
    pytest.param(BATCH, {"model": "models/x", **items("x")}, "must match the model in the path", id="another model"),
    pytest.param(ONE, {"content": {"parts": []}}, "contains an empty Part", id="no parts"),
    pytest.param(ONE, {**text(), "outputDimensionality": 3073}, "between 1 and 3072", id="too many dimensions"),
    pytest.param(ONE, {**text(), "taskType": "SEARCH"}, "Invalid value at 'task_type'", id="unknown task type"),
    pytest.param(ONE, {**text(), "taskType": 9}, "Invalid value at 'task_type'", id="number of no task type"),
    pytest.param(ONE, {**text(), "dimensions": 8}, 'Unknown name "dimensions": Cannot find field.', id="unknown name"),
    pytest.param(
        ONE + "?pretty=1", text(), 'Unknown name "pretty": Cannot bind query parameter.', id="unknown parameter"
    ),
    pytest.param(ONE, {"content": {"parts": [image()] * 7}}, "At most 6 images", id="seven images"),
    pytest.param(ONE, {"content": {"parts": [image("image/webp")]}}, "Unsupported MIME type: image/webp", id="webp"),
    pytest.param(ONE, {"content": {"parts": [image(data=b"?")]}}, "Provided image is not valid", id="broken image"),
    pytest.param(ONE.replace("-2", "-001"), {"content": {"parts": [image()]}}, "takes text only", id="image for -001"),
    pytest.param(ONE, text("x" * (4 * 2**20)), "Request payload size exceeds the limit: 4194304 bytes.", id="4 MiB"),
]


@pytest.mark.parametrize(("path", "payload", "message"), REFUSALS)
def test_a_bad_request_is_refused_with_400(emulator: Emulator, path: str, payload: Any, message: str) -> None:
    reply = post(emulator, path, payload)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in reply.json()["error"]["message"]
    assert emulator.requests.items_billed == 0


@pytest.mark.parametrize(
    ("model", "method", "location", "payload", "code", "message"),
    [
        pytest.param("gemini-embedding-2", "predict", "global", {}, 400, "Precondition check failed.", id="-2 predict"),
        pytest.param(
            "gemini-embedding-001", "embedContent", "global", text(), 400,
            "Publisher Model projects/p/locations/global/publishers/google/models/gemini-embedding-001 is not "
            "supported in the embedContent API.", id="-001 embedContent",
        ),
        pytest.param("gemini-embedding-2", "embedContent", "us-central1", text(), 404, "was not found", id="elsewhere"),
        pytest.param(
            "gemini-embedding-2", "embedContent", "eu", {"model": "m", **text()}, 400,
            "Invalid value (oneof), oneof field '_model' is already set. Cannot set 'model'", id="model in the body",
        ),
        pytest.param("nope", "predict", "us-central1", {}, 404, "Publisher Model `projects/p/", id="unknown model"),
        pytest.param(
            "text-embedding-005", "predict", "us-central1", {"instances": [{"content": "x"}] * 251}, 400,
            "the supported range is from 1 (inclusive) to 251 (exclusive)", id="251 instances",
        ),
        pytest.param(
            "text-embedding-005", "predict", "us-central1", {"instances": [{"content": "x " * 2000}] * 11}, 400,
            "input token count is 22000 but model only supports up to 20000", id="20,000 tokens",
        ),
        pytest.param(
            "text-embedding-005", "predict", "us-central1",
            {"instances": [{"content": "x " * 2100}], "parameters": {"autoTruncate": False}}, 400,
            "input token count is 2100 but model only supports up to 2048", id="autoTruncate false",
        ),
        pytest.param("text-embedding-005", "predict", "eu", {"instances": [{}]}, 400, "content is empty", id="empty"),
        pytest.param(
            "text-embedding-005", "countTokens", "eu", {"contents": [{"parts": [{"text": "x"}]}]}, 400,
            "Should provide instances for text model prediction.", id="countTokens by contents",
        ),
    ],
)  # fmt: skip
def test_vertex_refuses_what_it_does_not_serve(
    emulator: Emulator, model: str, method: str, location: str, payload: Any, code: int, message: str
) -> None:
    reply = vertex(emulator, model, method, payload, location)
    assert reply.status_code == code
    assert message in reply.json()["error"]["message"]


def test_a_body_that_says_it_is_a_form_is_taken_for_parameters(emulator: Emulator) -> None:
    """As curl sends JSON that is given no type; reported in these words."""
    form = {**KEY, "content-type": "application/x-www-form-urlencoded"}
    reply = httpx.post(emulator.base_url + ONE, content='{"content": {}}', headers=form, verify=NO_TLS)
    message = 'Unknown name "{"content": {}}": Cannot bind query parameter.'
    assert (reply.status_code, message in reply.json()["error"]["message"]) == (400, True)


def test_predict_on_embedding_2_fails_its_precondition(emulator: Emulator) -> None:
    reply = vertex(emulator, "gemini-embedding-2", "predict", {"instances": [{"content": "x"}]})
    assert reply.json()["error"]["status"] == "FAILED_PRECONDITION"


def test_embedding_001_can_be_limited_to_one_instance_on_vertex() -> None:
    with Emulator(vertex_001_batch_limit=1) as server:
        two = vertex(server, "gemini-embedding-001", "predict", {"instances": [{"content": "x"}] * 2})
        one = vertex(server, "gemini-embedding-001", "predict", {"instances": [{"content": "x"}]})
    assert (two.status_code, one.status_code) == (400, 200)
    assert "batchSize must be 1 but the entered value was 2" in two.json()["error"]["message"]


@pytest.mark.parametrize("model", ["nope", "text-embedding-004", "gemini-embedding-2-preview", "text-embedding-005"])
def test_unknown_and_shut_down_models_are_not_found(emulator: Emulator, model: str) -> None:
    reply = post(emulator, f"/v1beta/models/{model}:batchEmbedContents", items("x", model=model))
    assert reply.status_code == 404
    assert reply.json()["error"]["message"].startswith(NOT_FOUND.format(f"models/{model}"))


def test_shut_down_models_can_be_served() -> None:
    with Emulator(retired="serve") as server:
        reply = post(server, "/v1beta/models/text-embedding-004:embedContent", text())
    assert len(reply.json()["embedding"]["values"]) == 768


def test_usage_is_optional_and_absent_for_older_models(emulator: Emulator) -> None:
    assert "usageMetadata" in post(emulator, ONE, text()).json()
    assert "usageMetadata" not in post(emulator, ONE.replace("-2", "-001"), text()).json()
    emulator.usage = False
    assert "usageMetadata" not in post(emulator, ONE, text()).json()


@pytest.mark.parametrize("name", ["prettyPrint", "$prettyPrint"])
def test_pretty_print_is_the_default_can_be_switched_off_and_can_be_refused(emulator: Emulator, name: str) -> None:
    assert post(emulator, ONE, text()).text.startswith('{\n  "embedding": {\n    "values": [\n      ')
    assert "\n" not in post(emulator, f"{ONE}?{name}=false", text()).text
    emulator.pretty_print = "refuse"
    error = post(emulator, f"{ONE}?{name}=false", text()).json()["error"]
    assert (error["code"], name in error["message"]) == (400, True)


def test_a_path_that_means_nothing_is_answered_with_a_page(emulator: Emulator) -> None:
    reply = post(emulator, "/v1beta/models/gemini-embedding-2:embed", text())
    assert reply.status_code == 404
    assert reply.headers["content-type"].startswith("text/html")
