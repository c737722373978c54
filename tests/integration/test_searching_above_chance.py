"""The default fusion: what lies no higher than chance in its modality does not outrank what does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import media_files
import numpy as np
import pytest
from fix_qdrant_server import QdrantServer
from gemini_embed import (
    Audio,
    EdgeStore,
    Embedder,
    Image,
    Item,
    MilvusStore,
    MultimodalIndex,
    Precision,
    QdrantStore,
    Store,
    Words,
)
from gemini_embed.evaluation import MixedModalities, fusion_table, mixed_modalities
from gemini_embed.stores.sampling import SAMPLE
from gemini_embed_emulator import Emulator
from PIL import Image as Pillow
from PIL import ImageDraw
from signs import SIGNS

QUESTION = "How do I fit a linear regression in R?"
ANSWERS = (
    "Fit a linear regression in R with lm: a formula names the response.",
    "In R a linear regression is fit by lm, and summary shows its coefficients.",
    "To fit a linear regression in R with weights pass weights to lm.",
    "How to plot a linear regression fit in R: abline takes what lm gave.",
    "A robust linear regression in R is fit with rlm of the package MASS.",
)
THINGS = (
    "boat",
    "lake",
    "pump",
    "bread",
    "glacier",
    "violin",
    "garden",
    "bicycle",
    "lantern",
    "market",
    "harbour",
    "owl",
)
PLACES = ("valley", "cellar", "tower", "island", "station", "meadow")
ROWS = np.load(Path(__file__).parents[2] / "examples" / "glosses.npy").astype(np.float32)


def sentences(what: str, count: int) -> list[str]:
    """About so many other things."""
    pairs = [(thing, place) for place in PLACES for thing in THINGS]
    return [f"The {what} of a {thing} near the {place}" for thing, place in pairs[:count]]


def picture(words: str) -> Image:
    drawn = Pillow.new("RGB", (480, 60), "white")
    ImageDraw.Draw(drawn).text((8, 20), words, fill="black", font_size=12)
    return Image(drawn)


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultimodalIndex]:
    """Questions and answers, and pictures and recordings of other things: the modalities lie apart."""
    items: list[Any] = [Item(text, source=f"text {n}") for n, text in enumerate([*ANSWERS, *sentences("story", 72)])]
    items += [Item(picture(text), source=f"picture {n}") for n, text in enumerate(sentences("photo", 30))]
    sounds = [media_files.wav(media_files.spoken(text)) for text in sentences("sound", 12)]
    items += [Item(Audio(sound), source=f"sound {n}") for n, sound in enumerate(sounds)]
    with (
        Emulator(modality_gap=1.0) as server,
        Embedder(dimensions=256, base_url=server.base_url, api_key="k") as embedder,
        MultimodalIndex(embedder, EdgeStore(tmp_path_factory.mktemp("forum") / "index", lexical=True)) as index,
    ):
        index.add(items)
        yield index


def found(hits: Any) -> list[str]:
    return [hit.modality for hit in hits]


def test_pictures_and_sounds_of_other_things_do_not_outrank_answers(forum: MultimodalIndex) -> None:
    assert {*found(forum.search(QUESTION, 5, fusion="rrf"))} == {"text", "image", "audio"}, "as they did"
    hits = forum.search(QUESTION, 5)
    assert {hit.page_content for hit in hits} == {*ANSWERS}
    assert hits == forum.search(QUESTION, 5, fusion="above_chance")


def test_none_is_lost(forum: MultimodalIndex) -> None:
    """What comes behind is there all the same."""
    assert len(forum.search(QUESTION, 200)) == forum.count()
    assert [hit.score for hit in forum.search(QUESTION, 200, filter={"modality": "image"})] == sorted(
        (hit.score for hit in forum.search(QUESTION, 200) if hit.modality == "image"), reverse=True
    )


@pytest.fixture(params=["picture", "recording"])
def fitting(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A question, and a medium that answers it; the emulator sees colours and shapes, and hears words."""
    if request.param == "recording":
        return QUESTION, Audio(media_files.wav(media_files.spoken("Linear regression in R is fit with lm")))
    return SIGNS[0].question, Image(SIGNS[0].drawn(""))


async def test_a_medium_that_fits_comes_in(forum: MultimodalIndex, fitting: tuple[str, Any]) -> None:
    """Beside the best text, by every door."""
    question, medium = fitting
    report = forum.add([Item(medium, source="fits"), Item("The red circle marks the pump room.", source="text")])
    try:
        vector = forum.embedder.embed_query(question).vector
        for hits in (
            forum.search(question, 4),
            await forum.asearch(question, 4),
            forum.search_vector(vector, 4),
            forum.search_mean([question], 4),
            forum.search(question, 4, hypothetical=f"{question} So it is."),
            forum.search(question, 4, lexical=True),
            forum.search(question, 4, filter={"modality": ["text", "image", "audio"]}),
            forum.search(question, 4, collapse=0.99),
        ):
            assert "fits" in [hit.source for hit in hits[:2]]
            assert "text" in found(hits[:2])
    finally:
        assert report.added == forum.delete(filter={"source": ["fits", "text"]})


def test_what_words_find_comes_before_chance(forum: MultimodalIndex) -> None:
    hits = forum.search(QUESTION, 3, lexical=Words("violin tower"))
    assert any("violin" in hit.page_content and "tower" in hit.page_content for hit in hits)


def test_a_threshold_of_each_modality_goes_first(forum: MultimodalIndex) -> None:
    hits = forum.search(QUESTION, 10, score_threshold={"text": 0.99, "audio": 0.99})
    assert {*found(hits)} == {"image"}


def test_estimates_of_codes_are_compared_with_nothing(forum: MultimodalIndex) -> None:
    quick = Precision(rescore=False)
    assert forum.search(QUESTION, 9, precision=quick) == forum.search(QUESTION, 9, precision=quick, fusion="rrf")


def test_a_few_records_are_ranked_as_by_rrf(make_embedder: Callable[..., Embedder]) -> None:
    """Where everything may fit nothing tells what is usual."""
    with MultimodalIndex(make_embedder(dimensions=128), QdrantStore(":memory:")) as index:
        index.add(["bread rises", "glaciers grind", picture("a red square"), picture("a boat")])
        assert index.search("bread", 4) == index.search("bread", 4, fusion="rrf")


def test_pages_of_one_manual_are_no_strangers_to_each_other(tmp_path: Path) -> None:
    """All of them may fit, so that the best is no higher than the usual page."""
    mixed = mixed_modalities(ROWS, {"text": 200, "pdf": 30}, answers=("pdf",), questions=30)
    for record in mixed.records:
        if record.modality == "pdf":
            record.metadata["source"] = "manual.pdf"
    with made(mixed, EdgeStore(tmp_path / "index")) as index:
        query = mixed.questions[0].query
        assert index.search_vector(query, 6) == index.search_vector(query, 6, fusion="rrf")


def made(mixed: MixedModalities, store: Store) -> MultimodalIndex:
    index = MultimodalIndex(Embedder(api_key="unused", dimensions=ROWS.shape[1]), store)
    mixed.write_to(store, index.embedder.fingerprint)
    return index


class Noting(EdgeStore):
    """Notes how many samples are read."""

    sampled = 0

    def sample_each(self, filters: Any, count: int = SAMPLE) -> Any:
        self.sampled += len(filters)
        return super().sample_each(filters, count)


def test_samples_are_kept_until_a_fifth_has_changed(tmp_path: Path) -> None:
    """Small ones, which hold all that there is, until anything has."""
    mixed = mixed_modalities(ROWS, {"text": 200, "image": 100, "audio": 20}, answers=("text",), questions=5)
    query, store = mixed.questions[0].query, Noting(tmp_path / "index")
    with made(mixed, store) as index:
        ids = {name: [one.id for one in mixed.records if one.modality == name] for name in ("text", "image", "audio")}
        index.search_vector(query, 3)
        index.search_vector(mixed.questions[1].query, 3)
        assert store.sampled == 3
        index.delete(ids["text"][:1] + ids["image"][:1])
        index.search_vector(query, 3)
        assert store.sampled == 3
        index.delete(ids["audio"][:1])
        index.search_vector(query, 3)
        assert store.sampled == 4, "that of recordings"
        index.delete(ids["text"][1:60])
        index.search_vector(query, 3)
        assert store.sampled == 5, "that of texts"
        index.search_vector(query, 3, fusion="rrf")
        index.search_vector(query, 3, filter={"modality": "text"})
        assert store.sampled == 5


@pytest.fixture(params=["edge", "qdrant-memory", "qdrant-server", "milvus-lite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, qdrant_server: QdrantServer) -> Store:
    stores: dict[str, Callable[[], Store]] = {
        "edge": lambda: EdgeStore(tmp_path / "edge"),
        "qdrant-memory": lambda: QdrantStore(":memory:"),
        "qdrant-server": lambda: QdrantStore(url=qdrant_server.url),
        "milvus-lite": lambda: MilvusStore(tmp_path / "lite.db"),
    }
    return stores[request.param]()


def test_a_server_scores_its_sample_itself(qdrant_server: QdrantServer) -> None:
    """In the request of the search; of 64 records it tells about how many there are."""
    mixed = mixed_modalities(ROWS, {"text": 300, "image": 20}, answers=("text",), questions=5)
    query = np.asarray(mixed.questions[0].query)
    cosines = {one.id: row @ query for one, row in zip(mixed.records, mixed.vectors, strict=True)}
    with made(mixed, QdrantStore(url=qdrant_server.url)) as index:
        qdrant_server.asked.clear()
        kinds = [{"modality": "text"}, {"modality": "image"}, {"modality": "pdf"}]
        (hits,), (texts, images, pages) = index.store.search_with_samples(query, 5, [None], kinds)
    assert qdrant_server.asked == ["POST points/query/batch"]
    assert len(hits) == 5
    first = sorted(one.id for one in mixed.records if one.modality == "text")[:64]
    assert sorted(texts.scores) == pytest.approx(sorted(cosines[id_] for id_ in first), abs=1e-5)
    assert texts.population == pytest.approx(300, rel=0.4)
    assert (images.population, len({*images.sources}), pages.population) == (20, 20, 0)


def test_the_engine_gives_the_first_ids_to_a_prefetch_without_a_query(tmp_path: Path) -> None:
    """As a server is asked for a sample: by Qdrant's own engine, since no server is to be had here."""
    import qdrant_edge
    from gemini_embed.stores.edge.searches import filter_of

    mixed = mixed_modalities(ROWS, {"text": 300, "image": 20}, answers=("text",), questions=5)
    query = np.asarray(mixed.questions[0].query)
    store = EdgeStore(tmp_path / "index")
    with made(mixed, store), store._open_shard() as shard:
        first = qdrant_edge.Prefetch(64, filter=filter_of({"modality": "text"}))
        nearest = qdrant_edge.Query.Nearest(query.tolist())
        found = shard.query(qdrant_edge.QueryRequest(64, query=nearest, prefetches=[first]))
    assert (
        sorted(str(one.id) for one in found) == sorted(one.id for one in mixed.records if one.modality == "text")[:64]
    )


def test_in_every_store(store: Store) -> None:
    """With real vectors of texts: less of what does not answer, and all of what answers."""
    counts = {"text": 200, "image": 24, "audio": 24}
    mixed = mixed_modalities(ROWS, counts, answers=("text", "image"), questions=24)
    with made(mixed, store) as index:
        measured = fusion_table(index, mixed.questions[:6], k=5, fusions=("rrf", "above_chance")).tables
    before, now = measured["rrf"], measured["above_chance"]
    assert now.strangers["text"] < before.strangers["text"]
    for pair, share in before.recall.items():
        assert now.recall[pair] >= share
