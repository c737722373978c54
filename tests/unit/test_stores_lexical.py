"""Words beside vectors: how texts are cut, what of a record counts, what must occur."""

from __future__ import annotations

from typing import Any

import pytest
import qdrant_edge
from gemini_embed import ConfigurationError, EdgeStore, Lexical, QdrantStore, Record, StoreError
from gemini_embed.stores.lexical import LANGUAGES, Bm25Encoder, KeptWords, mean_length
from gemini_embed.stores.words import WordQuery, file_name, words_of

ID = "00000000-0000-0000-0000-000000000001"


def has(text: str, query: str, lexical: Lexical | None = None) -> bool:
    """Whether all words of a query are among those of a text."""
    encoder = Bm25Encoder(lexical or Lexical())
    (found,) = encoder.documents([text])
    asked = encoder.query(query).indices
    return bool(asked) and {*asked} <= {*found.indices}


@pytest.mark.parametrize(
    ("text", "query", "lexical", "expected"),
    [
        pytest.param("Error E4217: the pump", "e4217", Lexical(), True, id="a-code-in-any-case"),
        pytest.param("Error E42170", "E4217", Lexical(), False, id="a-longer-code"),
        pytest.param("order 4711, page 12", "4711", Lexical(), True, id="a-number"),
        pytest.param("two dogs", "dog", Lexical(), False, id="words-as-they-stand"),
        pytest.param("two dogs", "dog", Lexical("english"), True, id="endings-of-a-language"),
        pytest.param("the dog", "the", Lexical("english"), False, id="stop-words-of-a-language"),
        pytest.param("ein Café", "cafe", Lexical(), True, id="accents"),
        pytest.param("東京タワーに行きました", "東京", Lexical(), True, id="japanese"),
        pytest.param("昨日東京で自転車を買った", "自転車", Lexical(), True, id="japanese-within-a-sentence"),
        pytest.param("黒い猫がいる", "猫", Lexical(), True, id="one-character"),
        pytest.param("我喜欢吃苹果", "苹果", Lexical(), True, id="chinese"),
        pytest.param("ฉันชอบกินข้าวผัด", "ข้าวผัด", Lexical(), True, id="thai"),
        pytest.param("서울에서 자전거를 샀다", "서울", Lexical(), True, id="korean-before-a-particle"),
        pytest.param("東京タワー", "東京", Lexical(tokenizer="word"), False, id="word-tokenizer-needs-spaces"),
        pytest.param("def getHTTPResponse(code)", "response", Lexical(tokenizer="code"), True, id="code"),
        pytest.param("def getHTTPResponse(code)", "response", Lexical(), False, id="code-by-another-tokenizer"),
        pytest.param("a text", "!!!", Lexical(), False, id="no-words-in-the-query"),
    ],
)
def test_words_are_found(text: str, query: str, lexical: Lexical, expected: bool) -> None:
    assert has(text, query, lexical) is expected


def test_the_engine_knows_the_languages() -> None:
    named = {name.lower() for name in vars(qdrant_edge.Language) if name[0] != "_"}
    assert {*LANGUAGES} == named
    assert all(has("E4217", "e4217", Lexical(language)) for language in LANGUAGES)


def test_weights_fall_with_length_beside_the_mean() -> None:
    """A mean that is right has texts of usual length at weight 1."""
    short, usual = Bm25Encoder(Lexical(), 4.0).documents(["E4217", "E4217 two three four"])
    assert short.values[0] > usual.values[0] == pytest.approx(1.0)


def test_the_mean_counts_every_word_of_texts_that_have_some() -> None:
    assert mean_length(Lexical(), ["a a a b", "", "c d"]) == pytest.approx(3.0)
    assert mean_length(Lexical(), ["", "!"]) is None
    assert mean_length(Lexical("english"), ["the dog runs to the dogs"]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        pytest.param({"uri": "/srv/ann/pump manual.pdf", "source": "x"}, "pump manual.pdf", id="path"),
        pytest.param({"uri": "https://example.com/a%20b/E4217.mp4?x=1"}, "E4217.mp4", id="url"),
        pytest.param({"source": "docs\\leak.txt"}, "leak.txt", id="source-of-windows"),
        pytest.param({"source": "sha256:0123abcd"}, "", id="no-file"),
        pytest.param({"source": "row 17"}, "", id="a-source-that-is-no-file"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_file_names(metadata: dict[str, Any], name: str) -> None:
    assert file_name(Record(ID, "", metadata)) == name


def test_title_text_and_file_name_are_words() -> None:
    record = Record(ID, "a wheel", {"title": "Bicycles", "uri": "bike_7.png"})
    assert words_of(record).split("\n") == ["Bicycles", "a wheel", "bike_7.png"]
    assert words_of(Record(ID, "Bicycles: a wheel", {"title": "Bicycles"})) == "Bicycles: a wheel"


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        pytest.param('"E4217"', "see e4217.", True, id="any-case"),
        pytest.param('"E4217"', "see E42170", False, id="not-within-a-word"),
        pytest.param('"E4217"', "scan_E4217.png", True, id="beside-an-underscore"),
        pytest.param('pump "type 12 B"', "the type\n12  b valve", True, id="a-phrase-over-lines"),
        pytest.param('"type 12 B"', "12 B of this type", False, id="not-in-this-order"),
        pytest.param('"red" "boat"', "a red car", False, id="every-one-of-them"),
        pytest.param("„rot“", "das rot-weiße Boot", True, id="other-quotes"),
        pytest.param('"東京"', "東京タワー", True, id="no-spaces"),
        pytest.param('"C++"', "in C++ or C", True, id="signs"),
        pytest.param('pump "', "anything", True, id="one-quote"),
        pytest.param('""', "anything", True, id="nothing-in-quotes"),
    ],
)
def test_what_stands_in_quotes_must_occur(query: str, text: str, expected: bool) -> None:
    assert WordQuery.of(query).admits(Record(ID, text)) is expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: Lexical("klingon"), "language='klingon' is none of arabic", id="language"),
        pytest.param(lambda: Lexical(tokenizer="bpe"), "tokenizer='bpe' is none of multil", id="tokenizer"),  # type: ignore[arg-type]  # what is refused
        pytest.param(lambda: EdgeStore("x", lexical="english"), r"True or Lexical\(", id="edge"),  # type: ignore[arg-type]  # what is refused
        pytest.param(lambda: QdrantStore(":memory:", lexical=0.3), r"True or Lexical\(", id="qdrant"),  # type: ignore[arg-type]  # what is refused
    ],
)
def test_unknown_settings_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_kept_settings_are_read_back() -> None:
    kept = KeptWords(Lexical("german", "word"), 12.5, complete=False)
    assert KeptWords.from_dict(kept.to_dict()) == kept
    with pytest.raises(StoreError, match="words are of version 2"):
        KeptWords.from_dict({**kept.to_dict(), "version": 2})
    for damaged in ({}, {**kept.to_dict(), "language": "klingon"}, {**kept.to_dict(), "mean_length": "many"}):
        with pytest.raises(StoreError, match="keeps about its words cannot be read"):
            KeptWords.from_dict(damaged)
