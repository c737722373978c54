"""A migration by jobs of the Batch API: half the price, the source read twice, and nothing paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_media import png
from gemini_embed import (
    BatchEstimate,
    BatchFailedError,
    ConfigurationError,
    EdgeStore,
    Embedder,
    Item,
    Migration,
    MultimodalIndex,
    StoreError,
)
from gemini_embed_emulator import Emulator, JobPlan

MakeEmbedder = Callable[..., Embedder]
RECORDS, VERIFIED = 40, 4
ITEMS = [Item(f"note {n} of a report on flour", source=f"{n % 7}.md", title=f"note {n}") for n in range(RECORDS)]


@pytest.fixture
def old(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "v1")) as index:
        index.add(ITEMS)
        yield index


@pytest.fixture
def new(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    embedder = make_embedder(dimensions=128, cache=tmp_path / "vectors.db")
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "v2")) as index:
        yield index


def test_it_is_whole_at_half_the_price(old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator) -> None:
    """Every record with its text and metadata, and it is done then."""
    migration, online = Migration(old.store, new), emulator.bill.online.items
    report = migration.run(price="batch")
    assert (report.records, report.added, report.left_out) == (RECORDS, RECORDS, {})
    assert (emulator.bill.batch.items, emulator.bill.online.items - online) == (RECORDS, VERIFIED)
    assert "40 records, layout gemini-embed" in str(report)
    again = asyncio.run(migration.arun(price="batch"))
    assert (again.added, again.reused, emulator.bill.batch.items) == (0, RECORDS, RECORDS)
    assert migration.verify(sample=5).passed


def test_its_estimate_tells_both_prices(old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator) -> None:
    migration, sent = Migration(old.store, new), len(emulator.requests)
    estimate, online = migration.estimate(price="batch"), migration.estimate()
    found = estimate.embedded
    assert isinstance(found, BatchEstimate)
    assert (found.items, found.jobs, found.online.usd) == (RECORDS, 1, online.usd)
    assert (estimate.usd or 1) < 0.7 * (online.usd or 0)
    assert "jobs" in str(estimate)
    assert len(emulator.requests) == sent


def test_what_the_source_gets_and_loses_while_jobs_run(
    old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reading counts: what is new is embedded online, what is gone is not written, and removed."""
    migration = Migration(old.store, new)
    migration.run()
    old.add([Item("by a job", source="job.md")])
    source, readings = migration.source, list[int]()
    batches = source.batches

    def changed(*args: object) -> object:
        readings.append(1)
        if len(readings) == 2:
            old.add([Item("meanwhile", source="late.md")])
            old.delete(source="0.md")
        return batches(*args)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(source, "batches", changed)
    report = migration.run(price="batch")
    there = {one.page_content for one in new.vectors().records}
    assert {"by a job", "meanwhile"} <= there
    assert (emulator.bill.batch.items, report.records, report.removed) == (1, old.count(), 6)
    assert {one.source for one in new.vectors().records} == {one.source for one in old.vectors().records}


def test_what_is_read_twice_is_counted_once(old: MultimodalIndex, new: MultimodalIndex, tmp_path: Path) -> None:
    """Captions that stand for media that are gone, too."""
    for name, size in (("one.png", 8), ("two.png", 9)):
        (tmp_path / name).write_bytes(png(size, size))
    old.add([Item(tmp_path / name, page_content=f"caption of {name}") for name in ("one.png", "two.png")])
    (tmp_path / "one.png").unlink()
    report = Migration(old.store, new, on_missing="text").run(price="batch", progress=False)
    assert (report.captioned, report.added, report.left_out) == (1, RECORDS + 2, {})


def test_a_failure_at_any_place_costs_nothing_twice(
    old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that fails is made again; what was collected and could not be written comes out of the cache."""
    emulator.batches.push(JobPlan(end="FAILED"))
    migration = Migration(old.store, new)
    with pytest.raises(BatchFailedError):
        migration.run(price="batch")

    def full(*args: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(new.store, "upsert", full)
        with pytest.raises(StoreError, match="the disk is full"):
            migration.run(price="batch")
    made = RECORDS - VERIFIED  # those that verify the first job came online, and are in the cache
    assert (new.count(), emulator.bill.batch.items) == (0, made)
    assert migration.run(price="batch").added == RECORDS
    assert (emulator.bill.batch.items, emulator.bill.batch.repeated) == (made, 0)


def test_a_deadline(old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(end="PENDING"))
    with pytest.warns(UserWarning, match="embedded online"):
        report = Migration(old.store, new).run(price="batch", deadline_s=0.5)
    assert (report.added, emulator.bill.batch.items) == (RECORDS, 0)


def test_options_that_mean_nothing(old: MultimodalIndex, make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "v2")) as new:
        migration = Migration(old.store, new)
        with pytest.raises(ConfigurationError, match='deadline_s= is for price="batch"'):
            migration.run(deadline_s=9)
        with pytest.raises(ConfigurationError, match="price='half' must be one of"):
            migration.run(price="half")  # type: ignore[arg-type]  # the mistake
        assert not (tmp_path / "v2").exists()
        with pytest.raises(ConfigurationError, match="batch jobs need cache="):
            migration.run(price="batch")
