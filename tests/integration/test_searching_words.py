"""Searches by words beside vectors, through both doors, on every store that keeps words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    Hits,
    Image,
    InputError,
    Item,
    Lexical,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    StoreError,
    Words,
)
from gemini_embed.stores.lexical import LexicalLike
from PIL import Image as Pillow

MakeIndex = Callable[..., MultimodalIndex]
ONLY_TEXT = {"modality": "text"}
FILLER = [f"an ordinary sentence, number {number}, about the weather" for number in range(20)]
TEXTS = [
    "Error E4217: the pump stops",
    "Error E9000: the valve leaks",
    "東京タワーに行きました",
    "我喜欢吃苹果",
    "ฉันชอบกินข้าวผัด",
]


@pytest.fixture(params=["edge", "qdrant-memory", "qdrant-server"])
def make_index(
    request: pytest.FixtureRequest, tmp_path: Path, counting_embedder: CountingEmbedder, qdrant_server: QdrantServer
) -> Iterator[MakeIndex]:
    """`make_index(lexical=...)` is an index of random vectors, so what fits is found by its words alone."""
    made: list[MultimodalIndex] = []

    def make(lexical: LexicalLike = True, embedder: Any = counting_embedder) -> MultimodalIndex:
        if request.param == "edge":
            store: Any = EdgeStore(tmp_path / "index", lexical=lexical)
        elif request.param == "qdrant-memory":
            store = QdrantStore(":memory:", lexical=lexical)
        else:
            store = QdrantStore(url=qdrant_server.url, lexical=lexical, retry_for_s=0)
        made.append(MultimodalIndex(cast("Embedder", embedder), store))
        return made[-1]

    yield make
    for index in made:
        index.close()


@pytest.fixture
def index(make_index: MakeIndex, tmp_path: Path) -> MultimodalIndex:
    """Texts, and a picture of which there is a caption and a file's name."""
    index = make_index()
    picture = tmp_path / "scan_E4711.png"
    Pillow.new("RGB", (4, 4), "red").save(picture)
    index.add([*FILLER, *TEXTS, Item(Image(picture), page_content="a leaking gasket")])
    return index


def texts(hits: Hits) -> list[str]:
    return [hit.page_content for hit in hits]


@pytest.mark.parametrize(
    ("words", "place"),
    [("e4217", 0), ("valve", 1), ("東京", 2), ("苹果", 3), ("ข้าวผัด", 4)],
    ids=["code", "word", "japanese", "chinese", "thai"],
)
def test_a_word_is_found_first(words: str, place: int, index: MultimodalIndex) -> None:
    hits = index.search(words, 3, lexical=True)
    assert hits[0].page_content == TEXTS[place]
    assert "words" in hits[0].found_by
    assert [hit.found_by for hit in hits[1:]] == [("vector",), ("vector",)]


def test_captions_and_names_of_files_are_words(index: MultimodalIndex) -> None:
    for words in ("gasket", "E4711"):
        hit = index.search("something else", 1, lexical=Words(words, only=True))[0]
        assert (hit.modality, hit.found_by) == ("image", ("words",))


def test_hits_keep_their_cosine(index: MultimodalIndex) -> None:
    """Whichever list has found them."""
    worded = {hit.record.id: hit.score for hit in index.search("weather E4217", 100, lexical=True)}
    for hit in index.search("weather E4217", 100):
        assert worded[hit.record.id] == pytest.approx(hit.score, abs=1e-5)
    scores = index.search("weather E4217", 100, lexical=True, score_threshold={"text": 0.0, "image": 0.0})
    assert all(hit.score >= 0 for hit in scores)


def test_without_words_nothing_changes(index: MultimodalIndex) -> None:
    plain = index.search("E4217", 5)
    assert texts(plain) == texts(index.search("E4217", 5, lexical=False))
    assert {hit.found_by for hit in plain} == {("vector",)}


def test_both_lists_are_fused(index: MultimodalIndex) -> None:
    """What words have found comes before all that vectors alone did, of which the order stays."""
    by_vector = texts(index.search("leaks", 25, filter=ONLY_TEXT))
    assert by_vector[0] != TEXTS[1]
    hits = index.search("leaks", 25, lexical=True, filter=ONLY_TEXT)
    assert texts(hits) == [TEXTS[1], *(text for text in by_vector if text != TEXTS[1])]
    assert [hit.found_by for hit in hits] == [("vector", "words"), *24 * [("vector",)]]


@pytest.mark.parametrize(("weight", "is_first"), [(0.0, False), (0.9, True), (1.0, True), (1, True)])
def test_a_weight(weight: float, is_first: bool, index: MultimodalIndex) -> None:
    hit = index.search("leaks", 1, lexical=weight, filter=ONLY_TEXT)[0]
    assert (hit.page_content == TEXTS[1]) is is_first
    assert hit.record == index.search("leaks", 1, lexical=Words(weight=float(weight)), filter=ONLY_TEXT)[0].record


@pytest.mark.parametrize("fusion", ["rrf", "standardized", "raw"])
def test_with_every_fusion(fusion: Any, index: MultimodalIndex) -> None:
    hits = index.search("E4217", 66, lexical=True, fusion=fusion)
    assert next(hit for hit in hits if hit.modality == "text").page_content == TEXTS[0]
    assert len({hit.record.id for hit in hits}) == len(hits)


def test_what_stands_in_quotes_must_occur(index: MultimodalIndex) -> None:
    assert texts(index.search("the weather", 9, lexical=Words('"E4217"'))) == [TEXTS[0]]
    assert texts(index.search("the weather", 9, lexical=Words('error "the valve"'))) == [TEXTS[1]]
    assert index.search("the weather", 9, lexical=Words('"valve the"')) == []
    assert len(index.search('the "weather"', 99, lexical=True)) > 20, "in the query itself quotes are quotes"


def test_words_of_other_words_than_the_query(index: MultimodalIndex, tmp_path: Path) -> None:
    picture = Image(tmp_path / "scan_E4711.png")
    assert index.search(picture, 5, lexical=Words("E4217"))[0].page_content != ""
    assert TEXTS[0] in texts(index.search(picture, 2, lexical=Words("E4217")))
    assert texts(index.search(picture, 5, lexical=True)) == texts(index.search(picture, 5)), "a picture has no words"
    assert index.search([picture, "E4217"], 5, lexical=Words(only=True))[0].page_content == TEXTS[0]


def test_filters_quotas_and_variety_hold(index: MultimodalIndex) -> None:
    assert {hit.modality for hit in index.search("E4711", 9, lexical=True, filter=ONLY_TEXT)} == {"text"}
    assert index.search("gasket", 9, lexical=Words(only=True), filter=ONLY_TEXT) == []
    assert len(index.search("weather", 9, lexical=Words(only=True), quotas={"text": 3})) == 3
    assert index.search("E4217", 9, lexical=True, mmr=0.7, collapse=0.99)[0].page_content == TEXTS[0]


def test_through_every_door(index: MultimodalIndex, counting_embedder: CountingEmbedder) -> None:
    wanted = Words("E4217", only=True)
    vector = counting_embedder.embed(["the weather"]).vector

    async def doors() -> list[Hits]:
        return [
            await index.asearch("the weather", 1, lexical=wanted),
            await index.asearch_mean(["the weather", "rain"], 1, lexical=wanted),
            await index.asearch_vector(vector, 1, lexical=wanted),
        ]

    found = [
        index.search_mean(["the weather", "rain"], 1, lexical=wanted),
        index.search_mean(["the weather", "E4217"], 1, lexical=Words(only=True)),
        index.search_vector(vector, 1, lexical=wanted),
        *asyncio.run(doors()),
    ]
    assert [texts(hits) for hits in found] == 6 * [[TEXTS[0]]]


@pytest.mark.parametrize(
    ("lexical", "message"),
    [
        pytest.param(1.5, "1.5 is no weight", id="weight"),
        pytest.param(-0.1, "-0.1 is no weight", id="weight-below"),
        pytest.param(float("nan"), "nan is no weight", id="weight-nan"),
        pytest.param("E4217", r"True, a weight, or Words\(...\)", id="text"),
        pytest.param(lambda: Words(weight=2), r"Words\(weight=\): 2 is no weight", id="words-weight"),
        pytest.param(lambda: Words(weight=True), "True is no weight", id="words-weight-bool"),
        pytest.param(lambda: Words("  "), "give words to look for", id="blank"),
        pytest.param(lambda: Words(only="yes"), "True or False", id="only"),  # type: ignore[arg-type]  # what is refused
        pytest.param(lambda: Words(only=True, weight=0.5), "has no weight", id="only-with-a-weight"),
    ],
)
def test_bad_input_is_told_before_any_request(
    lexical: Any, message: str, index: MultimodalIndex, counting_embedder: CountingEmbedder
) -> None:
    counting_embedder.embedded.clear()
    with pytest.raises(InputError, match=message):
        index.search("query", lexical=lexical() if callable(lexical) else lexical)
    assert counting_embedder.embedded == []


def test_media_alone_have_no_words(index: MultimodalIndex, counting_embedder: CountingEmbedder, tmp_path: Path) -> None:
    counting_embedder.embedded.clear()
    with pytest.raises(InputError, match="a query of media alone has no words"):
        index.search(Image(tmp_path / "scan_E4711.png"), lexical=Words(only=True))
    with pytest.raises(InputError, match="a vector has no words"):
        index.search_vector([1.0] * 32, lexical=True)
    assert counting_embedder.embedded == []


def test_an_index_without_words_says_how_to_get_them(
    make_index: MakeIndex, counting_embedder: CountingEmbedder
) -> None:
    plain = make_index(lexical=None)
    plain.add(TEXTS)
    counting_embedder.embedded.clear()
    with pytest.raises(StoreError, match=r"no words to search: index\.add_lexical\(\)"):
        plain.search("E4217", lexical=True)
    assert counting_embedder.embedded == []
    assert plain.add_lexical() == len(TEXTS)
    assert plain.search("E4217", 1, lexical=True)[0].page_content == TEXTS[0]
    plain.add(["E5000 is new"])
    assert plain.search("E5000", 1, lexical=True)[0].page_content == "E5000 is new"
    assert asyncio.run(plain.aadd_lexical(Lexical("english"))) == len(TEXTS) + 1
    assert plain.search("pumps", 1, lexical=True)[0].page_content == TEXTS[0]


def test_a_store_that_knows_no_words_is_named(counting_embedder: CountingEmbedder, tmp_path: Path) -> None:
    index = MultimodalIndex(cast("Embedder", counting_embedder), MilvusStore(tmp_path / "a.db"))
    index.add(TEXTS[:1])
    counting_embedder.embedded.clear()
    with pytest.raises(ConfigurationError, match=r"MilvusStore\(.*does not search by words"):
        index.search("E4217", lexical=True)
    with pytest.raises(ConfigurationError, match=r"MilvusStore\(.*does not search by words"):
        index.add_lexical()
    assert counting_embedder.embedded == []
    index.close()


def test_with_words_a_server_is_asked_once_more(make_index: MakeIndex, qdrant_server: QdrantServer) -> None:
    index = make_index()
    index.add(TEXTS)
    qdrant_server.asked.clear()
    index.search("E4217", 3)
    asked = [*qdrant_server.asked]
    index.search("E4217", 3, lexical=Words('"E4217" pump'))
    assert qdrant_server.asked == 3 * asked
