"""Texts longer than the model reads: a warning that names them, an exact refusal, or a cut that is meant."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import ApiError, Embedder, GeminiEmbedWarning, InputError
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]
LONG = "word " * 9000  # 9,000 tokens for the emulator, more than gemini-embedding-2's 8,192


def counted(emulator: Emulator) -> int:
    return sum(r.action == "countTokens" for r in emulator.requests)


def test_one_warning_names_the_positions(make_embedder: MakeEmbedder) -> None:
    with pytest.warns(
        GeminiEmbedWarning, match=r"input 1, 3: likely longer \(about \d+ tokens\) than the 8192"
    ) as seen:
        assert len(make_embedder().embed_documents(["a", LONG, "b", LONG])) == 4
    assert len(seen) == 1
    assert seen[0].filename == __file__


async def test_the_warning_points_at_the_line_that_awaits(make_embedder: MakeEmbedder) -> None:
    with pytest.warns(GeminiEmbedWarning) as seen:
        await make_embedder().aembed_documents([LONG])
    assert seen[0].filename == __file__


def test_of_many_the_first_ten_are_named(make_embedder: MakeEmbedder) -> None:
    with pytest.warns(GeminiEmbedWarning, match="input 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more: likely"):
        make_embedder("gemini-embedding-001").embed_documents(["word " * 2000] * 12)


@pytest.mark.parametrize("text", ["word " * 6000, "字" * 8000], ids=["latin", "cjk"])
def test_no_warning_below(text: str, make_embedder: MakeEmbedder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_embedder().embed_documents([text])


def test_truncate_means_it(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_embedder(overflow="truncate").embed_documents([LONG])
    assert counted(emulator) == 0


class TestError:
    def test_the_exact_count_is_asked_first(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        with pytest.raises(InputError, match=r"^input 1: \d{4} tokens; gemini-embedding-2 reads 8192") as caught:
            make_embedder(overflow="error").embed_documents(["short", LONG])
        assert caught.value.position == 1
        assert [r.action for r in emulator.requests] == ["countTokens"], "only for what could be too long"

    def test_the_prefix_counts(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        make_embedder(overflow="error").embed_documents(["x" * 8300])
        assert emulator.requests[0].json["contents"][0]["parts"][0]["text"].startswith("title: none | text: x")

    def test_long_but_not_too_long(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        assert len(make_embedder(overflow="error").embed_documents(["word " * 5000])) == 1
        assert [r.action for r in emulator.requests] == ["countTokens", "batchEmbedContents"]

    def test_counting_is_tried_again_too(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        emulator.faults.push(Fault.status(503), Fault.rate_limited(retry_delay_s=0.01), Fault.garbage())
        assert len(make_embedder(overflow="error").embed_documents(["word " * 5000])) == 1
        assert counted(emulator) == 4

    def test_counting_that_fails_for_good(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        emulator.faults.push(Fault.status(403))
        with pytest.raises(ApiError) as caught:
            make_embedder(overflow="error").embed_documents(["a", "word " * 5000])
        assert list(caught.value.positions) == [1]

    def test_predict_is_told_not_to_cut(
        self, make_embedder: MakeEmbedder, emulator: Emulator, fake_credentials: Any
    ) -> None:
        embedder = make_embedder("text-embedding-005", project="p", credentials=fake_credentials, vertexai=True,
                                 overflow="error")  # fmt: skip
        with pytest.raises(ApiError) as caught:
            embedder.embed_documents(["short", "word " * 3000])
        assert counted(emulator) == 0
        assert caught.value.code == 400
        assert "overflow='truncate'" in caught.value.hint
        assert 1 in caught.value.positions
