"""Rows that can be trusted: counted, sized, finite, not zero, unit where due. Usage, and the result's doors."""

import gzip

import numpy as np
import pytest
from gemini_embed import EmbeddingResult, ReplyError, Usage
from gemini_embed.calls.vectors import check_and_fill, check_count, normalize
from gemini_embed.errors import UnreadableReplyError
from gemini_embed.tokens import likely_tokens, most_tokens
from gemini_embed.transport.unpacking import inflate

BAD = [
    pytest.param([1.0, float("nan")], id="nan"),
    pytest.param([1.0, float("inf")], id="inf"),
    pytest.param([1.0, 1e300], id="beyond-float32"),
    pytest.param([0.0, 0.0], id="zeros"),
]


@pytest.mark.parametrize("row", BAD)
def test_rows_that_cannot_be_right(row: list[float]) -> None:
    out = np.empty((2, 2), np.float32)
    with pytest.raises(ReplyError, match="for input 9 that is not finite or is all zeros"):
        check_and_fill(out, [np.array([1.0, 2.0]), np.array(row)], positions=[8, 9], model="m")


def test_a_row_of_another_size() -> None:
    with pytest.raises(ReplyError, match="3 values for input 4; 2 were expected"):
        check_and_fill(np.empty((1, 2), np.float32), [np.ones(3)], positions=[4], model="m")


@pytest.mark.parametrize("received", [0, 2, 4])
def test_another_count(received: int) -> None:
    with pytest.raises(ReplyError, match=f"returned {received} vectors for 3 inputs; none of them is used"):
        check_count(received, 3, "m")


def test_normalize_in_place_and_exactly() -> None:
    values = np.random.default_rng(1).normal(size=(50, 768)).astype(np.float32) * 0.57
    wanted = values / np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    normalize(values)
    assert values.dtype == np.float32
    assert values == pytest.approx(wanted, abs=1e-7)


def result(rows: int) -> EmbeddingResult:
    return EmbeddingResult(np.arange(rows * 3, dtype=np.float32).reshape(rows, 3), usage=Usage(), model="m")


def test_a_result_is_an_array_a_sequence_and_lists() -> None:
    two = result(2)
    assert np.asarray(two) is two.values
    assert np.array(two) is not two.values
    assert np.asarray(two, dtype=np.float64).dtype == np.float64
    assert (len(two), two.dimensions, [r.tolist() for r in two]) == (2, 3, [[0, 1, 2], [3, 4, 5]])
    assert two[1].tolist() == [3, 4, 5]
    assert two.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert {type(x) for row in two.tolist() for x in row} == {float}
    assert repr(two) == "EmbeddingResult(2 x 3 float32, m)"


def test_the_only_vector() -> None:
    assert result(1).vector.tolist() == [0, 1, 2]
    for rows in (0, 2):
        with pytest.raises(ValueError, match=f"has {rows} rows"):
            _ = result(rows).vector


USAGES = [
    pytest.param(Usage(), Usage(), Usage(), id="nothing"),
    pytest.param(Usage(3), Usage(), Usage(3), id="told-and-untold"),
    pytest.param(Usage(3, {"A": 3}, 1), Usage(4, {"B": 4}, 2, 1), Usage(7, {"A": 3, "B": 4}, 3, 1), id="all"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "total"), USAGES)
def test_usage_adds_up(one: Usage, other: Usage, total: Usage) -> None:
    assert one + other == total
    assert other + one == total


TOKENS = [
    pytest.param("", 1, id="empty"),
    pytest.param("word " * 100, 126, id="latin"),
    pytest.param("字" * 130, 101, id="han"),
    pytest.param("слово " * 100, 226, id="cyrillic"),
    pytest.param("คำ" * 50, 77, id="thai"),
    pytest.param("\ud83d", 1, id="surrogate"),
]


@pytest.mark.parametrize(("text", "tokens"), TOKENS)
def test_likely_tokens(text: str, tokens: int) -> None:
    assert likely_tokens(text) == tokens


@pytest.mark.parametrize(("text", "tokens"), [("abc", 3), ("é", 2), ("字", 3)])
def test_most_tokens(text: str, tokens: int) -> None:
    assert most_tokens(text) == tokens


@pytest.mark.parametrize(
    ("trailer", "max_bytes"),
    [
        pytest.param(None, 11, id="fits exactly"),
        pytest.param(None, 100, id="room to spare"),
        pytest.param(3, 100, id="the end tells less than there is"),
        pytest.param(0, 11, id="the end tells nothing"),
        pytest.param(2**32 - 1, 11, id="the end tells more than there is"),
        pytest.param(None, 10, id="one byte too many"),
        pytest.param(3, 10, id="one too many, and the end hides it"),
    ],
)
def test_inflate_keeps_its_bound(trailer: int | None, max_bytes: int) -> None:
    """The size at the end of a gzip stream is a hint: what it says wrongly is an error, or changes nothing."""
    data = gzip.compress(b"x" * 11)
    data = data if trailer is None else data[:-4] + trailer.to_bytes(4, "little")
    if max_bytes < 11:
        with pytest.raises(UnreadableReplyError, match="more than 10 bytes"):
            inflate(data, "gzip", max_bytes)
    elif trailer is None:
        assert inflate(data, "gzip", max_bytes) == b"x" * 11
    else:
        with pytest.raises(UnreadableReplyError, match="damaged gzip reply"):
            inflate(data, "gzip", max_bytes)
