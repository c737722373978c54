"""What must last: records after a close, after the process was killed, and in the face of a second process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from gemini_embed.errors import ConfigurationError, FingerprintMismatchError, StoreError, StoreLockedError
from gemini_embed.stores import Store
from gemini_embed.testing.samples import (
    DIMENSIONS,
    FINGERPRINT,
    NAMES,
    Opening,
    id_of,
    sample_records,
    sample_vectors,
)

_BATCH = 50
_CHILD = f"""
import importlib, sys
from functools import reduce
from pathlib import Path
from uuid import UUID
import numpy as np
from gemini_embed import Record
from gemini_embed.testing.samples import FINGERPRINT

module, name, place = sys.argv[1:]
store = reduce(getattr, name.split("."), importlib.import_module(module))(Path(place))
store.open(FINGERPRINT)
print(store.count(), flush=True)
for batch in range(100_000):
    if not sys.stdin.readline():
        break
    ids = range(batch * {_BATCH}, (batch + 1) * {_BATCH})
    records = [Record(str(UUID(int=i)), f"text {{i}}", {{"source": "s"}}) for i in ids]
    store.upsert(records, np.ones(({_BATCH}, {DIMENSIONS}), np.float32))
    print(batch, flush=True)
store.close()
"""
"""Opens the store and says how many records it holds, then writes a batch for every line it reads."""


class LastingTests(Opening):
    """Tests with several openings, in this process and in others."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Where a store that outlives its object is."""
        if self.in_memory:
            pytest.skip("lives in memory")
        return tmp_path / "index"

    def test_nothing_happens_before_open(self, tmp_path: Path) -> None:
        store = self.make(tmp_path / "index")
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(StoreError, match="not open"):
            store.count()
        store.close()

    def test_a_setting_that_would_be_ignored_is_refused(self, tmp_path: Path) -> None:
        for factory in self.ignored_settings:
            with pytest.raises(ConfigurationError):
                factory(tmp_path / "index").open(FINGERPRINT)

    def test_reopened_after_close(self, place: Path, store: Store) -> None:
        store.close()
        store.close()
        with opened(self.make(place)) as again:
            assert again.get([id_of(name) for name in NAMES]) == sample_records()
            assert again.search(sample_vectors()[2], 1)[0].record.id == id_of("cup")
            again.upsert(sample_records(), sample_vectors())
            assert again.count() == len(NAMES)

    def test_a_closed_store_opens_again(self, place: Path, store: Store) -> None:
        store.close()
        with pytest.raises(StoreError, match="not open"):
            store.count()
        store.open(FINGERPRINT)
        assert store.count() == len(NAMES), place

    def test_another_fingerprint_is_refused_after_reopening(self, place: Path, store: Store) -> None:
        store.close()
        again = self.make(place)
        with pytest.raises(FingerprintMismatchError, match="dimensions 8 against 16"):
            again.open(replace(FINGERPRINT, dimensions=16))
        again.close()

    def test_another_service_is_refused_after_reopening(self, place: Path, store: Store) -> None:
        """What is kept is all of `Fingerprint.to_dict`."""
        store.close()
        again = self.make(place)
        with pytest.raises(FingerprintMismatchError, match="made with Google's service"):
            again.open(replace(FINGERPRINT, service="emulator"))
        again.open(FINGERPRINT)
        assert again.kept_fingerprint() in (None, FINGERPRINT)
        again.close()

    def test_two_processes(self, place: Path) -> None:
        """Where one process at a time is allowed, the second is told so, and opens once the first has closed."""
        with self._child(place) as child:
            assert _says(child) == 0
            _write_batch(child)
            store = self.make(place)
            if self.one_process:
                with pytest.raises(StoreLockedError, match="is open"):
                    store.open(FINGERPRINT)
                _end(child)
            with opened(store):
                assert store.count() == _BATCH

    def test_closing_lets_another_process_in(self, place: Path, store: Store) -> None:
        store.close()
        with self._child(place) as child:
            assert _says(child) == len(NAMES)

    def test_what_was_acknowledged_survives_sigkill(self, place: Path) -> None:
        batches = 3
        with self._child(place) as child:
            assert _says(child) == 0
            for _ in range(batches):
                _write_batch(child)
            _ask(child)  # it is writing, or about to, when it dies
            child.send_signal(signal.SIGKILL)
        ids = [str(UUID(int=i)) for i in range(batches * _BATCH)]
        with opened(self.make(place)) as store:
            assert [record.id for record in store.get(ids)] == ids
            assert sum(len(batch.vectors) for batch in store.iterate()) == store.count()

    @contextmanager
    def _child(self, place: Path) -> Iterator[subprocess.Popen[str]]:
        made_by = type(self).factory
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", _CHILD, made_by.__module__, made_by.__qualname__, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
        )
        with child:
            try:
                yield child
            finally:
                child.kill()


@contextmanager
def opened(store: Store) -> Iterator[Store]:
    """`store`, open, and closed afterwards."""
    try:
        store.open(FINGERPRINT)
        yield store
    finally:
        store.close()


def _says(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    return int(child.stdout.readline())


def _ask(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def _write_batch(child: subprocess.Popen[str]) -> None:
    _ask(child)
    _says(child)


def _end(child: subprocess.Popen[str]) -> None:
    """The child closes its store and ends."""
    assert child.stdin is not None
    child.stdin.close()
    child.wait()
