"""What replies that cannot be right do: an error that says what was wrong, never a silent zip."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer
from gemini_embed import ApiError, Embedder, ReplyError, RetryPolicy
from gemini_embed.wire import CODECS
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]


WRONG = [
    pytest.param(Fault.short_rows(), "returned 2 vectors for 3 inputs", id="too-few"),
    pytest.param(Fault.extra_rows(), "returned 4 vectors for 3 inputs", id="too-many"),
    pytest.param(Fault.short_rows(3), "returned 0 vectors for 3 inputs", id="none"),
    pytest.param(Fault.zeros(2), "input 2 that is not finite or is all zeros", id="all-zeros"),
    pytest.param(Fault.missing_values(1), "embedding without values", id="without-values"),
    pytest.param(Fault.wrong_size(767, 1), "a vector of 767 values for input 1; 768 were expected", id="size"),
]
MODELS = [
    pytest.param("gemini-embedding-001", {}, id="batchEmbedContents"),
    pytest.param("text-embedding-005", {"vertexai": True, "project": "p"}, id="predict"),
]


@pytest.mark.parametrize(("fault", "message"), WRONG)
@pytest.mark.parametrize(("model", "access"), MODELS)
def test_a_reply_that_cannot_be_right(
    fault: Fault,
    message: str,
    model: str,
    access: dict[str, Any],
    make_embedder: MakeEmbedder,
    emulator: Emulator,
    fake_credentials: Any,
) -> None:
    if access:
        access = {**access, "credentials": fake_credentials}
    emulator.faults.push(fault)
    with pytest.raises(ReplyError, match=message) as caught:
        make_embedder(model, dimensions=768, **access).embed_documents(["a", "b", "c"])
    assert caught.value.model == model
    assert len(emulator.requests) == 1, "it is an answer, and paid for: asking again would pay again"
    assert caught.value.completed is None


GOOD = {"embeddings": [{"values": [3, 4.0]}, {"values": [0.0, -1]}]}


def body(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **options).encode()


READABLE = [
    pytest.param(body(GOOD), {}, id="integers-among-floats"),
    pytest.param(body(GOOD, indent=2), {}, id="pretty"),
    pytest.param(b"\n " + body(GOOD) + b"\n", {}, id="white-space-around"),
    pytest.param(body({**GOOD, "new": {"deep": [1, {}]}}), {}, id="unknown-keys"),
    pytest.param(body({"embeddings": [{**e, "shape": [1, 2]} for e in GOOD["embeddings"]]}), {}, id="shape"),
    pytest.param(gzip.compress(body(GOOD)), {"content-encoding": "gzip"}, id="gzip"),
    pytest.param(zlib.compress(body(GOOD)), {"content-encoding": "deflate"}, id="deflate"),
    pytest.param(body(GOOD), {"content-encoding": "identity"}, id="identity"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "headers"), READABLE)
@pytest.mark.usefixtures("reader")
def test_replies_in_all_their_forms(
    raw: bytes,
    headers: dict[str, str],
    make_server: Callable[..., CaptureServer],
) -> None:
    server = make_server(lambda request: Answer(raw, headers=headers))
    with Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=2) as embedder:
        result = embedder.embed_documents(["a", "b"])
    assert result.values.dtype == np.float32
    assert result.values.flags.c_contiguous
    assert result.tolist() == [[3.0, 4.0], [0.0, -1.0]]


NUMBERS = [
    pytest.param("0.1", 0.1, id="decimal"),
    pytest.param("0.012345678901234567", 0.012345678901234567, id="17-digits"),
    pytest.param("-1.7976931348623157e308", -1.7976931348623157e308, id="largest"),
    pytest.param("5e-324", 5e-324, id="smallest"),
    pytest.param("1e-400", 0.0, id="smaller-than-any"),
    pytest.param("7.038531e-26", 7.038531e-26, id="between-two-float32"),
    pytest.param("2.00000011920928955078125", 2.0000001192092896, id="half-way-between-two-float32"),
    pytest.param("-0", 0.0, id="minus-zero-without-a-point"),
    pytest.param("-0.0", -0.0, id="minus-zero"),
    pytest.param("9007199254740993", 9007199254740992.0, id="integer-beyond-53-bits"),
    pytest.param("18446744073709551615", 1.8446744073709552e19, id="64-bits"),
    pytest.param("18446744073709551616.0", 1.8446744073709552e19, id="no-integer"),
]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_numbers_to_the_last_bit(text: str, number: float) -> None:
    """As doubles, and so as the float32 that they are rounded to."""
    raw = f'{{"embeddings": [{{"values": [{text}, 1]}}]}}'.encode()
    [row] = CODECS["batchEmbedContents"].decode(raw).rows
    assert row.dtype == np.float64
    assert row.tobytes() == np.array([number, 1.0]).tobytes()


@pytest.mark.usefixtures("reader")
def test_doubles_of_every_size_to_the_last_bit() -> None:
    """5,000 at random, of any exponent: a reader that rounds otherwise would show."""
    bits = np.random.default_rng(0).integers(0, 2**64, 5000, np.uint64)
    numbers = bits.view(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    raw = f'{{"embeddings": [{{"values": {json.dumps(numbers.tolist())}}}]}}'.encode()
    [row] = CODECS["batchEmbedContents"].decode(raw).rows
    assert row.tobytes() == numbers.tobytes()


FIRST = b'{"embeddings": [{"values": [1, 2]}]'
DECIDED = [
    pytest.param(FIRST + b', "embeddings": [{"values": [3, 4]}]}', [[1, 2]], id="two-equal-keys"),
    pytest.param(b'{"embeddings": [{"values": [1, 2], "values": [3, 4]}]}', [[1, 2]], id="two-equal-keys-deep"),
    pytest.param(FIRST + b', "note": "a: b"}', [[1, 2]], id="a-colon-in-a-text"),
    pytest.param(b"\xef\xbb\xbf" + FIRST + b"}", [[1, 2]], id="byte-order-mark"),
    pytest.param(FIRST + b', "new": ' + b"[" * 500 + b"]" * 500 + b"}", [[1, 2]], id="nested-deep"),
    pytest.param(b'{"embeddings": [{"values": [[1, 2], [3]]}]}', "TypeError", id="nested-values"),
    pytest.param(b'{"embeddings": [{"values": [1, true]}]}', "TypeError", id="true"),
    pytest.param(FIRST + b', "usageMetadata": {"promptTokenCount": [1]}}', "TypeError", id="a-list-for-a-count"),
    pytest.param(b'{"embeddings": [{"values": [1, 18446744073709551616]}]}', "", id="65-bits"),
    pytest.param(b'{"embeddings": [{"values": [1, -9223372036854775809]}]}', "", id="below-64-bits"),
    pytest.param(FIRST + b', "new": 18446744073709551616}', "", id="65-bits-elsewhere"),
    pytest.param(FIRST + b', "new": -9223372036854775809}', "", id="below-64-bits-elsewhere"),
    pytest.param(FIRST + b', "new": [1, 18446744073709551616]}', "", id="65-bits-in-a-list-elsewhere"),
    pytest.param(b'{"embeddings": [{"values": [1, 1e999]}]}', "", id="larger-than-any"),
    pytest.param(FIRST + b', "new": [Infinity]}', "", id="Infinity-elsewhere"),
]  # fmt: skip


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("raw", "result"), DECIDED)
def test_where_decoders_differ_ours_agree(raw: bytes, result: list[list[float]] | str) -> None:
    """The vectors, or the message."""
    decode = CODECS["batchEmbedContents"].decode
    if isinstance(result, str):
        with pytest.raises(ReplyError, match=f"unreadable reply .*{result}"):
            decode(raw)
    else:
        assert [row.tolist() for row in decode(raw).rows] == result


UNREADABLE = [
    pytest.param(b"", {}, "unreadable reply", id="empty"),
    pytest.param(b"<html>502</html>", {}, "it begins '<html>502</html>'", id="html"),
    pytest.param(b'{"embeddings": null}', {}, "unreadable reply", id="null"),
    pytest.param(b'{"embeddings": [{"values": ["a", "b"]}]}', {}, "unreadable reply", id="strings-for-numbers"),
    pytest.param(b'{"embeddings": [{"values": [NaN, 1]}]}', {}, "unreadable reply", id="NaN"),
    pytest.param(b"[1]", {}, "unreadable reply", id="a-list"),
    pytest.param(b"\xff\xfe", {}, "unreadable reply", id="not-utf8"),
    pytest.param(b"not gzip at all", {"content-encoding": "gzip"}, "damaged gzip reply", id="not-gzip"),
    pytest.param(gzip.compress(body(GOOD))[:-9], {"content-encoding": "gzip"}, "cut short", id="gzip-cut-short"),
    pytest.param(b"x", {"content-encoding": "br"}, "one gzip at most is understood", id="unknown-compression"),
    pytest.param(gzip.compress(b" " * 2**25), {"content-encoding": "gzip"}, "a reply of more than", id="bomb"),
]


@pytest.mark.parametrize(("raw", "headers", "message"), UNREADABLE)
@pytest.mark.usefixtures("reader")
def test_unreadable_replies_are_tried_again_and_named(
    raw: bytes,
    headers: dict[str, str],
    message: str,
    make_server: Callable[..., CaptureServer],
) -> None:
    server = make_server(lambda request: Answer(raw, headers=headers))
    retry = RetryPolicy(max_attempts=2, first_wait_s=0)
    embedder = Embedder(api_key="k", base_url=server.base_url, verify=False, retry=retry)
    with embedder, pytest.raises(ReplyError, match=message):
        embedder.embed_documents(["a"])
    assert len(server.requests) == 2


def test_another_size_in_a_later_reply(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """The size is the first reply's, when none was asked for."""
    emulator.faults.push(None, Fault.wrong_size(100))
    with pytest.raises(ReplyError, match="a vector of 100 values for input 1; 3072 were expected"):
        make_embedder(batch_size=1, concurrency=1).embed_documents(["a", "b"])


def test_a_proxy_that_drops_the_size(make_server: Callable[..., CaptureServer]) -> None:
    server = make_server(lambda request: Answer({"embeddings": [{"values": [1.0] * 3072}]}))
    embedder = Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=768)
    with embedder, pytest.raises(ReplyError, match=r"3072 values for input 0; 768 were expected\. Does"):
        embedder.embed_query("x")


ERROR_BODIES = [
    pytest.param(body({"error": {"code": 400, "message": "no", "status": "S"}}), "400 S from", id="as-documented"),
    pytest.param(body([{"error": {"code": 400, "message": "no", "status": "S"}}]), "400 S from", id="in-a-list"),
    pytest.param(body({"error": "text"}), "no message|text", id="error-is-a-str"),
    pytest.param(b"<html>gone</html>", "<html>gone</html>", id="html"),
    pytest.param(b"", "400 from gemini-embedding-2", id="empty"),
    pytest.param(b"[" * 100_000, "400 from gemini-embedding-2", id="nested-too-deep"),
]


@pytest.mark.parametrize(("raw", "message"), ERROR_BODIES)
def test_error_bodies_of_all_kinds(raw: bytes, message: str, make_server: Callable[..., CaptureServer]) -> None:
    server = make_server(lambda request: Answer(raw, 400))
    embedder = Embedder(api_key="k", base_url=server.base_url, verify=False)
    with embedder, pytest.raises(ApiError, match=message) as caught:
        embedder.embed_query("x")
    assert caught.value.code == 400
    assert len(str(caught.value)) < 1000


def test_usage_is_read_and_added_up(make_server: Callable[..., CaptureServer]) -> None:
    usage = {
        "promptTokenCount": 10,
        "promptTokenDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "IMAGE", "tokenCount": 6}],
    }
    server = make_server(lambda request: Answer({"embeddings": [{"values": [1.0]}], "usageMetadata": usage}))
    with Embedder(api_key="k", base_url=server.base_url, verify=False, dimensions=1, batch_size=1) as embedder:
        result = embedder.embed_documents(["a", "b", "c"])
    assert result.usage.prompt_tokens == 30
    assert result.usage.by_modality == {"IMAGE": 18, "TEXT": 12}
    assert result.usage.requests == 3


def test_usage_is_optional(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.usage = False
    assert make_embedder().embed_query("x").usage.prompt_tokens is None
