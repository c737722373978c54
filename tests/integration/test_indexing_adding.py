"""`MultimodalIndex.add` as a stream, from the emulator's wire to what is in the store."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import (
    ApiError,
    BudgetError,
    EdgeStore,
    Embedder,
    InputError,
    Item,
    MultimodalIndex,
    Record,
    RefusedItemsError,
    StoreError,
)
from gemini_embed.indexing.adding import AHEAD
from gemini_embed.stores.base import Batch, FloatArray
from gemini_embed_emulator import Emulator, Fault, ReceivedRequest

MakeEmbedder = Callable[..., Embedder]


class Store(EdgeStore):
    """An EdgeStore whose writes a test can watch, hold up or fail, and whose reads it can count."""

    before_upsert: Callable[[Sequence[Record]], None] = staticmethod(lambda records: None)
    reads: Counter[str]

    def get(self, ids: Sequence[str]) -> list[Record]:
        self.reads["get"] += 1
        return super().get(ids)

    def iterate(self, **how: Any) -> Iterator[Batch]:
        self.reads["iterate"] += 1
        return super().iterate(**how)

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        self.before_upsert(records)
        super().upsert(records, vectors)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "index")
    store.reads = Counter()
    yield store
    store.close()


@pytest.fixture
def index(make_embedder: MakeEmbedder, store: Store) -> MultimodalIndex:
    return MultimodalIndex(make_embedder(dimensions=128, batch_size=10), store)


@pytest.mark.parametrize(
    ("held", "items", "iterated"),
    [
        pytest.param(0, 3, 1, id="less-than-a-batch: for what its sources held"),
        pytest.param(0, 60, 1, id="three-into-an-empty-store: whether it is empty"),
        pytest.param(5, 60, 4, id="three-into-another: that, and once a batch"),
    ],
)
def test_a_store_is_read_no_oftener_than_needed(
    held: int, items: int, iterated: int, index: MultimodalIndex, store: Store
) -> None:
    """A read of a server is a request: some wait a fifth of a second for what others have written."""
    if held:
        index.add([f"held {i}" for i in range(held)])
    store.reads.clear()
    index.add([f"text {i}" for i in range(items)], batch_size=20)
    assert store.reads == {"get": max(1, items // 20), "iterate": iterated}


def refuse(word: str) -> Callable[[ReceivedRequest], Fault | None]:
    """Calls that hold `word` are refused, as the service refuses a content it cannot take."""
    return lambda request: Fault.status(400, "not this one") if word.encode() in request.body else None


def texts_in(index: MultimodalIndex) -> set[str]:
    return {record.page_content for batch in index.store.iterate(with_vectors=False) for record in batch.records}


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen within 30 s"
        time.sleep(0.005)


def three_of_four_calls_are_answered(index: MultimodalIndex, emulator: Emulator) -> Callable[[], bool]:
    budget, one_call = index.embedder.budget, index.embedder.estimate([f"text {i}" for i in range(10, 20)]).usd or 0

    def are_answered() -> bool:
        if emulator.requests.items_billed < 30 or budget.in_flight_usd > 1.5 * one_call:
            return False
        index.embedder.embed_documents([])  # takes its turn on the engine's loop: the last answer is put away by then
        return True

    return are_answered


def test_embedding_goes_on_while_a_batch_is_written(index: MultimodalIndex, store: Store, emulator: Emulator) -> None:
    store.before_upsert = lambda records: wait_until(lambda: len(emulator.requests) >= min(AHEAD, 3))
    assert index.add([f"text {i}" for i in range(60)], batch_size=10).added == 60


def test_nothing_is_read_beyond_the_window(index: MultimodalIndex) -> None:
    ahead = []

    def items() -> Iterator[str]:
        for i in range(200):
            ahead.append(i - index.count())
            yield f"text {i}"

    index.add(items(), batch_size=10)
    assert max(ahead) == (AHEAD + 1) * 10 - 1


def test_a_refused_item_costs_only_itself(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.rule = refuse("poison")
    items = [f"text {i}" for i in range(60)]
    items[25] = "poison"
    with pytest.raises(RefusedItemsError) as caught:
        index.add(items, batch_size=20)
    assert [item.position for item in caught.value.refused] == [25]
    assert texts_in(index) == {*items} - {"poison"}, "its batch, the one before and those under way"
    assert "59 added" in caught.value.__notes__[0]
    emulator.faults.clear()
    report = index.add(items, batch_size=20)
    assert (report.added, report.reused) == (1, 59)


def test_all_refused_items_are_named_at_the_end(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.rule = refuse("poison")
    items = [f"poison {i}" if i in (3, 77, 170) else f"text {i}" for i in range(200)]
    with pytest.raises(RefusedItemsError, match="input 77: not this one") as caught:
        index.add(items, batch_size=10)
    assert [item.position for item in caught.value.refused] == [3, 77, 170]
    assert index.count() == 197


def test_a_failure_leaves_what_was_finished(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(403, "no more") if b"text 31" in request.body else None
    items = [f"text {i}" for i in range(90)]
    with pytest.raises(ApiError, match="no more") as caught:
        index.add(items, batch_size=20)
    assert list(caught.value.positions) == list(range(30, 40))
    assert texts_in(index) >= {f"text {i}" for i in range(20)}
    assert "text 31" not in texts_in(index)
    assert emulator.requests.items_billed == index.count(), "all that was billed is there"


def test_bad_items_are_skipped_with_their_reasons(index: MultimodalIndex, emulator: Emulator, tmp_path: Path) -> None:
    index.add([Item("old", source="kept"), Item("older", source="replaced")])
    emulator.faults.rule = refuse("poison")
    (tmp_path / "empty.txt").touch()
    items: list[Any] = [
        "good",
        tmp_path / "nowhere.txt",
        Item("poison", source="kept"),
        " ",
        Item("new", source="replaced"),
        tmp_path / "empty.txt",
        3,
        Item("new too", source="kept"),
    ]
    report = index.add(items, batch_size=3, on_error="skip")
    assert (report.added, report.reused, report.replaced) == (3, 0, 1)
    assert [(item.position, item.source) for item in report.skipped] == [
        (1, str(tmp_path / "nowhere.txt")),
        (2, "kept"),
        (3, report.skipped[2].source),
        (5, str(tmp_path / "empty.txt")),
        (6, None),
    ]
    reasons = [item.reason for item in report.skipped]
    expected = ["cannot read", "not this one", "empty", "is empty", "cannot embed a int"]
    assert all(words in reason for words, reason in zip(expected, reasons, strict=True))
    assert texts_in(index) == {"good", "old", "new", "new too"}, "what a source with a skipped item held stays"


def test_bad_input_raises_once_what_was_read_before_it_is_in(index: MultimodalIndex) -> None:
    with pytest.raises(InputError, match="cannot embed a int") as caught:
        index.add([*(f"text {i}" for i in range(45)), 3], batch_size=20)
    assert caught.value.position == 45
    assert texts_in(index) == {f"text {i}" for i in range(40)}


def test_an_error_of_the_callers_iterator_comes_after_the_writing(index: MultimodalIndex) -> None:
    def items() -> Iterator[str]:
        yield from (f"text {i}" for i in range(20))
        raise OSError("the share is gone")

    with pytest.raises(OSError, match="the share is gone"):
        index.add(items(), batch_size=10)
    assert index.count() == 20


def test_ctrl_c_writes_what_is_finished(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.latency(60) if b"text 15" in request.body else None

    def items() -> Iterator[str]:
        yield from (f"text {i}" for i in range(40))
        wait_until(three_of_four_calls_are_answered(index, emulator))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.add(items(), batch_size=20)
    assert texts_in(index) == {f"text {i}" for i in range(40) if not 10 <= i < 20}, "parts of a batch too"


def test_ctrl_c_after_a_failure_writes_what_is_finished(
    index: MultimodalIndex, store: Store, emulator: Emulator
) -> None:
    """While the batches under way when one failed are awaited and written."""
    emulator.faults.rule = lambda request: Fault.status(403) if b"text 5" in request.body else None

    def interrupted_once(records: Sequence[Record]) -> None:
        del store.before_upsert
        raise KeyboardInterrupt

    store.before_upsert = interrupted_once
    with pytest.raises(KeyboardInterrupt):
        index.add([f"text {i}" for i in range(20)], batch_size=10)
    assert texts_in(index) == {f"text {i}" for i in range(10, 20)}


def test_a_cancelled_caller_finds_what_was_finished(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.latency(60) if b"text 15" in request.body else None

    async def main() -> None:
        adding = asyncio.create_task(index.aadd([f"text {i}" for i in range(40)], batch_size=20))
        await asyncio.to_thread(wait_until, three_of_four_calls_are_answered(index, emulator))
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding

    asyncio.run(main())
    assert texts_in(index) == {f"text {i}" for i in range(40) if not 10 <= i < 20}


def test_a_store_that_fails_leaves_the_vectors_on_the_error(index: MultimodalIndex, store: Store) -> None:
    def fail_at_second(records: Sequence[Record]) -> None:
        if records[0].page_content != "text 0":
            raise StoreError("the disk is full")

    store.before_upsert = fail_at_second
    with pytest.raises(StoreError, match="the disk is full") as caught:
        index.add((f"text {i}" for i in range(30)), batch_size=10)
    assert index.count() == 10
    completed = caught.value.completed
    assert completed is not None
    assert set(completed.positions) >= set(range(10, 20))
    assert completed.usage.requests >= 1
    row = list(completed.positions).index(17)
    assert completed.values[row] @ index.embedder.embed(["text 17"]).vector == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("error", [OSError("out of file handles"), InputError("too large a row"), KeyError("row")])
def test_whatever_a_store_raises_the_vectors_go_with_it(index: MultimodalIndex, store: Store, error: Exception) -> None:
    def fail(records: Sequence[Record]) -> None:
        raise error

    store.before_upsert = fail
    with pytest.raises((StoreError, InputError), match=str(error)) as caught:
        index.add(["one", "two", "three"])
    completed = caught.value.completed
    assert completed is not None
    assert (list(completed.positions), completed.usage.requests) == ([0, 1, 2], 1)


def test_twins_far_apart_are_one_record(index: MultimodalIndex, emulator: Emulator) -> None:
    first = Item("same", source="s", metadata={"v": 1})
    last = Item("same", source="s", metadata={"v": 2})
    report = index.add([first, *(f"text {i}" for i in range(30)), last], batch_size=10)
    assert (report.added, report.reused) == (31, 1)
    assert emulator.requests.items_billed == 31
    (record,) = (hit.record for hit in index.search("same", filter={"source": "s"}))
    assert record.metadata["v"] == 2, "the later one counts"


def test_a_budget_stops_before_it_is_exceeded(index: MultimodalIndex, emulator: Emulator) -> None:
    items = [f"text {i}" for i in range(200)]
    whole = index.estimate(items).usd
    assert whole is not None
    limit = whole / 2
    with pytest.raises(BudgetError, match="max_cost_usd") as caught:
        index.add(items, batch_size=20, max_cost_usd=limit)
    price = index.embedder.facts.usd_per_million_tokens["text"] / 1e6
    assert 0 < emulator.requests.tokens_billed * price <= limit
    assert index.count() == emulator.requests.items_billed, "all that was paid for is in"
    assert caught.value.completed is None or len(caught.value.completed.positions) <= 20
    before = index.count()
    report = index.add(items, batch_size=20)
    assert (report.added, report.reused) == (200 - before, before)
    assert emulator.requests.items_billed == 200


def test_the_report_tells_what_it_took(index: MultimodalIndex, emulator: Emulator) -> None:
    emulator.faults.push(Fault.status(503), Fault.rate_limited(retry_delay_s=0.05))
    report = index.add(["one", "two", "two"])
    assert report.usage.retries >= 1
    assert report.tokens == emulator.requests.tokens_billed
    assert report.usd == pytest.approx(report.tokens * 0.2e-6)
    assert report.estimate.tokens > 0
    lines = dict(line.split(maxsplit=1) for line in str(report).splitlines())
    assert (lines["added"], lines["re-used"], lines["tokens"]) == ("2", "1", str(report.tokens))
    assert lines["price"].startswith("$")
    assert "server" in lines["waited"] or "quota" in lines["waited"]


@pytest.mark.parametrize("items", [pytest.param(list, id="sized"), pytest.param(iter, id="unsized")])
def test_progress_is_on_stderr(
    index: MultimodalIndex, capsys: pytest.CaptureFixture[str], items: Callable[[list[str]], Any]
) -> None:
    index.add(items([f"text {i}" for i in range(30)]), batch_size=10, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("30/30" if items is list else "30 items") in shown.err
    assert "tokens" in shown.err


def test_no_progress_where_nobody_looks(index: MultimodalIndex, capsys: pytest.CaptureFixture[str]) -> None:
    index.add(["x"])
    assert capsys.readouterr() == ("", "")


def test_a_disk_that_fills_up_is_a_store_error(
    index: MultimodalIndex, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    index.add([f"text {i}" for i in range(10)])
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2**20))
    with pytest.raises(StoreError, match="1 MB left") as caught:
        index.add([f"more {i}" for i in range(10)])
    assert caught.value.completed is not None
    assert len(caught.value.completed.positions) == emulator.requests.items_billed - 10 == 10
    monkeypatch.undo()
    assert index.add([f"more {i}" for i in range(10)]).added == 10
