"""Six records with awkward metadata, their vectors, and which of them each filter finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pytest

from gemini_embed.fingerprint import Fingerprint
from gemini_embed.hits import Hit
from gemini_embed.records import Record
from gemini_embed.stores import FloatArray, Store

DIMENSIONS = 8
FINGERPRINT = Fingerprint("gemini-embedding-2", DIMENSIONS, "prefix:retrieval", "unit", tells_service=True)
HOSTILE = """x' or 1==1 -- " \\ {"$or": []} \u202e 雪😀 \x01 \n\r\t%_*"""

METADATA: dict[str, dict[str, Any]] = {
    "ann": {"source": "a.md", "modality": "text", "page": 1, "author": {"name": "Ann", "born": 1970.5}},
    "bob": {"source": "a.md", "modality": "text", "page": 2, "author": {"name": "Bob"}, "draft": True},
    "cup": {"source": "cup.png", "modality": "image", "page": 3.0, "tags": ["red", "blue"], "draft": False},
    "day": {"source": "d.md", "modality": "text", "page": 4, "at": "2026-03-01T12:00:00+00:00", "draft": None},
    "eve": {"source": HOSTILE, "modality": "text", "tags": ["blue"], "at": "2026-04-01", "a b": {"c-d": 2**60}},
    "fox": {
        "source": "1",
        "modality": "text",
        "page": 1,
        "draft": 1,
        "tags": [],
        "text": "own words",
        "deep": {"langs": ["en", "de"], "sizes": [1, 2.0], "at": "2026-05-01T00:00:00Z", HOSTILE.replace('"', ""): 7},
    },
}
NAMES = list(METADATA)

FILTERS = [
    pytest.param(None, NAMES, id="none"),
    pytest.param({}, NAMES, id="empty"),
    pytest.param({"source": "a.md"}, ["ann", "bob"], id="equals-text"),
    pytest.param({"source": ["d.md", "cup.png", "x"]}, ["cup", "day"], id="any-of"),
    pytest.param({"source": []}, [], id="any-of-nothing"),
    pytest.param({"author.name": "Ann"}, ["ann"], id="nested"),
    pytest.param({"author.name": ["Ann", "Bob"]}, ["ann", "bob"], id="nested-any-of"),
    pytest.param({"author.born": 1970.5}, ["ann"], id="equals-float"),
    pytest.param({"page": 3}, ["cup"], id="int-finds-float"),
    pytest.param({"page": 1.0}, ["ann", "fox"], id="float-finds-int"),
    pytest.param({"source": 1}, [], id="number-is-not-text"),
    pytest.param({"page": ["1", 2]}, ["bob"], id="any-of-mixed-types"),
    pytest.param({"draft": True}, ["bob"], id="true-is-not-one"),
    pytest.param({"draft": 1}, ["fox"], id="one-is-not-true"),
    pytest.param({"draft": False}, ["cup"], id="false"),
    pytest.param({"draft": 0}, [], id="zero-is-not-false"),
    pytest.param({"draft": [1, True]}, ["bob", "fox"], id="one-or-true"),
    pytest.param({"draft": {"gte": 0}}, ["fox"], id="range-finds-no-bool"),
    pytest.param({"draft": None}, ["ann", "day", "eve"], id="missing-or-null"),
    pytest.param({"tags": None, "page": 1}, ["ann", "fox"], id="empty-list-is-missing"),
    pytest.param({"$not": {"author.name": None}}, ["ann", "bob"], id="not-missing"),
    pytest.param({"tags": "blue"}, ["cup", "eve"], id="element-of-list"),
    pytest.param({"tags": ["red", "x"]}, ["cup"], id="one-of-the-elements"),
    pytest.param({"deep.langs": "de"}, ["fox"], id="element-of-nested-list"),
    pytest.param({"deep.sizes": 2}, ["fox"], id="number-in-nested-list"),
    pytest.param({"page": {"gte": 2, "lt": 4}}, ["bob", "cup"], id="range"),
    pytest.param({"page": {"gt": 2, "lte": 4}}, ["cup", "day"], id="open-range"),
    pytest.param({"page": {"gte": 1e300}}, [], id="range-of-large-numbers"),
    pytest.param({"at": {"gte": datetime(2026, 3, 1, 12, tzinfo=UTC)}}, ["day", "eve"], id="datetimes"),
    pytest.param({"at": {"lt": date(2026, 3, 15)}}, ["day"], id="dates"),
    pytest.param({"deep.at": {"gte": date(2026, 4, 30)}}, ["fox"], id="nested-dates"),
    pytest.param({"a b.c-d": 2**60}, ["eve"], id="odd-names-and-large-numbers"),
    pytest.param({"a b.c-d": 2**60 + 1}, [], id="large-numbers-are-exact"),
    pytest.param({"nowhere.at.all": 1}, [], id="unknown-field"),
    pytest.param({"$not": {"nowhere.at.all": 1}}, NAMES, id="not-an-unknown-field"),
    pytest.param({"text": "own words"}, ["fox"], id="name-that-a-store-uses-itself"),
    pytest.param({"modality": "text", "page": 1}, ["ann", "fox"], id="two-fields"),
    pytest.param({"$or": [{"page": 4}, {"modality": "image"}]}, ["cup", "day"], id="or"),
    pytest.param({"$and": [{"page": {"gte": 2}}, {"modality": "text"}]}, ["bob", "day"], id="and"),
    pytest.param({"$not": {"modality": "text"}}, ["cup"], id="not"),
    pytest.param({"$not": {"page": {"gte": 2}}}, ["ann", "eve", "fox"], id="not-in-range"),
    pytest.param({"$not": {"$not": {"page": 2}}}, ["bob"], id="not-not"),
    pytest.param(
        {"modality": "text", "$not": {"$or": [{"page": [1, 2]}, {"tags": "blue"}]}}, ["day"], id="all-together"
    ),
    pytest.param({"$not": {"source": ["a.md", "1"]}}, ["cup", "day", "eve"], id="none-of"),
    pytest.param({"$not": {"author.name": ["Ann", "x"]}}, [n for n in NAMES if n != "ann"], id="none-of-nested"),
    pytest.param({"source": ["a.md", 1]}, ["ann", "bob"], id="any-of-text-and-number"),
    pytest.param({"modality": ["image", "video"]}, ["cup"], id="any-of-modalities"),
    pytest.param({"text": ["own words", "x"]}, ["fox"], id="any-of-name-that-a-store-uses-itself"),
    pytest.param({"source": HOSTILE}, ["eve"], id="hostile-value"),
    pytest.param({"source": ["d.md", HOSTILE, "\\"]}, ["day", "eve"], id="hostile-values"),
    pytest.param({"source": "x' or 1==1"}, [], id="injection"),
    pytest.param({"source": '" or true or "'}, [], id="injection-by-quote"),
    pytest.param({"source": "\\"}, [], id="lone-backslash"),
    pytest.param({"source or 1==1": "x"}, [], id="hostile-field"),
]


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def sample_records() -> list[Record]:
    return [Record(id_of(name), f"text of {name}", metadata) for name, metadata in METADATA.items()]


def sample_vectors(count: int = len(METADATA)) -> FloatArray:
    return np.random.default_rng(7).normal(size=(count, DIMENSIONS)).astype(np.float32)


def names_of(found: Iterable[Record | Hit]) -> set[str]:
    by_id = {id_of(name): name for name in NAMES}
    return {by_id[one.record.id if isinstance(one, Hit) else one.id] for one in found}


class Opening:
    """How the tests come by stores; its attributes are what a subclass sets."""

    factory: ClassVar[Callable[..., Store]]
    """Makes a store, closed: a class or a function, importable by name since a child process calls it too. The path
    names a place that nothing else uses: the same path is the same data, on disk or wherever."""
    in_memory: ClassVar[bool] = False
    """The data is gone when the store is closed: the tests on reopening are skipped."""
    one_process: ClassVar[bool] = True
    """A second process is refused with StoreLockedError; False for servers, where it sees the same data."""
    max_text_bytes: ClassVar[int | None] = None
    """Longer texts are stored cut, with a mark; None when any text comes back whole."""
    ignored_settings: ClassVar[tuple[Callable[..., Store], ...]] = ()
    """Factories with a setting that the engine would not honour: each must raise ConfigurationError."""

    @classmethod
    def make(cls, place: Path) -> Store:
        """A store at `place`, not opened."""
        return cls.factory(place)

    @pytest.fixture
    def empty(self, tmp_path: Path) -> Iterator[Store]:
        """A store without records, open."""
        store = self.make(tmp_path / "index")
        store.open(FINGERPRINT)
        yield store
        store.close()

    @pytest.fixture
    def store(self, empty: Store) -> Store:
        """An open store with the sample records, to be changed."""
        empty.upsert(sample_records(), sample_vectors())
        return empty

    @pytest.fixture(scope="class")
    @classmethod
    def filled(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        """An open store with the sample records, for tests that only read."""
        store = cls.make(tmp_path_factory.mktemp("store") / "index")
        store.open(FINGERPRINT)
        store.upsert(sample_records(), sample_vectors())
        yield store
        store.close()
