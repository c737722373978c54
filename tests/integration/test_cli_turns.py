"""One embedded index in several hands: handed over between calls, waited for, and told of when it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_cli import Command
from gemini_embed import Embedder, MultimodalIndex, StoreLockedError
from gemini_embed_cli.folder import OpenFolder, settings
from gemini_embed_cli.folder.sharing import SharedEdgeStore
from gemini_embed_cli.folder.turns import Turns


@pytest.fixture(autouse=True)
def _short_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that hands change often."""
    monkeypatch.setattr("gemini_embed_cli.folder.turns.SHARE_S", 0.05)


Make = Callable[..., MultimodalIndex]


@pytest.fixture
def opened(tmp_path: Path, make_embedder: Callable[..., Embedder]) -> Iterator[Make]:
    """Makes indexes over one folder, each in hands of its own: the locks do not care whether those are a process's."""
    made: list[MultimodalIndex] = []

    def make(wait_s: float = 30) -> MultimodalIndex:
        store = SharedEdgeStore(tmp_path / "index", first="vectors-1", wait_s=wait_s)
        made.append(MultimodalIndex(make_embedder(dimensions=128), store))
        return made[-1]

    yield make
    for index in made:
        index.close()


def test_an_index_goes_from_hand_to_hand(opened: Make) -> None:
    """Each sees what the other wrote, and a reader of pages goes on where it was."""
    one, other = opened(), opened()
    one.add([f"text {number}" for number in range(5)])
    pages = one.store.iterate(batch_size=2, with_vectors=False)
    read = [record.id for record in next(pages).records]

    assert other.count() == 5
    other.add(["another"])

    read += [record.id for page in pages for record in page.records]
    assert len(read) == len(set(read)) >= 5
    assert one.count() == 6
    assert isinstance(one.store, SharedEdgeStore)
    assert one.store.given >= 1


def test_many_calls_from_both_sides_all_come_through(opened: Make) -> None:
    """Two that are busy at once lose nothing."""
    indexes = [opened(), opened()]
    failed: list[BaseException] = []

    def write(index: MultimodalIndex, name: str) -> None:
        try:
            for number in range(6):
                index.add([f"{name} {number}"])
                index.search(name, k=1)
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=write, args=(index, name)) for index, name in zip(indexes, ("a", "b"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert indexes[0].count() == 12


def test_one_that_is_busy_too_long_is_told_of(tmp_path: Path) -> None:
    """By its process, and what it does; afterwards it goes on."""
    busy = Turns(tmp_path / "index", 30, lambda: None, lambda: None)
    waiting = Turns(tmp_path / "index", 0.1, lambda: None, lambda: None)
    with (
        busy.use(),
        pytest.raises(StoreLockedError, match=r"in use by process \d+ \(.*\).*within 0\.1 s"),
        waiting.use(),
    ):
        pass
    busy.end()
    with waiting.use():
        pass
    waiting.end()


def test_a_holder_that_cannot_leave_its_name_is_another_process(tmp_path: Path) -> None:
    """A full disk keeps nobody from its turn."""
    (tmp_path / "index.holder").mkdir()
    busy, waiting = (Turns(tmp_path / "index", wait_s, lambda: None, lambda: None) for wait_s in (30, 0.1))
    with busy.use(), pytest.raises(StoreLockedError, match="in use by another process"), waiting.use():
        pass
    busy.end()
    with waiting.use():
        pass
    waiting.end()


def test_what_cannot_be_opened_is_free_for_the_next(tmp_path: Path) -> None:
    """The lock goes with the error."""

    def fails() -> None:
        raise ValueError("damaged")

    turns, other = (Turns(tmp_path / "index", 0.1, taken, lambda: None) for taken in (fails, lambda: None))
    with pytest.raises(ValueError, match="damaged"), turns.use():
        pass
    with other.use():
        pass
    other.end()


@pytest.mark.slow
def test_who_holds_a_folder_goes_along_with_a_migration(command: Command, home: Path) -> None:
    """A server that searched before finds by the new size after, in the same object."""
    command("sync", "--emulator")
    with OpenFolder(settings({"folder": home, "emulator": True}, {})) as held:
        with held.index() as index:
            before = index.search("shut off the water", k=1)
        assert command("migrate", "--to-dimensions", 256, "--emulator", "--drop-old").code == 0
        with held.index() as index:
            after = index.search("shut off the water", k=1)
            assert index.embedder.dimensions == 256
    assert [hit.link for hit in before] == [hit.link for hit in after]
