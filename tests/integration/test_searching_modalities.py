"""What a search can be asked for, over an index of five modalities on the emulator, whose modalities lie apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_media import pdf
from fix_signs import Signs
from gemini_embed import EdgeStore, Embedder, GeminiEmbedWarning, InputError, Item, MultimodalIndex, QdrantStore
from gemini_embed.searching import census
from gemini_embed.windows import Cutting
from gemini_embed_emulator import Emulator
from signs import MODALITIES

QUESTION = "What does the red circle mark?"


@pytest.fixture(scope="module")
def index(signs: Signs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultimodalIndex]:
    with (
        Emulator(modality_gap=1.0) as server,
        Embedder(dimensions=256, base_url=server.base_url, api_key="k") as embedder,
        MultimodalIndex(embedder, EdgeStore(tmp_path_factory.mktemp("index") / "store")) as index,
    ):
        index.add(signs.folder)
        yield index


def modalities(hits: Any) -> list[str]:
    return [hit.modality for hit in hits]


def test_every_modality_is_among_the_first_by_default(index: MultimodalIndex) -> None:
    hits = index.search(QUESTION, 5)
    assert set(modalities(hits)) == set(MODALITIES)
    assert modalities(index.search(QUESTION, 5, fusion="raw")) == ["text"] * 5
    scores = [hit.score for hit in index.search(QUESTION, 10)]
    assert scores != sorted(scores, reverse=True), "they stay what the store said"


async def test_async_doors_take_the_same_options(index: MultimodalIndex) -> None:
    options: Any = {"quotas": {"text": 1}, "filter": {"modality": ["text", "pdf"]}}
    assert await index.asearch(QUESTION, 3, **options) == index.search(QUESTION, 3, **options)
    vector = index.embedder.embed_query(QUESTION).vector
    assert await index.asearch_vector(vector, 3, **options) == index.search_vector(vector, 3, **options)


async def test_the_mean_of_several_queries(index: MultimodalIndex) -> None:
    """Is searched by both doors; of one it is that query's search. One text is no list of them."""
    queries = [QUESTION, "What is it that a red circle is for?"]
    mean = index.embedder.embed(queries, side="query").values.mean(axis=0)
    assert index.search_mean(queries, 4) == index.search_vector(mean, 4)
    assert await index.asearch_mean(queries, 4, quotas={"text": 1}) == index.search_mean(queries, 4, quotas={"text": 1})
    assert index.search_mean([QUESTION], 4) == index.search(QUESTION, 4)
    with pytest.raises(InputError, match=r"pass a list of queries, .* \[text\] for a single one"):
        index.search_mean(QUESTION)


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        pytest.param({"text": 1, "image": 2}, {"text": 1, "image": 2, "audio": 3, "video": 3, "pdf": 3}, id="some"),
        pytest.param({"text": 5, "image": 0, "audio": 0, "video": 0, "pdf": 0}, {"text": 5}, id="one alone"),
        pytest.param(dict.fromkeys(MODALITIES, 1), dict.fromkeys(MODALITIES, 1), id="one of each"),
    ],
)
def test_quotas(index: MultimodalIndex, quotas: dict[str, int], expected: dict[str, int]) -> None:
    assert Counter(modalities(index.search(QUESTION, 12, quotas=quotas))) == expected


def test_thresholds_for_each_modality(index: MultimodalIndex) -> None:
    best = {modality: index.search(QUESTION, 1, filter={"modality": modality})[0] for modality in MODALITIES}
    limits = {modality: hit.score - 1e-4 for modality, hit in best.items()}
    assert {hit.record.id for hit in index.search(QUESTION, 30, score_threshold=limits)} == {
        hit.record.id for hit in best.values()
    }
    with pytest.warns(GeminiEmbedWarning, match=r"audio, image, pdf, text, video.*pass one for each"):
        assert set(modalities(index.search(QUESTION, 30, score_threshold=limits["text"]))) == {"text"}
    only_text = {"modality": "text"}
    assert len(index.search(QUESTION, 30, score_threshold=limits["text"], filter=only_text)) == 1, "and no warning"


def test_filters_and_fusion_go_together(index: MultimodalIndex) -> None:
    assert Counter(modalities(index.search(QUESTION, 4, filter={"modality": ["audio", "video"]}))) == {
        "audio": 2,
        "video": 2,
    }
    later = {"start_s": {"gte": 60}}
    assert {hit.metadata["start_s"] >= 60 for hit in index.search(QUESTION, 9, filter=later)} == {True}
    assert index.search(QUESTION, 5, filter={"modality": "text", "source": "nowhere"}) == []


def test_neighbouring_windows_and_padding(index: MultimodalIndex, signs: Signs) -> None:
    of_films = {"modality": "video"}
    (whole,) = index.search(QUESTION, 9, filter=of_films, merge=True)
    assert (whole.window.start_s, whole.window.end_s) == (0, 192)
    (first, *_) = index.search(QUESTION, 1, filter=of_films, padding=8)
    assert (first.window.start_s, first.window.end_s) == (0, 40)
    (page,) = index.search(QUESTION, 1, filter={"modality": "pdf"}, padding={"pdf": 1, "video": 8})
    assert (page.window.page_start, page.window.page_end) == (1, 2), "there is no page 0"
    assert page.page_content == "The red circle marks the pump room.\n\nThe red square marks the boiler."
    last = index.search("What does the green square mark?", 1, filter=of_films, padding=8)[0]
    assert last.window.end_s == 192, "and nothing after the end"


def test_near_duplicates_and_variety(index: MultimodalIndex) -> None:
    texts = {"modality": "text"}
    assert len(index.search(QUESTION, 6, filter=texts)) == 6
    assert len(index.search(QUESTION, 6, filter=texts, collapse=0.0)) == 1
    plain = index.search(QUESTION, 6)
    assert index.search(QUESTION, 6, mmr=1.0) == plain
    varied = index.search(QUESTION, 6, mmr=0.3)
    assert varied[0] == plain[0]
    assert varied != plain


def test_files_of_one_source_are_not_merged(make_embedder: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    first.write_bytes(pdf("alpha one", "alpha two"))
    second.write_bytes(pdf("alpha three", "alpha four"))
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as course:
        course.add([Item(first, source="course"), Item(second, source="course")])
        merged = {Path(hit.record.uri or "").name: hit.page_content for hit in course.search("alpha", 9, merge=True)}
        assert merged == {"a.pdf": "alpha one\n\nalpha two", "b.pdf": "alpha three\n\nalpha four"}
        assert course.search("alpha one", 1, padding=1)[0].page_content == "alpha one\n\nalpha two"


def test_text_that_windows_share_is_told_once(make_embedder: Any, tmp_path: Path) -> None:
    whole = " ".join(f"Sentence number {n} is about bread." for n in range(60))
    (tmp_path / "long.md").write_text(whole)
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        index.add(tmp_path / "long.md", cutting=Cutting(text_tokens=100, overlap_tokens=40))
        (hit,) = index.search("bread", 1, padding={"text": 10_000})
        assert hit.page_content == whole
        assert hit.window.metadata == {"char_start": 0, "char_end": len(whole)}


def test_nothing_found_is_no_error(index: MultimodalIndex) -> None:
    nowhere = {"source": "nowhere"}
    assert index.search(QUESTION, 3, filter=nowhere, collapse=0.98, mmr=0.5, merge=True, padding=3) == []
    assert index.search(QUESTION, 3, score_threshold=dict.fromkeys(MODALITIES, 0.999), collapse=0.98) == []


def test_any_collection_of_modalities_is_a_filter(index: MultimodalIndex) -> None:
    wanted = ["text", "pdf"]
    expected = modalities(index.search(QUESTION, 4, filter={"modality": wanted}))
    assert Counter(expected) == {"text": 2, "pdf": 2}
    for told in (tuple(wanted), {*wanted}, frozenset(wanted)):
        assert modalities(index.search(QUESTION, 4, filter={"modality": told})) == expected


def test_thresholds_hold_before_the_best_are_taken(index: MultimodalIndex) -> None:
    """Of raw fusion too: what one modality leaves, others fill."""
    limits = {"text": 2.0, "pdf": -1.0, "image": 2.0, "audio": 2.0, "video": 2.0}
    assert modalities(index.search(QUESTION, 3, fusion="raw", score_threshold=limits)) == ["pdf"] * 3


def test_options_are_checked_before_the_query_is_embedded(index: MultimodalIndex) -> None:
    def spent() -> float | None:
        return index.embedder.budget.spent_usd

    before = spent()
    with pytest.raises(InputError, match="fusion='best'"):
        index.search(QUESTION, fusion="best")  # type: ignore[arg-type]  # the point
    with pytest.raises(InputError, match="gt, gte"):
        index.search(QUESTION, filter={"start_s": {"above": 3}})
    for padding in (-3, math.inf, {"pdf": -1}):
        with pytest.raises(InputError, match="padding="):
            index.search(QUESTION, padding=padding)
    with pytest.raises(TypeError, match="limit"):
        index.search_vector([1.0] * 256, limit=3)  # type: ignore[call-arg]  # the point
    assert spent() == before


def test_records_of_other_programs_are_found_too(make_embedder: Any) -> None:
    """They may tell no modality, or one of their own."""
    from langchain_gemini_embed import GeminiEmbeddings
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    client = QdrantClient(":memory:")
    embedder = make_embedder(dimensions=64)
    index = MultimodalIndex(embedder, QdrantStore(client=client, collection="c"))
    index.add(["bread rises", Item("a red square", metadata={"n": 1})])
    embeddings = GeminiEmbeddings(output_dimensionality=64, base_url=embedder._connection.base_url, api_key="k")
    with embeddings.embedder:
        QdrantVectorStore(client=client, collection_name="c", embedding=embeddings).add_texts(
            ["glaciers grind", "a table of tides"], [{}, {"modality": "table"}]
        )
    fresh = MultimodalIndex(embedder, QdrantStore(client=client, collection="c"))
    hits = fresh.search("glaciers", 4)
    assert hits[0].page_content == "glaciers grind"
    assert sorted(str(hit.modality) for hit in hits) == ["None", "table", "text", "text"]
    assert fresh.search("a table of tides", 2, fusion="standardized")[0].page_content == "a table of tides"


def test_what_others_add_is_seen_within_a_minute(make_embedder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from qdrant_client import QdrantClient

    client, embedder = QdrantClient(":memory:"), make_embedder(dimensions=64)
    mine, theirs = (MultimodalIndex(embedder, QdrantStore(client=client, collection="c")) for _ in range(2))
    mine.add(["bread rises"])
    assert modalities(mine.search("bread")) == ["text"]
    theirs.add([Item(["a cup", "of tea"])])
    monkeypatch.setattr(census, "LASTS_S", -1.0)
    assert len(mine.search("tea")) == 2
