"""One contract, every store: what the index and the retrievers rely on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pytest
from gemini_embed import Fingerprint, FingerprintMismatchError, InputError, Record, Store, StoreError, StoreLockedError

DIMENSIONS = 8
FINGERPRINT = Fingerprint("gemini-embedding-2", DIMENSIONS, "prefix:retrieval", "unit")
HOSTILE = """x' or 1==1 -- " \\ {"$or": []} \u202e 雪 \n\t%_*"""

MakeStore: TypeAlias = Callable[..., Store]

on_disk = pytest.mark.parametrize("store_kind", ["edge", "qdrant-path"])
"""For what a store in memory cannot show."""


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


METADATA: dict[str, dict[str, Any]] = {
    "ann": {"source": "a.md", "modality": "text", "page": 1, "author": {"name": "Ann", "born": 1970.5}},
    "bob": {"source": "a.md", "modality": "text", "page": 2, "author": {"name": "Bob"}, "draft": True},
    "cup": {"source": "cup.png", "modality": "image", "page": 3.0, "tags": ["red", "blue"], "draft": False},
    "day": {"source": "d.md", "modality": "text", "page": 4, "at": "2026-03-01T12:00:00+00:00", "draft": None},
    "eve": {"source": HOSTILE, "modality": "text", "tags": ["blue"], "at": "2026-04-01", "a b": {"c-d": 2**60}},
    "fox": {"source": "1", "modality": "text", "page": 1, "draft": 1, "tags": []},
}
NAMES = list(METADATA)


def records() -> list[Record]:
    return [Record(id_of(name), f"text of {name}", metadata) for name, metadata in METADATA.items()]


def vectors(count: int = len(METADATA)) -> Any:
    return np.random.default_rng(7).normal(size=(count, DIMENSIONS)).astype(np.float32)


def names(found: Any) -> set[str]:
    by_id = {id_of(name): name for name in NAMES}
    return {by_id[getattr(one, "record", one).id] for one in found}


@pytest.fixture
def empty(make_store: MakeStore) -> Store:
    store = make_store()
    store.open(FINGERPRINT)
    return store


@pytest.fixture
def store(empty: Store) -> Store:
    empty.upsert(records(), vectors())
    return empty


def test_empty_store(empty: Store) -> None:
    assert empty.count() == 0
    assert empty.search(vectors()[0], 3) == []
    assert empty.get([id_of("ann")]) == []
    assert list(empty.iterate()) == []
    assert empty.delete([id_of("ann")]) == 0
    assert empty.delete(filter={"source": "a.md"}) == 0
    empty.upsert([], vectors(0))
    assert empty.count() == 0


def test_search_scores_are_cosines_best_first(store: Store) -> None:
    rows, query = vectors(), np.full(DIMENSIONS, 2.0, np.float32)
    cosines = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    order = np.argsort(-cosines)[:4]
    hits = store.search(query, 4)
    assert [hit.record for hit in hits] == [records()[i] for i in order]
    assert [hit.score for hit in hits] == pytest.approx(cosines[order], abs=1e-5)


def test_search_for_more_than_there_is(store: Store) -> None:
    assert len(store.search(vectors()[0], 10_000)) == len(NAMES)


@pytest.mark.parametrize("k", [0, -1])
def test_search_for_nothing_is_refused(store: Store, k: int) -> None:
    with pytest.raises(InputError, match="whole number from 1 up"):
        store.search(vectors()[0], k)


FILTERS = [
    pytest.param(None, NAMES, id="none"),
    pytest.param({}, NAMES, id="empty"),
    pytest.param({"source": "a.md"}, ["ann", "bob"], id="equals-text"),
    pytest.param({"source": ["d.md", "cup.png", "x"]}, ["cup", "day"], id="any-of"),
    pytest.param({"source": []}, [], id="any-of-nothing"),
    pytest.param({"author.name": "Ann"}, ["ann"], id="nested"),
    pytest.param({"author.born": 1970.5}, ["ann"], id="equals-float"),
    pytest.param({"page": 3}, ["cup"], id="int-finds-float"),
    pytest.param({"page": 1.0}, ["ann", "fox"], id="float-finds-int"),
    pytest.param({"source": 1}, [], id="number-is-not-text"),
    pytest.param({"page": ["1", 2]}, ["bob"], id="any-of-mixed-types"),
    pytest.param({"draft": True}, ["bob"], id="true-is-not-one"),
    pytest.param({"draft": 1}, ["fox"], id="one-is-not-true"),
    pytest.param({"draft": False}, ["cup"], id="false"),
    pytest.param({"draft": None}, ["ann", "day", "eve"], id="missing-or-null"),
    pytest.param({"tags": None, "page": 1}, ["ann", "fox"], id="empty-list-is-missing"),
    pytest.param({"tags": "blue"}, ["cup", "eve"], id="element-of-list"),
    pytest.param({"page": {"gte": 2, "lt": 4}}, ["bob", "cup"], id="range"),
    pytest.param({"page": {"gt": 2, "lte": 4}}, ["cup", "day"], id="open-range"),
    pytest.param({"at": {"gte": datetime(2026, 3, 1, 12, tzinfo=UTC)}}, ["day", "eve"], id="datetimes"),
    pytest.param({"at": {"lt": date(2026, 3, 15)}}, ["day"], id="dates"),
    pytest.param({"a b.c-d": 2**60}, ["eve"], id="odd-names-and-large-numbers"),
    pytest.param({"a b.c-d": 2**60 + 1}, [], id="large-numbers-are-exact"),
    pytest.param({"nowhere.at.all": 1}, [], id="unknown-field"),
    pytest.param({"modality": "text", "page": 1}, ["ann", "fox"], id="two-fields"),
    pytest.param({"$or": [{"page": 4}, {"modality": "image"}]}, ["cup", "day"], id="or"),
    pytest.param({"$and": [{"page": {"gte": 2}}, {"modality": "text"}]}, ["bob", "day"], id="and"),
    pytest.param({"$not": {"modality": "text"}}, ["cup"], id="not"),
    pytest.param({"$not": {"$not": {"page": 2}}}, ["bob"], id="not-not"),
    pytest.param(
        {"modality": "text", "$not": {"$or": [{"page": [1, 2]}, {"tags": "blue"}]}}, ["day"], id="all-together"
    ),
    pytest.param({"source": HOSTILE}, ["eve"], id="hostile-value"),
    pytest.param({"source": "x' or 1==1"}, [], id="injection"),
    pytest.param({"source": '" or true or "'}, [], id="injection-by-quote"),
    pytest.param({"source or 1==1": "x"}, [], id="hostile-field"),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS)
def test_filters(store: Store, given: Any, expected: list[str]) -> None:
    assert names(store.search(vectors()[0], 100, given)) == set(expected)
    assert store.count(given) == len(expected)
    assert names(r for batch in store.iterate(filter=given, batch_size=2) for r in batch.records) == set(expected)


def test_a_filter_of_another_engine_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="this store's own filter object, not object"):
        store.search(vectors()[0], 1, object())


def test_writing_twice_changes_nothing(store: Store) -> None:
    store.upsert(records(), vectors())
    assert store.count() == len(NAMES)


def test_writing_an_id_again_replaces_it(store: Store) -> None:
    new = Record(id_of("ann"), "new", {"source": "z"})
    store.upsert([new], np.ones((1, DIMENSIONS), np.float32))
    assert store.count() == len(NAMES)
    assert store.get([new.id]) == [new]
    best = store.search(np.ones(DIMENSIONS, np.float32), 1)[0]
    assert best.record == new
    assert best.score == pytest.approx(1.0, abs=1e-5)


def test_update_keeps_the_vector(store: Store) -> None:
    new = Record(id_of("ann"), "new", {"source": "z"})
    store.update([new])
    assert store.search(vectors()[0], 1)[0].record == new
    assert store.count({"source": "a.md"}) == 1


def test_get_keeps_the_order_asked(store: Store) -> None:
    got = store.get([id_of("eve"), id_of("nobody"), "not a uuid", id_of("ann")])
    assert got == [records()[4], records()[0]]


@pytest.mark.parametrize(
    ("ids", "given", "gone"),
    [
        pytest.param([id_of("ann"), id_of("nobody"), "junk"], None, ["ann"], id="ids"),
        pytest.param([], None, [], id="no-ids"),
        pytest.param(None, {"source": "a.md"}, ["ann", "bob"], id="source"),
        pytest.param(None, {"source": []}, [], id="filter-of-nothing"),
        pytest.param(None, {"$not": {"modality": "text"}}, ["cup"], id="filter"),
    ],
)
def test_delete(store: Store, ids: list[str] | None, given: Any, gone: list[str]) -> None:
    assert store.delete(ids, filter=given) == len(gone)
    left = names(store.search(vectors()[0], 100))
    assert left == set(NAMES) - set(gone)


@pytest.mark.parametrize(
    ("ids", "given"),
    [
        pytest.param(None, None, id="neither"),
        pytest.param(["a"], {"a": 1}, id="both"),
        pytest.param(None, {}, id="everything"),
    ],
)
def test_delete_must_be_meant(store: Store, ids: list[str] | None, given: Any) -> None:
    with pytest.raises(InputError):
        store.delete(ids, filter=given)
    assert store.count() == len(NAMES)


def test_iterate_gives_records_with_their_vectors(store: Store) -> None:
    batches = list(store.iterate(batch_size=4))
    assert [len(batch.records) for batch in batches] == [4, 2]
    for batch in batches:
        assert batch.vectors.dtype == np.float32
        for record, row in zip(batch.records, batch.vectors, strict=True):
            original = vectors()[[r.id for r in records()].index(record.id)]
            assert row / np.linalg.norm(row) == pytest.approx(original / np.linalg.norm(original), abs=1e-5)


def test_iterate_without_vectors(store: Store) -> None:
    (batch,) = store.iterate(with_vectors=False)
    assert batch.vectors.shape == (len(NAMES), 0)


@on_disk
def test_reopened_after_close(store: Store, make_store: MakeStore) -> None:
    store.close()
    store.close()
    again = make_store()
    again.open(FINGERPRINT)
    assert again.get([id_of(name) for name in NAMES]) == records()
    assert again.search(vectors()[2], 1)[0].record.id == id_of("cup")


@on_disk
def test_a_closed_store_opens_again(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="not open"):
        store.count()
    store.open(FINGERPRINT)
    assert store.count() == len(NAMES)


@on_disk
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # qdrant-client leaves its lock file to the GC
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_second_opener_is_told(store: Store, make_store: MakeStore) -> None:
    second = make_store()
    with pytest.raises(StoreLockedError, match="is open elsewhere"):
        second.open(FINGERPRINT)
    store.close()
    second.open(FINGERPRINT)
    assert second.count() == len(NAMES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"model": "gemini-embedding-001"}, "model 'gemini-embedding-2' against", id="model"),
        pytest.param({"dimensions": 16}, "dimensions 8 against 16", id="dimensions"),
        pytest.param({"conditioning": "raw"}, "conditioning 'prefix:retrieval' against 'raw'", id="conditioning"),
        pytest.param({"normalization": "as_served"}, "normalization 'unit' against", id="normalization"),
    ],
)
def test_another_fingerprint_is_refused(store: Store, change: dict[str, Any], words: str) -> None:
    with pytest.raises(FingerprintMismatchError, match=words):
        store.open(replace(FINGERPRINT, **change))
    assert store.count() == len(NAMES)


@on_disk
def test_another_fingerprint_is_refused_after_reopening(store: Store, make_store: MakeStore) -> None:
    store.close()
    with pytest.raises(FingerprintMismatchError, match="dimensions 8 against 16"):
        make_store().open(replace(FINGERPRINT, dimensions=16))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.ones((2, DIMENSIONS), np.float32), id="count"),
        pytest.param(np.ones((1, DIMENSIONS + 1), np.float32), id="size"),
        pytest.param(np.full((1, DIMENSIONS), np.nan, np.float32), id="nan"),
    ],
)
def test_wrong_vectors_are_refused(store: Store, rows: Any) -> None:
    with pytest.raises(InputError):
        store.upsert([Record(id_of("new"), "", {})], rows)
    assert store.count() == len(NAMES)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(np.ones(DIMENSIONS - 1, np.float32), id="size"),
        pytest.param(np.ones((1, DIMENSIONS), np.float32), id="shape"),
        pytest.param(np.full(DIMENSIONS, np.inf, np.float32), id="infinite"),
    ],
)
def test_wrong_queries_are_refused(store: Store, query: Any) -> None:
    with pytest.raises(InputError):
        store.search(query, 1)


def test_text_and_metadata_come_back_as_they_were(empty: Store) -> None:
    record = Record(
        id_of("long"), f"{HOSTILE} {'wörter 雪 ' * 40_000}", {"source": HOSTILE, "deep": {"a": [{"b": 1.5}]}}
    )
    empty.upsert([record], vectors(1))
    assert empty.get([record.id]) == [record]


def test_many_records(empty: Store) -> None:
    many = [Record(id_of(str(i)), "", {"source": f"s{i % 7}"}) for i in range(1_000)]
    empty.upsert(many, vectors(1_000))
    assert empty.count() == 1_000
    assert empty.count({"source": "s3"}) == 143
    assert sum(len(batch.records) for batch in empty.iterate()) == 1_000


def test_used_from_several_threads(store: Store) -> None:
    failures: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for turn in range(10):
                store.upsert([Record(id_of(f"{thread}-{turn}"), "", {"source": str(thread)})], vectors(1))
                assert store.search(vectors()[0], 2)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count() == len(NAMES) + 40


def test_nothing_happens_before_open(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="not open"):
        store.count()
