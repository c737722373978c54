"""Estimates and budgets through the public doors, beside what the emulator then counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import (
    BudgetError,
    ConfigurationError,
    Content,
    EdgeStore,
    Embedder,
    Image,
    InputError,
    Item,
    MultimodalIndex,
)
from gemini_embed_emulator import Emulator
from PIL import Image as Pillow

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"The {i}th sentence of a report on bread, yeast and the price of flour." for i in range(100)]


@pytest.fixture
def red(tmp_path: Path) -> Path:
    Pillow.new("RGB", (4, 4), "red").save(tmp_path / "red.png")
    return tmp_path / "red.png"


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


def test_an_estimate_sends_nothing_and_comes_near(make_embedder: MakeEmbedder, emulator: Emulator, red: Path) -> None:
    embedder = make_embedder()
    contents: list[Any] = [*map(Content, TEXTS), Content(TEXTS[0]), Image(red), ["a cup", Image(red)]]
    estimate = embedder.estimate(contents)
    assert len(emulator.requests) == 0
    assert (estimate.files, estimate.items) == (2, 102)
    assert estimate.by_modality["image"] == 2 * 258
    assert estimate.tokens == sum(estimate.by_modality.values())
    embedder.embed(contents)
    assert estimate.tokens == pytest.approx(emulator.requests.tokens_billed, rel=0.25)
    assert estimate.usd == pytest.approx(embedder.budget.spent_usd, rel=0.25)


def test_an_estimate_without_a_price_counts_tokens(make_embedder: MakeEmbedder) -> None:
    estimate = make_embedder("text-embedding-004", facts={"retired": None}).estimate(["x"])
    assert (estimate.items, estimate.usd) == (1, None)
    assert "price unknown" in str(estimate)


def test_your_own_price_counts(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder(facts={"usd_per_million_tokens": {"text": 1000.0}})
    estimate = embedder.estimate(["x"])
    assert estimate.usd == pytest.approx(estimate.tokens / 1000)


def test_bad_input_is_named_or_left_out(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder()
    with pytest.raises(InputError, match="input 1"):
        embedder.estimate(["x", " "])
    assert embedder.estimate(["x", " "], on_error="skip").items == 1


def test_an_index_counts_only_what_is_new(index: MultimodalIndex, emulator: Emulator, red: Path) -> None:
    index.add(["known"])
    sent = len(emulator.requests)
    items: list[Any] = ["known", "new", "new", red, Item("new", source="elsewhere")]
    estimate = index.estimate(iter(items), batch_size=2)
    assert len(emulator.requests) == sent
    assert (estimate.files, estimate.known) == (1, 2)
    assert index.add(items).added == 3
    assert index.estimate(items).tokens == 0


def test_an_index_names_the_bad_item(index: MultimodalIndex) -> None:
    items = ["a", "b", " "]
    with pytest.raises(InputError, match="input 2"):
        index.estimate(items, batch_size=2)
    assert index.estimate(items, batch_size=2, on_error="skip").items == 2


def test_a_limit_holds_for_the_life_of_the_embedder(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    cost = make_embedder().estimate(TEXTS).usd
    assert cost is not None
    embedder = make_embedder(max_cost_usd=cost * 1.5, batch_size=10, concurrency=2)
    embedder.embed(TEXTS)
    billed = emulator.requests.items_billed
    with pytest.raises(BudgetError, match="is left") as caught:
        embedder.embed([f"{text} Again." for text in TEXTS])
    completed = caught.value.completed
    assert completed is not None
    assert len(completed.positions) == emulator.requests.items_billed - billed > 0
    assert embedder.budget.spent_usd <= cost * 1.5


def test_what_was_finished_before_the_limit_is_in_the_cache(
    make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    cost = make_embedder().estimate(TEXTS).usd or 0
    with pytest.raises(BudgetError):
        make_embedder(max_cost_usd=cost / 2, batch_size=10, cache=tmp_path / "cache.db").embed(TEXTS)
    make_embedder(cache=tmp_path / "cache.db").embed(TEXTS)
    assert emulator.requests.items_billed == 100


@pytest.mark.parametrize("wrong", [0, -1, "1"])
def test_a_limit_that_is_no_amount(make_embedder: MakeEmbedder, index: MultimodalIndex, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        make_embedder(max_cost_usd=wrong)
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        index.add(["x"], max_cost_usd=wrong)


def test_what_cannot_be_asked_for_makes_no_store(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    """A mistake is told before a folder or a collection is made."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("The valve is in the cellar.")
    index = MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index"))
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        index.add(["x"], max_cost_usd=-1)
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        index.sync(tmp_path / "notes", max_cost_usd=-1)
    with pytest.raises(InputError, match="there is no file or folder"):
        index.estimate("no such place")
    with pytest.raises(InputError, match="a list of queries"):
        index.search_mean([])
    assert not (tmp_path / "index").exists()


def test_a_limit_needs_a_price(make_embedder: MakeEmbedder) -> None:
    with pytest.raises(ConfigurationError, match=r"facts=\{'usd_per_million_tokens'"):
        make_embedder("some-new-model", max_cost_usd=1.0)
