"""Other codes for an EdgeStore: of the vectors that are stored, and after a kill the old ones or the new ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from fix_stores import CountingEmbedder
from gemini_embed import ConfigurationError, EdgeStore, Fingerprint, MultimodalIndex, Record, StoreError

COUNT, SIZE = 2000, 64
FINGERPRINT = Fingerprint("stand-in", SIZE, "prefix:retrieval", "unit")
Made = Callable[..., EdgeStore]


@pytest.fixture(scope="module")
def rows() -> Any:
    drawn = np.random.default_rng(3).normal(size=(COUNT, SIZE)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def made(tmp_path: Path, rows: Any) -> Iterator[Made]:
    """`made(quantization=...)` opens the one folder, and fills it when it is new."""
    yield from made_at(tmp_path / "index", rows)


def made_at(folder: Path, rows: Any) -> Iterator[Made]:
    stores: list[EdgeStore] = []

    def make(**options: Any) -> EdgeStore:
        stores.append(EdgeStore(folder, **options))
        stores[-1].open(FINGERPRINT)
        if not stores[-1].count():
            records = [Record(str(UUID(int=i)), f"text {i}", {"source": f"s{i % 10}"}) for i in range(COUNT)]
            stores[-1].upsert(records, rows)
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def check_answers(store: EdgeStore, rows: Any) -> None:
    """All records are there, and their own vectors find them."""
    assert store.count() == COUNT
    for i in (0, 7, COUNT - 1):
        hit = store.search(rows[i], 1)[0]
        assert hit.page_content == f"text {i}"
        assert hit.score == pytest.approx(1, abs=1e-4)
    assert {hit.source for hit in store.search(rows[3], 20, {"source": "s3"})} == {"s3"}


def test_codes_are_changed_without_embedding(made: Made, rows: Any) -> None:
    """Away and back; what is written afterwards has them too."""
    store = made(quantization="turbo4")
    index = MultimodalIndex(embedder := CountingEmbedder(dimensions=SIZE), store)  # type: ignore[arg-type]  # a stand-in
    index.optimize(quantization="none")
    assert store.kept_quantization() == "none"
    check_answers(store, rows)
    asyncio.run(index.aoptimize(quantization="int8"))
    check_answers(store, rows)
    assert embedder.embedded == []
    store.upsert([Record(str(UUID(int=COUNT)), "new", {"source": "s3"})], rows[:1])
    assert store.get([str(UUID(int=COUNT))])[0].page_content == "new"
    store.close()
    assert sorted(file.name for file in store.path.iterdir()) == ["fingerprint.json", "shard"]
    assert made().kept_quantization() == "int8"


def test_what_is_not_given_stays_and_another_is_an_error(made: Made, rows: Any) -> None:
    made(quantization="turbo1").close()
    kept = made()
    assert kept.kept_quantization() == "turbo1"
    kept.close()
    with pytest.raises(ConfigurationError, match=r"holds the codes 'turbo1', you ask for quantization='binary'"):
        made(quantization="binary")
    check_answers(made(), rows)


@pytest.mark.parametrize(("asked", "kept"), [(None, "turbo4"), ("none", "none")])
def test_the_default_is_for_new_indexes(asked: Any, kept: str, made: Made, rows: Any) -> None:
    """One that was made without codes stays without."""
    made(quantization=asked).close()
    store = made()
    assert store.kept_quantization() == kept
    check_answers(store, rows)


def test_codes_where_there_are_none_come_with_the_next_optimisation(made: Made, rows: Any) -> None:
    made(quantization="none").close()
    store = made(quantization="turbo1")
    assert store.kept_quantization() == "turbo1"
    check_answers(store, rows)
    store.optimize()
    check_answers(store, rows)
    assert list(store.path.rglob("quantized.meta.json"))


def test_a_name_that_is_none_changes_nothing(made: Made) -> None:
    store = made(quantization="turbo1")
    with pytest.raises(ConfigurationError, match="none of 'int8'"):
        store.requantize("int4")  # type: ignore[arg-type]  # a mistake
    assert store.kept_quantization() == "turbo1"


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child process in /proc")
def test_a_killed_child_leaves_all_as_it_was(made: Made, rows: Any) -> None:
    """And the store open."""
    store, failures = made(quantization="turbo1"), []

    def work() -> None:
        try:
            store.requantize("binary")
        except StoreError as error:
            failures.append(error)

    thread = Thread(target=work)
    thread.start()
    while not (children := children_of(thread.native_id)):
        time.sleep(0.01)
    for child in children:
        os.kill(child, signal.SIGKILL)
    thread.join()
    assert "requantises it failed: it ended with -9" in str(failures[0])
    assert store.kept_quantization() == "turbo1"
    check_answers(store, rows)
    store.requantize("binary")
    check_answers(store, rows)


def children_of(thread: int | None) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{thread}/children").read_text().split()]


REQUANTISING = """
import sys
from gemini_embed import EdgeStore, Fingerprint

store = EdgeStore(sys.argv[1])
store.open(Fingerprint("stand-in", 64, "prefix:retrieval", "unit"))
print("opened", flush=True)
for name in ("binary", "turbo1") * 50:
    store.requantize(name)
    print(name, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.05, 0.3, 0.6, 1.0, 1.5])
def test_a_kill_leaves_the_old_codes_or_the_new(delay: float, made: Made, rows: Any) -> None:
    """Of the whole process, wherever in its work it is."""
    place = made(quantization="turbo1")
    place.close()
    command = [sys.executable, "-c", REQUANTISING, str(place.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter and code
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
        process.send_signal(signal.SIGKILL)
    store = made()
    kept = store.kept_quantization()
    assert kept in ("binary", "turbo1")
    assert codes_on_disk(store) == {kept}
    check_answers(store, rows)
    assert sorted(file.name for file in store.path.iterdir()) == ["fingerprint.json", "shard"]


def codes_on_disk(store: EdgeStore) -> set[str]:
    """Of every segment, by the engine's own files: never some of each."""
    said = [file.read_text() for file in store.path.rglob("quantized.config.json")]
    return {"turbo1" if '"bits1"' in one else "binary" for one in said}


@pytest.fixture(scope="module")
def requantized(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> Path:
    """A store's folder after a change of codes, with the shard as it was `before`."""
    folder = tmp_path_factory.mktemp("requantized") / "index"
    for made in made_at(folder, rows):
        made(quantization="turbo1").close()
        shutil.copytree(folder / "shard", folder / "before")
        made().requantize("binary")
    return folder


@pytest.mark.parametrize("moment", ["before-the-renames", "between-them", "after-them"])
def test_a_kill_between_the_renames_is_mended_by_opening(
    moment: str, requantized: Path, tmp_path: Path, made: Made, rows: Any
) -> None:
    """The copy is complete then: it takes the place that is empty, and no other."""
    folder = shutil.copytree(requantized, tmp_path / "index")
    shard, before = folder / "shard", folder / "before"
    if moment == "before-the-renames":
        shard.rename(folder / "shard.new")
        before.rename(shard)
    elif moment == "between-them":
        shard.rename(folder / "shard.new")
        before.rename(folder / "shard.old")
    else:
        before.rename(folder / "shard.old")
    (folder / "requantized.1.2").mkdir()
    store = made()
    assert store.kept_quantization() == ("turbo1" if moment == "before-the-renames" else "binary")
    check_answers(store, rows)
    assert sorted(file.name for file in folder.iterdir()) == ["fingerprint.json", "shard"]
