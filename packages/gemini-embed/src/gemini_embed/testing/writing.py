"""What every store must do with what it is given: write once, replace, update, delete."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from gemini_embed.errors import InputError
from gemini_embed.records import Record
from gemini_embed.stores import Store
from gemini_embed.testing.samples import (
    DIMENSIONS,
    HOSTILE,
    NAMES,
    Opening,
    id_of,
    names_of,
    sample_records,
    sample_vectors,
)


class WritingTests(Opening):
    """Tests that each get a store of their own."""

    def test_empty_store(self, empty: Store) -> None:
        assert empty.count() == 0
        assert empty.search(sample_vectors()[0], 3) == []
        assert empty.get([id_of("ann")]) == []
        assert empty.get([]) == []
        assert list(empty.iterate()) == []
        assert empty.delete([id_of("ann")]) == 0
        assert empty.delete(filter={"source": "a.md"}) == 0
        empty.upsert([], sample_vectors(0))
        empty.update([])
        assert empty.count() == 0

    def test_writing_twice_changes_nothing(self, store: Store) -> None:
        store.upsert(sample_records(), sample_vectors())
        assert store.count() == len(NAMES)
        assert len(store.search(sample_vectors()[0], 100)) == len(NAMES)

    def test_writing_an_id_again_replaces_it(self, store: Store) -> None:
        new = Record(id_of("ann"), "new", {"source": "z"})
        store.upsert([new], np.ones((1, DIMENSIONS), np.float32))
        assert store.count() == len(NAMES)
        assert store.get([new.id]) == [new]
        best = store.search(np.ones(DIMENSIONS, np.float32), 1)[0]
        assert best.record == new
        assert best.score == pytest.approx(1.0, abs=1e-5)

    def test_the_last_of_one_id_in_a_call_stays(self, empty: Store) -> None:
        versions = [Record(id_of("ann"), f"version {i}", {}) for i in range(3)]
        empty.upsert(versions, sample_vectors(3))
        assert empty.count() == 1
        assert empty.get([id_of("ann")]) == versions[-1:]
        assert empty.search(sample_vectors(3)[2], 1)[0].score == pytest.approx(1.0, abs=1e-5)

    def test_update_keeps_the_vector(self, store: Store) -> None:
        new = Record(id_of("ann"), "new", {"source": "z"})
        store.update([new])
        assert store.search(sample_vectors()[0], 1)[0].record == new
        assert store.count({"source": "a.md"}) == 1
        assert store.count() == len(NAMES)

    @pytest.mark.parametrize(
        ("ids", "given", "gone"),
        [
            pytest.param([id_of("ann"), id_of("nobody"), "junk", '" or true or "'], None, ["ann"], id="ids"),
            pytest.param([], None, [], id="no-ids"),
            pytest.param(None, {"source": "a.md"}, ["ann", "bob"], id="source"),
            pytest.param(None, {"source": HOSTILE}, ["eve"], id="hostile-source"),
            pytest.param(None, {"source": []}, [], id="filter-of-nothing"),
            pytest.param(None, {"$not": {"modality": "text"}}, ["cup"], id="filter"),
        ],
    )
    def test_delete(self, store: Store, ids: list[str] | None, given: Any, gone: list[str]) -> None:
        assert store.delete(ids, filter=given) == len(gone)
        left = names_of(store.get([id_of(name) for name in NAMES]))
        assert left == set(NAMES) - set(gone)
        assert store.count() == len(left)

    @pytest.mark.parametrize(
        ("ids", "given"),
        [
            pytest.param(None, None, id="neither"),
            pytest.param(["a"], {"a": 1}, id="both"),
            pytest.param(None, {}, id="everything"),
        ],
    )
    def test_delete_must_be_meant(self, filled: Store, ids: list[str] | None, given: Any) -> None:
        with pytest.raises(InputError):
            filled.delete(ids, filter=given)
        assert filled.count() == len(NAMES)

    @pytest.mark.parametrize(
        "rows",
        [
            pytest.param(np.ones((2, DIMENSIONS), np.float32), id="count"),
            pytest.param(np.ones((1, DIMENSIONS + 1), np.float32), id="size"),
            pytest.param(np.full((1, DIMENSIONS), np.nan, np.float32), id="nan"),
        ],
    )
    def test_wrong_vectors_are_refused(self, filled: Store, rows: Any) -> None:
        with pytest.raises(InputError):
            filled.upsert([Record(id_of("new"), "", {})], rows)
        assert filled.count() == len(NAMES)

    def test_long_text_and_hostile_metadata(self, empty: Store) -> None:
        text = f"{HOSTILE} {'wörter 雪 ' * 40_000}"
        metadata = {"source": HOSTILE, "deep": {"a": [{"b": 1.5}]}, HOSTILE: HOSTILE, "metadata": {"text": None}}
        empty.upsert([Record(id_of("long"), text, metadata)], sample_vectors(1))
        (got,) = empty.get([id_of("long")])
        assert got.metadata == metadata
        if self.max_text_bytes is None:
            assert got.page_content == text
        else:
            kept, _, mark = got.page_content.rpartition(" … ")
            assert text.startswith(kept)
            assert f"{len(text):,} characters" in mark
            assert self.max_text_bytes - 8 <= len(got.page_content.encode()) <= self.max_text_bytes
        assert empty.search(sample_vectors(1)[0], 1)[0].score == pytest.approx(1.0, abs=1e-5)

    def test_iterates_over_what_was_just_written(self, empty: Store) -> None:
        """An engine may read at another consistency here than elsewhere."""
        records, vectors = sample_records(), sample_vectors()
        for number in range(1, len(records) + 1):
            empty.upsert(records[number - 1 : number], vectors[number - 1 : number])
            assert sum(len(batch.records) for batch in empty.iterate(with_vectors=False)) == number
        empty.delete([records[0].id])
        assert sum(len(batch.records) for batch in empty.iterate()) == len(records) - 1

    def test_many_records(self, empty: Store) -> None:
        many = [Record(id_of(str(i)), "", {"source": f"s{i % 7}"}) for i in range(1_000)]
        for start in range(0, 1_000, 400):
            empty.upsert(many[start : start + 400], sample_vectors(1_000)[start : start + 400])
        assert empty.count() == 1_000
        assert empty.count({"source": "s3"}) == 143
        assert len({record.id for batch in empty.iterate() for record in batch.records}) == 1_000
        assert len(empty.get([record.id for record in many])) == 1_000

    def test_optimizing_changes_no_answer(self, store: Store) -> None:
        before = store.search(sample_vectors()[0], 100)
        store.optimize()
        after = store.search(sample_vectors()[0], 100)
        assert [hit.record for hit in after] == [hit.record for hit in before]
        assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=1e-5)
        store.upsert([Record(id_of("new"), "", {})], sample_vectors(1))
        assert store.count() == len(NAMES) + 1

    def test_used_from_several_threads(self, store: Store) -> None:
        failures: list[BaseException] = []

        def work(thread: int) -> None:
            try:
                for turn in range(5):
                    store.upsert([Record(id_of(f"{thread}-{turn}"), "", {"source": str(thread)})], sample_vectors(1))
                    assert store.search(sample_vectors()[0], 2)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.count() == len(NAMES) + 20
