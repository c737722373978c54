"""Lines of batch results, in every shape that was captured, and in shapes that cannot be right."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from gemini_embed.errors import UnreadableReplyError
from gemini_embed.wire import batch_answers, replies
from gemini_embed.wire.batch_answers import LineAnswer, LineError, read_answer

KEY = "3f" * 32
VALUES = [0.5, -0.25, 1.0]

COUNTED_BY_001 = {"response": {"tokenCount": "12", "embedding": {"values": VALUES}}, "key": "request_1"}
"""As the cookbook printed it in September 2025."""
OF_MODEL_2 = {"key": "h1", "response": {"embedding": {"values": VALUES}}}
"""As a public client in Go captured it on 2026-09-28."""
INLINE = {
    "response": {"embedding": {"values": VALUES}, "usageMetadata": {"promptTokenCount": 81}},
    "metadata": {"key": "sha256:aaa"},
}
"""As a public client in Rust captured it on 2026-07-25."""
OF_VERTEX = {
    "key": "id_1",
    "request": {"content": {"parts": [{"text": '"values": [[1, 2], [3]]'}]}, "embed_content_config": {}},
    "response": {"tokenCount": "2", "embedding": {"values": VALUES}},
    "status": "",
}
BY_MODALITY = {"promptTokenCount": 7, "promptTokenDetails": [{"modality": "TEXT", "tokenCount": 7}]}


@pytest.fixture(params=["pysimdjson", "orjson", "json"], autouse=True)
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reader there is gives the same."""
    if request.param != "pysimdjson":
        monkeypatch.setattr(replies, "simdjson", None)
        monkeypatch.setattr(replies, "_OBJECTS", (dict,))
        monkeypatch.setattr(replies, "_ARRAYS", (list,))
        orjson = pytest.importorskip("orjson") if request.param == "orjson" else None
        monkeypatch.setattr(replies, "orjson", orjson)


def _read(line: Any) -> LineAnswer:
    return read_answer(line if isinstance(line, bytes) else json.dumps(line).encode())


@pytest.mark.parametrize(
    ("line", "label", "tokens", "by_modality"),
    [
        pytest.param(COUNTED_BY_001, "request_1", 12, {}, id="tokenCount-as-text"),
        pytest.param(
            {"key": "h1", "response": {"tokenCount": 3, "embedding": {"values": VALUES}}}, "h1", 3, {}, id="number"
        ),
        pytest.param(OF_MODEL_2, "h1", None, {}, id="uncounted"),
        pytest.param(INLINE, "sha256:aaa", 81, {}, id="inline"),
        pytest.param(OF_VERTEX, "id_1", 2, {}, id="vertex"),
        pytest.param(
            {"key": KEY, "response": {"embedding": {"values": VALUES}, "usageMetadata": BY_MODALITY}},
            KEY, 7, {"TEXT": 7}, id="by-modality",
        ),
    ],
)  # fmt: skip
def test_every_captured_shape(line: Any, label: str, tokens: int | None, by_modality: dict[str, int]) -> None:
    """Key, vector and what was counted."""
    answer = _read(line)
    assert (answer.label, answer.tokens, dict(answer.by_modality), answer.error) == (label, tokens, by_modality, None)
    assert answer.values is not None
    assert answer.values.dtype == np.float32
    assert answer.values.tolist() == VALUES


@pytest.mark.parametrize(
    ("label", "key"),
    [
        pytest.param(KEY, bytes.fromhex(KEY), id="ours"),
        pytest.param("request_1", None, id="a-word"),
        pytest.param(KEY.upper(), None, id="not-as-we-write-it"),
        pytest.param(KEY + "\n", None, id="with-a-line-break"),
        pytest.param("", None, id="none"),
    ],
)
def test_keys_of_the_cache(label: str, key: bytes | None) -> None:
    """A label that we wrote is a key; any other is nobody's."""
    assert _read({"key": label, "error": {"code": 3}}).key == key


@pytest.mark.parametrize(
    ("line", "error", "of_the_item"),
    [
        pytest.param({"error": {"code": 3, "message": "too long"}}, LineError(3, "too long"), True, id="refused"),
        pytest.param({"error": {"code": "9", "message": "m"}}, LineError(9, "m"), True, id="code-as-text"),
        pytest.param({"error": {"code": 13}}, LineError(13, ""), False, id="without-words"),
        pytest.param({"error": {"code": 400, "message": "m"}}, LineError(3, "m"), True, id="http-400"),
        pytest.param({"error": {"code": 429, "message": "m"}}, LineError(8, "m"), False, id="http-429"),
        pytest.param({"error": {"message": "m"}}, LineError(2, "m"), False, id="without-code"),
        pytest.param({"error": {"code": 777}}, LineError(2, ""), False, id="no-code-that-there-is"),
        pytest.param(
            {"status": 'Bad Request: {"error": {"code": 400}}', "response": {}},
            LineError(3, 'Bad Request: {"error": {"code": 400}}'), True, id="vertex",
        ),
        pytest.param({"status": {"code": 8, "message": "m"}}, LineError(8, "m"), False, id="vertex-object"),
    ],
)  # fmt: skip
def test_lines_without_a_vector_say_why(line: Any, error: LineError, of_the_item: bool) -> None:
    """By the codes of google.rpc, however they are written."""
    answer = _read({"key": KEY, **line})
    assert (answer.values, answer.error) == (None, error)
    assert error.is_of_the_item == of_the_item


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"key": KEY}, id="nothing"),
        pytest.param({"key": KEY, "response": {}}, id="no-embedding"),
        pytest.param({"key": KEY, "response": {"embedding": {}}}, id="no-values"),
        pytest.param({"key": KEY, "error": {"code": 0}, "response": {"embedding": {}}}, id="code-0"),
        pytest.param({"key": KEY, "status": "OK"}, id="vertex-ok"),
    ],
)
def test_lines_without_a_vector_and_a_reason(line: Any) -> None:
    """Nothing is made up."""
    answer = _read(line)
    assert (answer.key, answer.values, answer.error) == (bytes.fromhex(KEY), None, None)


def test_a_number_beyond_float32() -> None:
    """It is infinite, which the check of lines sees, and nothing warns."""
    answer = _read({"key": KEY, "response": {"embedding": {"values": [1e300, 0.5]}}})
    assert answer.values is not None
    assert answer.values.tolist() == [np.inf, 0.5]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(json.dumps(OF_MODEL_2).encode()[:-20], id="cut"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[1]", id="a-list"),
        pytest.param(b'{"key": "k", "response": {"embedding": {"values": [[1.0], [2.0]]}}}', id="nested"),
        pytest.param(b'{"key": "k", "response": {"embedding": {"values": ["1"]}}}', id="text-for-numbers"),
        pytest.param(b'{"key": "k", "response": 1}', id="a-number-for-a-response"),
        pytest.param(b'{"key": "k", "error": {"code": -1}}', id="no-code"),
        pytest.param(b'{"key": "k", "metadata": 1, "error": [1]}', id="a-list-for-an-error"),
    ],
)
def test_lines_that_cannot_be_read(line: bytes) -> None:
    """A named error, which shows how the line begins."""
    with pytest.raises(UnreadableReplyError, match="it begins"):
        _read(line)


def test_codes_are_those_of_google_rpc() -> None:
    """Both ways of naming an error meet."""
    assert set(batch_answers._BY_HTTP_STATUS.values()) <= set(range(17))
