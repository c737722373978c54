"""An index filled by jobs of the Batch API: at half the price, found again after a kill, and never paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import (
    BatchLimits,
    BudgetError,
    ConfigurationError,
    EdgeStore,
    Embedder,
    InputError,
    Item,
    MultimodalIndex,
)
from gemini_embed_emulator import Emulator, JobPlan

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"The {i}th sentence of a report on bread, yeast and the price of flour." for i in range(60)]
VERIFIED = 4


@pytest.fixture
def cached(make_embedder: MakeEmbedder, tmp_path: Path) -> Callable[..., Embedder]:
    """Makes embedders that share one cache."""

    def make(**options: Any) -> Embedder:
        return make_embedder(**{"dimensions": 128, "cache": tmp_path / "vectors.db", **options})

    return make


def index_at(place: Path, embedder: Embedder) -> MultimodalIndex:
    return MultimodalIndex(embedder, EdgeStore(place))


def embedding_calls(emulator: Emulator) -> int:
    """Requests that embed something online."""
    return sum(":batchEmbedContents" in one.path or ":embedContent" in one.path for one in emulator.requests)


def vectors_of(index: MultimodalIndex) -> dict[str, np.ndarray[Any, Any]]:
    held = index.vectors()
    return {record.page_content: row for record, row in zip(held.records, held.values, strict=True)}


def test_an_add_by_jobs_is_that_of_an_ordinary_one(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    with index_at(tmp_path / "batch", cached()) as batch, index_at(tmp_path / "online", cached(cache=None)) as online:
        report = batch.add(TEXTS, price="batch")
        assert (emulator.bill.batch.items, emulator.bill.online.items) == (len(TEXTS), VERIFIED)
        assert online.add(TEXTS).added == report.added == len(TEXTS)
        by_jobs, by_calls = vectors_of(batch), vectors_of(online)
        assert all(np.array_equal(by_jobs[text], by_calls[text]) for text in TEXTS)


def test_its_report_is_the_bill(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    embedder = cached()
    with index_at(tmp_path / "index", embedder) as index:
        report = index.add(TEXTS, price="batch")
    usd = embedder.facts.usd_per_million_tokens["text"] / 1e6
    assert report.usd == pytest.approx(emulator.bill.batch.tokens * usd / 2 + emulator.bill.online.tokens * usd)
    assert report.tokens == emulator.bill.batch.tokens + emulator.bill.online.tokens
    assert report.estimate.usd == pytest.approx(report.usd, rel=0.25)
    assert embedder.budget.spent_usd == pytest.approx(report.usd)
    assert embedder.budget.in_flight_usd == 0.0


def test_who_was_killed_goes_on(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    """The jobs of a process that submitted and is gone are those of the next."""
    with index_at(tmp_path / "index", cached()) as index:
        index.submit(TEXTS)
    with index_at(tmp_path / "index", cached()) as index:
        report = index.add([*TEXTS, "one more"], price="batch")
    assert report.added == len(TEXTS) + 1
    assert emulator.bill.batch.items == len(TEXTS) + 1
    assert emulator.bill.batch.repeated == 0


def test_tomorrow_another_process_collects(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    with index_at(tmp_path / "index", cached()) as index:
        name = index.submit(TEXTS, name="nightly").name
        assert index.count() == 0
    calls = embedding_calls(emulator)
    embedder = cached()
    with index_at(tmp_path / "index", embedder) as index:
        report = index.collect(embedder.batches.get(name), TEXTS)
        assert (report.added, index.count()) == (len(TEXTS), len(TEXTS))
    assert embedding_calls(emulator) == calls
    assert report.usd == pytest.approx(embedder.budget.spent_usd)
    assert report.tokens == emulator.bill.batch.tokens


def test_who_collects_reports_the_price(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    """In the process that submitted too; what was verified then is on that account."""
    embedder = cached()
    usd = embedder.facts.usd_per_million_tokens["text"] / 1e6
    with index_at(tmp_path / "index", embedder) as index:
        report = index.collect(index.submit(TEXTS), TEXTS)
    assert report.usd == pytest.approx(emulator.bill.batch.tokens * usd / 2)
    assert embedder.budget.spent_usd == pytest.approx((report.usd or 0.0) + emulator.bill.online.tokens * usd)
    assert embedder.budget.in_flight_usd == 0.0


def test_the_async_twins(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    async def main() -> None:
        with index_at(tmp_path / "index", cached()) as index:
            run = await index.asubmit(TEXTS[:20])
            assert (await index.acollect(run, TEXTS[:20])).added == 20
            assert (await index.aadd(TEXTS, price="batch")).added == 40

    asyncio.run(main())
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (len(TEXTS), 0)


def test_what_is_there_is_not_submitted(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    """Neither what the store holds, nor what the cache does, nor twins."""
    embedder = cached()
    embedder.embed_documents(TEXTS[10:20])
    with index_at(tmp_path / "index", embedder) as index:
        index.add(TEXTS[:10])
        report = index.add([*TEXTS[:30], Item(TEXTS[29], source="elsewhere")], price="batch")
    assert (report.added, report.reused) == (21, 10)
    assert emulator.bill.batch.items == 10


def test_after_the_deadline_the_rest_is_embedded_online(
    cached: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.batches.push(JobPlan(end="PENDING"))
    with index_at(tmp_path / "index", cached()) as index, pytest.warns(UserWarning, match="embedded online"):
        report = index.add(TEXTS, price="batch", deadline_s=0.5)
    assert report.added == len(TEXTS)
    assert emulator.bill.batch.items == 0
    assert report.usage.requests > 0


def test_items_that_come_once_are_refused(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    with index_at(tmp_path / "index", cached()) as index:
        with pytest.raises(InputError, match=r'price="batch" reads the items twice.*generator comes once: pass a list'):
            index.add((text for text in TEXTS), price="batch")
        with pytest.raises(InputError, match="reads the items twice"):
            index.submit(iter(TEXTS))
    assert len(emulator.requests) == 0


def test_what_begins_anew_may_be_a_stream(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    """In portions: each fills a job, or is what is left; nothing is in two."""

    class Stream:
        def __iter__(self) -> Iterator[str]:
            return iter(TEXTS)

    embedder = cached(batch_limits=BatchLimits(max_items=25))
    with index_at(tmp_path / "index", embedder) as index:
        assert index.add(Stream(), price="batch", batch_size=25).added == len(TEXTS)
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (len(TEXTS), 0)


def test_a_cache_is_needed(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    with (
        index_at(tmp_path / "index", make_embedder()) as index,
        pytest.raises(ConfigurationError, match="batch jobs need cache="),
    ):
        index.add(TEXTS, price="batch")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"price": "half"}, "price='half' must be one of 'online', 'batch'"),
        ({"price": "batch", "deadline_s": -1}, "deadline_s=-1 must be a number of seconds"),
        ({"deadline_s": 60}, 'deadline_s= is for price="batch"'),
    ],
)
def test_options_that_mean_nothing(
    options: dict[str, Any], message: str, cached: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    with index_at(tmp_path / "index", cached()) as index, pytest.raises(ConfigurationError, match=message):
        index.add(TEXTS, **options)
    assert len(emulator.requests) == 0


def test_a_budget_holds_before_anything_is_paid(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    with index_at(tmp_path / "index", cached()) as index, pytest.raises(BudgetError, match="max_cost_usd"):
        index.add(TEXTS, price="batch", max_cost_usd=0.00001)
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (0, 0)


def test_a_bad_item_is_named_by_its_place_or_left_out(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    items = [*TEXTS[:3], "  ", Path("no-such-file.txt")]
    with index_at(tmp_path / "index", cached()) as index:
        with pytest.raises(InputError, match="input 3: the text is empty"):
            index.add(items[:4], price="batch")
        with pytest.raises(InputError, match=r"input 4: cannot read no-such-file\.txt"):
            index.add(items, price="batch")
        report = index.add(items, price="batch", on_error="skip")
    assert (report.added, [one.position for one in report.skipped]) == (3, [3, 4])
    assert emulator.bill.batch.items == 3


def test_a_folder_is_synced_by_jobs(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, text in enumerate(TEXTS[:8]):
        (folder / f"{number}.md").write_text(text, "utf-8")
    with index_at(tmp_path / "index", cached()) as index:
        assert index.sync(folder, price="batch").added == 8
        (folder / "0.md").unlink()
        (folder / "1.md").write_text("Something new.", "utf-8")
        report = index.sync(folder, price="batch")
    assert (report.added, report.replaced, report.removed, report.reused) == (1, 1, 1, 6)
    assert emulator.bill.batch.items == 9
