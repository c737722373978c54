"""What every store must answer: searches, filters, lookups, iteration; and what it must refuse to answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gemini_embed.errors import ConfigurationError, FingerprintMismatchError, InputError, StoreError
from gemini_embed.stores import Precision, Store
from gemini_embed.stores.words import WordQuery
from gemini_embed.testing.samples import (
    DIMENSIONS,
    FILTERS,
    FINGERPRINT,
    HOSTILE,
    NAMES,
    Opening,
    id_of,
    names_of,
    sample_records,
    sample_vectors,
)


class ReadingTests(Opening):
    """Tests that change nothing."""

    def test_search_scores_are_cosines_best_first(self, filled: Store) -> None:
        rows, query = sample_vectors(), np.full(DIMENSIONS, 2.0, np.float32)
        cosines = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
        order = np.argsort(-cosines)[:4]
        hits = filled.search(query, 4)
        assert [hit.record for hit in hits] == [sample_records()[i] for i in order]
        assert [hit.score for hit in hits] == pytest.approx(cosines[order], abs=1e-5)

    def test_search_for_more_than_there_is(self, filled: Store) -> None:
        assert len(filled.search(sample_vectors()[0], 10_000)) == len(NAMES)

    @pytest.mark.parametrize("k", [0, -1])
    def test_search_for_nothing_is_refused(self, filled: Store, k: int) -> None:
        with pytest.raises(InputError, match="whole number from 1 up"):
            filled.search(sample_vectors()[0], k)

    @pytest.mark.parametrize(("given", "expected"), FILTERS)
    def test_filters(self, filled: Store, given: Any, expected: list[str]) -> None:
        assert names_of(filled.search(sample_vectors()[0], 100, given)) == set(expected)
        assert filled.count(given) == len(expected)
        batches = filled.iterate(filter=given, batch_size=2)
        assert names_of(record for batch in batches for record in batch.records) == set(expected)

    @pytest.mark.parametrize(
        ("ids", "sources", "expected"),
        [
            pytest.param(["cup", "nobody"], [], ["cup"], id="ids"),
            pytest.param([], ["a.md", "x"], ["ann", "bob"], id="sources"),
            pytest.param(["cup", "ann"], ["a.md", HOSTILE], ["ann", "bob", "cup", "eve"], id="both"),
            pytest.param(["nobody"], ["nowhere"], [], id="neither"),
        ],
    )
    def test_look_up(self, filled: Store, ids: list[str], sources: list[str], expected: list[str]) -> None:
        found = [one for some in filled.look_up([id_of(name) for name in ids], sources) for one in some]
        assert names_of(found) == set(expected)
        assert all(one in sample_records() for one in found)

    def test_a_filter_of_another_engine_is_refused(self, filled: Store) -> None:
        with pytest.raises(InputError, match="this store's own filter object, not object"):
            filled.search(sample_vectors()[0], 1, object())

    def test_get_keeps_the_order_asked(self, filled: Store) -> None:
        got = filled.get([id_of("eve"), id_of("nobody"), "not a uuid", '" or true or "', id_of("ann")])
        assert got == [sample_records()[4], sample_records()[0]]

    def test_vectors_by_id(self, filled: Store) -> None:
        found = filled.vectors([id_of("eve"), id_of("nobody"), "not a uuid", id_of("ann")])
        assert set(found) == {id_of("eve"), id_of("ann")}
        for name in ("eve", "ann"):
            row, original = found[id_of(name)], sample_vectors()[NAMES.index(name)]
            assert row.dtype == np.float32
            assert row / np.linalg.norm(row) == pytest.approx(original / np.linalg.norm(original), abs=1e-5)

    def test_searches_with_several_filters(self, filled: Store) -> None:
        query, filters = sample_vectors()[0], [{"modality": "image"}, None, {"page": 1}]
        assert filled.search_each(query, 2, filters) == [filled.search(query, 2, filter) for filter in filters]

    def test_samples_to_compare_hits_with(self, filled: Store) -> None:
        """The first records that pass, with their vectors; or, where the store takes samples along, their scores."""
        query, filters = sample_vectors()[0], [{"modality": "image"}, {"source": "nowhere"}]
        images, nothing = filled.sample_each(filters, len(NAMES))
        (expected,) = filled.iterate(filter=filters[0])
        assert nothing is None
        assert images is not None
        assert images.records == expected.records
        assert images.vectors == pytest.approx(expected.vectors)
        if filled.samples_along:
            (hits,), (sample, empty) = filled.search_with_samples(query, 2, [None], filters)
            assert hits == filled.search(query, 2)
            scores = [hit.score for hit in filled.search(query, 100, filters[0])]
            assert sorted(sample.scores, reverse=True) == pytest.approx(scores, abs=1e-5)
            assert (sample.population, len(sample.sources)) == (len(scores), len(scores))
            assert (empty.population, len(empty.scores)) == (0, 0)

    def test_precision_is_taken_or_refused(self, filled: Store) -> None:
        """A store says by `takes_precision` whether it does; what it would ignore is an error."""
        query, exact = sample_vectors()[0], Precision(exact=True)
        if filled.takes_precision:
            filled.check_precision(exact)
            assert filled.search_each(query, 2, [None], precision=exact) == [filled.search(query, 2)]
        else:
            with pytest.raises(InputError, match="precision"):
                filled.check_precision(exact)

    def test_searches_by_words(self, filled: Store) -> None:
        """A store says by `takes_words` whether it keeps any; one that does not is named by the error."""
        query, asked = sample_vectors()[0], WordQuery.of("eve")
        if not filled.takes_words:
            with pytest.raises(ConfigurationError, match="does not search by words"):
                filled.search_words(asked, query, 3)
        elif filled.kept_words() is not None:
            cosines = {hit.record.id: hit.score for hit in filled.search(query, len(NAMES))}
            ((hit, score),) = filled.search_words(asked, query, 3)
            assert (hit.record.id, hit.found_by, score > 0) == (id_of("eve"), ("words",), True)
            assert hit.score == pytest.approx(cosines[id_of("eve")], abs=1e-5)
            assert filled.search_words(asked, query, 3, {"source": "nowhere"}) == []
            assert len(filled.search_words(WordQuery.of("text"), query, 2)) == 2
        else:
            with pytest.raises(StoreError, match="no words"):
                filled.search_words(asked, query, 3)

    def test_records_come_back_as_they_were(self, filled: Store) -> None:
        assert filled.get([id_of(name) for name in NAMES]) == sample_records()

    def test_iterate_gives_records_with_their_vectors(self, filled: Store) -> None:
        batches = list(filled.iterate(batch_size=4))
        assert [len(batch.records) for batch in batches] == [4, 2]
        for batch in batches:
            assert batch.vectors.dtype == np.float32
            for record, row in zip(batch.records, batch.vectors, strict=True):
                original = sample_vectors()[[r.id for r in sample_records()].index(record.id)]
                assert row / np.linalg.norm(row) == pytest.approx(original / np.linalg.norm(original), abs=1e-5)

    def test_iterate_without_vectors(self, filled: Store) -> None:
        (batch,) = filled.iterate(with_vectors=False)
        assert batch.vectors.shape == (len(NAMES), 0)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            pytest.param({"model": "gemini-embedding-001"}, "model 'gemini-embedding-2' against", id="model"),
            pytest.param({"dimensions": 16}, "dimensions 8 against 16", id="dimensions"),
            pytest.param({"conditioning": "raw"}, "conditioning 'prefix:retrieval' against 'raw'", id="conditioning"),
            pytest.param({"normalization": "as_served"}, "normalization 'unit' against", id="normalization"),
        ],
    )
    def test_another_fingerprint_is_refused(self, filled: Store, change: dict[str, Any], words: str) -> None:
        with pytest.raises(FingerprintMismatchError, match=words):
            filled.open(replace(FINGERPRINT, **change))
        assert filled.count() == len(NAMES)

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param(np.ones(DIMENSIONS - 1, np.float32), id="size"),
            pytest.param(np.ones((1, DIMENSIONS), np.float32), id="shape"),
            pytest.param(np.full(DIMENSIONS, np.inf, np.float32), id="infinite"),
        ],
    )
    def test_wrong_queries_are_refused(self, filled: Store, query: Any) -> None:
        with pytest.raises(InputError):
            filled.search(query, 1)
