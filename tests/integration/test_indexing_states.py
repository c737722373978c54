"""An index and its folder through any history: what the index holds is what a model says, whatever was killed or away.

`make test` tries a few histories, `make test-slow` 10, `make test-long` 300 (GEMINI_EMBED_HISTORIES).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_crashes import LOCKED, Crashes, Death
from fix_folders import BAD, FORBIDDEN, NAMES, PAGES, PICTURES, SENTENCES, Change
from fix_index_model import CUTTING, Held, Truth
from fix_watched_index import WatchedIndex
from gemini_embed import (
    AddReport,
    AuthenticationError,
    Embedder,
    FingerprintMismatchError,
    InputError,
    Item,
)
from gemini_embed_emulator import Emulator
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

HISTORIES = int(os.environ.get("GEMINI_EMBED_HISTORIES", "10"))
SMALL, LARGE = 2, 500
"""Records of a batch: several batches are under way together, or all is in one."""

Note = tuple[str, str | None, str]
"""Text, source, team."""
TEXTS = st.lists(st.sampled_from((*SENTENCES, FORBIDDEN)), min_size=1, max_size=3).map(lambda some: " ".join(some))
CONTENTS = st.one_of(
    TEXTS.map(str.encode), TEXTS.map(str.encode), st.sampled_from((*PICTURES, PAGES)), st.sampled_from(BAD)
)
NAME, SIZE = st.sampled_from(NAMES), st.sampled_from([SMALL, LARGE])
SOURCES = st.sampled_from([None, "a notebook", "a.md"])
""" "a.md" is a file's own, told by hand."""
NOTES = st.lists(st.tuples(st.sampled_from(SENTENCES), SOURCES, st.sampled_from(["red", ""])), min_size=1, max_size=4)
WRITING = st.tuples(st.just("write"), NAME, CONTENTS)
CHANGES = st.lists(
    st.one_of(
        WRITING, WRITING, WRITING,
        st.tuples(st.just("rename"), NAME, NAME),
        st.tuples(st.just("delete"), NAME, st.none()),
        st.tuples(st.just("share"), st.sampled_from(["there", "away", "away", "taken off"]), st.none()),
        st.tuples(st.sampled_from(["remove the folder", "close or open"]), st.just("deep"), st.none()),
    ),
    max_size=4,
)  # fmt: skip
WHEN = st.sampled_from(["before", "after"])
DEATHS = st.one_of(
    st.builds(Death, st.just("request"), st.integers(1, 4)),
    st.builds(Death, st.just("upsert"), st.integers(1, 3), WHEN),
    st.builds(Death, st.sampled_from(["update", "delete"]), st.integers(1, 2), WHEN),
)


class Histories(RuleBasedStateMachine):
    """What a kill or a failure leaves open is looked up afterwards, so nothing that is drawn depends on it."""

    def __init__(self, make: Callable[[], WatchedIndex], crashes: Crashes) -> None:
        super().__init__()
        self.it, self.crashes = make(), crashes
        self.folder, self.model = self.it.folder, self.it.model

    def teardown(self) -> None:
        self.it.close()
        self.folder.close(closed=False)

    @initialize(some=st.dictionaries(NAME, CONTENTS, min_size=4))
    def begin(self, some: dict[str, bytes | None]) -> None:
        self.sync([("write", *one) for one in some.items()], LARGE)

    @rule(changes=CHANGES, size=SIZE)
    def sync(self, changes: list[Change], size: int) -> None:
        self.folder.change(changes)
        walked = self.folder.walked()
        if not walked:
            with pytest.raises(InputError, match="is it mounted"):
                self.it.index.sync(self.folder.path)
            return
        target, gone = self.model.synced(self.it.held)
        report = self.it.index.sync(self.folder.path, batch_size=size, cutting=CUTTING)
        self.ended(report, target, size, self.model.skipped(self.model.files(walked)), gone)

    @rule(changes=CHANGES, names=st.one_of(st.none(), st.lists(NAME, min_size=1, unique=True)), size=SIZE)
    def add_files(self, changes: list[Change], names: list[str] | None, size: int) -> None:
        """Some by their names, or the folder."""
        self.folder.change(changes)
        what: Any = self.folder.path if names is None else [self.folder.path / name for name in names]
        found = self.model.files(self.folder.walked() if names is None else names)
        report = self.it.index.add(what, batch_size=size, cutting=CUTTING, on_error="skip")
        self.ended(report, self.model.added(self.it.held, found), size, self.model.skipped(found))

    @rule(notes=NOTES, size=SIZE)
    def add_texts(self, notes: list[Note], size: int) -> None:
        items = self.items(notes)
        report = self.it.index.add(items, batch_size=size)
        self.ended(report, self.model.added(self.it.held, self.model.notes(items)), size)

    @rule(number=st.integers(0, 99), by=st.sampled_from(["ids", "source", "filter"]))
    def delete_records(self, number: int, by: str) -> None:
        held = self.it.held
        if not held:
            return
        one = held[sorted(held)[number % len(held)]].record
        asked: Any = {"ids": [one.id], "source": one.source, "filter": {"modality": one.modality}}
        field = {"ids": "id", "source": "source", "filter": "modality"}[by]
        left = {id_: row for id_, row in held.items() if getattr(row.record, field) != getattr(one, field)}
        assert self.it.index.delete(**{by: asked[by]}) == len(held) - len(left)
        self.it.held = left

    @rule(changes=CHANGES, number=st.integers(1, 3))
    def sync_while_the_service_refuses(self, changes: list[Change], number: int) -> None:
        """From its `number`th request on: what was answered and came is there, and nothing goes."""
        self.folder.change(changes)
        if not self.folder.walked():
            return
        target, _ = self.model.synced(self.it.held)
        self.it.close()
        key = self.it.new_key()
        self.it.refused_from[key] = number
        self.it.open(key)
        try:
            self.it.index.sync(self.folder.path, batch_size=SMALL, cutting=CUTTING)
        except AuthenticationError:
            self.it.look(target, self.it.held)
        else:
            self.it.look(target, target)
            assert self.it.held.keys() == target.keys()
        self.it.pay_half_way(key)
        self.it.close()
        self.it.open()

    @rule(changes=CHANGES, death=DEATHS, notes=st.one_of(st.none(), st.none(), NOTES))
    def kill(self, changes: list[Change], death: Death, notes: list[Note] | None) -> None:
        """A process of its own, in the middle of a sync, or of an add of texts."""
        self.folder.change(changes)
        it, items = self.it, None if notes is None else self.items(notes)
        if items is not None:
            target = self.model.added(it.held, self.model.notes(items))
        elif self.folder.walked():
            target, _ = self.model.synced(it.held)
        else:
            return
        it.close()
        key = it.new_key()

        def begins(process: int) -> None:
            if death.at == "request":
                it.killed_at[key] = (process, death.number)

        code = self.crashes.run(it.server.base_url, key, it.place, items, death, begins)
        assert code in (0, -signal.SIGKILL)
        it.open()
        written, deleted = self.crashes.acknowledged(it.place)
        stays = target if death.at == "delete" else it.held  # nothing goes before all that comes is in
        least = {id_: row for id_, row in it.held.items() if id_ in stays} | {id_: target[id_] for id_ in written}
        least = {id_: row for id_, row in least.items() if id_ not in deleted}
        it.look(target, target if code == 0 else least)
        assert not deleted & it.held.keys()
        assert code or it.held.keys() == target.keys()
        it.pay_half_way(key)

    @rule()
    def fork(self) -> None:
        """A worker that got the open index from its parent, and a process of its own: refused, and no harm done."""
        self.it.close()
        url, place = self.it.server.base_url, self.it.place
        assert self.crashes.run(url, "k", place, None, Death("fork", 0)) == 0
        self.it.open()
        self.it.index.count()  # which opens the store
        items = self.items([(SENTENCES[0], None, "")])
        assert self.crashes.run(url, "k", place, items, Death("", 0)) == LOCKED

    @rule(server=st.integers(0, 1))
    def reopen(self, server: int) -> None:
        """With an emulator elsewhere perhaps; one that makes other vectors is refused."""
        self.it.close()
        self.it.open(dimensions=64)
        with pytest.raises(FingerprintMismatchError):
            self.it.index.count()
        self.it.close()
        self.it.server = self.it.servers[server]
        self.it.open()

    @invariant()
    def the_index_holds_what_the_model_says(self) -> None:
        found, held = self.it.found(), self.it.held
        assert {id_: record for id_, (record, _) in found.items()} == {id_: row.record for id_, row in held.items()}
        for id_, (_, vector) in found.items():
            np.testing.assert_allclose(vector, self.it.truth.vector(held[id_]), atol=1e-5)
        assert self.it.index.count() == len(found)
        for row in list(held.values())[:1]:
            hits = self.it.index.search_vector(self.it.truth.vector(row), 1)
            assert hits[0].score == pytest.approx(1, abs=1e-4)

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        assert {content: number for content, number in self.it.kept.items() if number > 1} == {}

    @invariant()
    def the_fingerprint_stays(self) -> None:
        self.it.index.count()
        assert self.it.index.store.kept_fingerprint() == self.it.made == self.it.embedder.fingerprint

    def items(self, notes: Iterable[Note]) -> list[Item]:
        return [
            Item(text, source=self.folder.source(source) if source == "a.md" else source, metadata={"team": team})
            for text, source, team in notes
        ]

    def ended(self, report: AddReport, target: Held, size: int, skipped: Iterable[str] = (), gone: int = 0) -> None:
        """An add or a sync of this process came to its end."""
        held = self.it.held
        assert {one.source for one in report.skipped} == set(skipped)
        assert report.added == len(target.keys() - held.keys())
        assert (report.removed, report.replaced) == (gone, len(held.keys() - target.keys()) - gone)
        self.it.held = target
        self.it.pay(at_once=size == LARGE)


@pytest.fixture
def histories(crashes: Crashes, tmp_path: Path) -> Iterator[Callable[[], Histories]]:
    with (
        Emulator() as one,
        Emulator() as two,
        Emulator() as third,
        Embedder(api_key="k", base_url=third.base_url, verify=False, dimensions=128) as embedder,
    ):
        truth = Truth(embedder, third)
        yield lambda: Histories(lambda: WatchedIndex([one, two], truth, tmp_path), crashes)


def run(histories: Callable[[], Histories], number: int, steps: int) -> None:
    """The same histories every time. One that fails is told as it is: to find a shorter one takes minutes."""
    how = settings(
        max_examples=number,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(histories, settings=how)  # type: ignore[arg-type]  # it calls what it is given


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_few_histories(histories: Callable[[], Histories]) -> None:
    run(histories, 2, 8)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_many_histories(histories: Callable[[], Histories]) -> None:
    run(histories, HISTORIES, 30)
