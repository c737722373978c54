"""The emulator's pure rules: token counts, JSON text, request schemas, quotas."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from gemini_embed_emulator import ApiError, Quota, tokens
from gemini_embed_emulator.api import schema
from gemini_embed_emulator.api.quota import QuotaKeeper
from gemini_embed_emulator.http import encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("hello", 1, id="a word"),
        pytest.param("Hello, world!", 4, id="punctuation counts"),
        pytest.param("title: none | text: hello", 7, id="recorded prefix of a document"),
        pytest.param("task: question answering | query: Hello, world!", 11, id="recorded prefix of a question"),
        pytest.param("(Concept): x", 4, id="a run of punctuation is one"),
        pytest.param("a  \nb", 4, id="runs of spaces and line ends"),
        pytest.param("日本語", 3, id="a character each without spaces"),
        pytest.param("x" * 33, 3, id="sixteen letters at most"),
        pytest.param("", 0, id="nothing"),
    ],
)
def test_tokens_are_counted_by_a_simple_rule(text: str, expected: int) -> None:
    assert tokens.count(text) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("one two three", 2, ("one two ", True), id="cut before the first token too many"),
        pytest.param("one two three", 3, ("one two three", False), id="just within"),
        pytest.param("one, two", 1, ("one", True), id="punctuation is cut too"),
        pytest.param("one", 0, ("", True), id="nothing left"),
    ],
)
def test_a_text_is_cut_at_a_token(text: str, limit: int, expected: tuple[str, bool]) -> None:
    assert tokens.cut(text, limit) == expected


def test_vectors_are_written_to_nine_decimals_and_keep_their_sign() -> None:
    values = np.array([1, -1, 0, -0.5, 1e-9, 0.0123456789], np.float32)
    written = encode({"rows": [{"values": values}]}, pretty=False)
    assert written == (
        b'{"rows":[{"values":[1.000000000,-1.000000000,0.000000000,-0.500000000,0.000000001,0.012345679]}]}'
    )


def test_pretty_json_puts_a_value_on_a_line_like_the_service() -> None:
    values = np.array([0.5, -0.25], np.float32)
    payload = {"embeddings": [{"values": values}], "usageMetadata": {"promptTokenCount": 1}}
    plain = {**payload, "embeddings": [{"values": [0.5, -0.25]}]}
    as_json = json.dumps(plain, indent=2).replace("0.5", "0.500000000").replace("0.25", "0.250000000") + "\n"
    assert encode(payload).decode() == as_json


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        pytest.param(
            {"requests": [{"texts": 1}]},
            "Invalid JSON payload received. Unknown name \"texts\" at 'requests[0]': Cannot find field.",
            id="unknown name in an item",
        ),
        pytest.param(
            {"input": "m"}, 'Invalid JSON payload received. Unknown name "input": Cannot find field.', id="at the top"
        ),
        pytest.param(
            {"requests": [{"outputDimensionality": "many"}]},
            "Invalid value at 'requests[0].output_dimensionality' (TYPE_INT32), \"many\"",
            id="wrong type",
        ),
        pytest.param({"requests": ["x"]}, "Invalid value at 'requests[0]' (MESSAGE), \"x\"", id="no message"),
        pytest.param(
            {"requests": [{"content": {"parts": [{"inlineData": {"data": "*"}}]}}]},
            "Invalid value at 'requests[0].content.parts[0].inline_data.data' (TYPE_BYTES), "
            "\"Base64 decoding failed for '*'\"",
            id="no base64",
        ),
    ],
)
def test_a_malformed_body_is_refused_in_googles_words(payload: Any, message: str) -> None:
    with pytest.raises(ApiError) as refusal:
        schema.read(schema.BATCH_EMBED_CONTENTS, payload)
    assert (refusal.value.code, refusal.value.message) == (400, message)


def test_every_unknown_name_is_reported_at_once() -> None:
    with pytest.raises(ApiError) as refusal:
        schema.read(schema.EMBED_CONTENT, {"texts": 1, "content": {"part": 1}})
    violations = refusal.value.details[0]["fieldViolations"]
    assert [violation.get("field") for violation in violations] == [None, "content"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param({"output_dimensionality": 8}, {"outputDimensionality": 8}, id="snake_case"),
        pytest.param({"outputDimensionality": "8"}, {"outputDimensionality": 8}, id="a number as text"),
        pytest.param({"outputDimensionality": 8.0}, {"outputDimensionality": 8}, id="a number with a point"),
        pytest.param({"taskType": None}, {}, id="null is absent"),
        pytest.param({"taskType": 2}, {"taskType": "RETRIEVAL_DOCUMENT"}, id="an enum as its number"),
        pytest.param(
            {"content": {"parts": [{"text": "x", "media_resolution": {"level": "LOW"}}]}},
            {"content": {"parts": [{"text": "x", "mediaResolution": {"level": "LOW"}}]}},
            id="what chat models read",
        ),
        pytest.param(
            {"content": {"parts": {"text": "x"}}}, {"content": {"parts": [{"text": "x"}]}}, id="one part without a list"
        ),
        pytest.param(
            {"content": {"parts": [{"inline_data": {"mime_type": "image/png", "data": "_-8"}}]}},
            {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": b"\xff\xef"}}]}},
            id="url-safe base64 without padding",
        ),
    ],
)
def test_a_body_is_read_with_camel_case_names(payload: Any, expected: Any) -> None:
    assert schema.read(schema.EMBED_CONTENT, payload) == expected


class Clock:
    """A clock that is told the time."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def charge(keeper: QuotaKeeper, quota: Quota, items: int, tokens: int = 0, model: str = "m") -> float | None:
    """The wait in seconds that a refusal names, None when the work is allowed."""
    try:
        keeper.charge(quota, model, items=items, tokens=tokens, vertex=False)
    except ApiError as refusal:
        return float(refusal.details[-1]["retryDelay"].removesuffix("s"))
    return None


def test_a_quota_counts_items_refills_evenly_and_keeps_models_apart() -> None:
    clock = Clock()
    keeper, quota = QuotaKeeper(clock), Quota(requests_per_minute=60)
    assert charge(keeper, quota, 50) is None
    assert charge(keeper, quota, 20) == 10
    assert charge(keeper, quota, 60, model="another") is None
    clock.now = 10
    assert charge(keeper, quota, 20) is None


@pytest.mark.parametrize(
    ("quota", "items", "tokens", "named"),
    [
        pytest.param(Quota(requests_per_minute=1), 2, 0, "RequestsPerMinute", id="requests"),
        pytest.param(Quota(tokens_per_minute=9), 1, 10, "InputTokensPerMinute", id="tokens"),
        pytest.param(Quota(requests_per_day=1), 2, 0, "RequestsPerDay", id="a day's requests"),
    ],
)
def test_a_refusal_names_the_quota_that_ran_dry(quota: Quota, items: int, tokens: int, named: str) -> None:
    with pytest.raises(ApiError) as refusal:
        QuotaKeeper(Clock()).charge(quota, "m", items=items, tokens=tokens, vertex=False)
    assert refusal.value.code == 429
    violation = refusal.value.details[1]["violations"][0]
    assert violation["quotaId"] == f"EmbedContent{named}PerUserPerProjectPerModel-FreeTier"


def test_a_quota_can_count_calls_instead_of_items() -> None:
    keeper, quota = QuotaKeeper(Clock()), Quota(requests_per_minute=2, count_items=False)
    assert [charge(keeper, quota, 100), charge(keeper, quota, 100)] == [None, None]
    assert charge(keeper, quota, 1) is not None
