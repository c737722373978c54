"""Processes that add or sync and are killed at a scripted moment: forked from one that has imported all there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from gemini_embed import Item

LOCKED = 3
"""What a process exits with that finds the store in use."""

_FORKING = """
import json, os, signal, sys
import qdrant_edge
from fix_index_model import CUTTING
from gemini_embed import EdgeStore, Embedder, Item, MultimodalIndex, StoreLockedError

def dying(store, told, die):
    counts = {}
    def wrapped(name, call):
        def wrap(*args, **kwargs):
            counts[name] = counts.get(name, 0) + 1
            is_due = [name, counts[name]] == [die["at"], die["number"]]
            if is_due and die["when"] == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **kwargs)
            ids = args[0] if name == "delete" else [record.id for record in args[0]]
            os.write(told, json.dumps([name, ids]).encode() + b"\\n")
            if is_due:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        return wrap
    for name in ("upsert", "update", "delete"):
        setattr(store, name, wrapped(name, getattr(store, name)))
    return store

def refusals(*calls):
    count = 0
    for call in calls:
        try:
            call()
        except StoreLockedError:
            count += 1
    return count

def inherited(index):
    held = index.count()
    child = os.fork()
    if not child:
        signal.alarm(30)
        os._exit(refusals(index.count, lambda: index.add(["new"]), lambda: index.delete(source="s")))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert index.count() == held

def work(base_url, key, place, notes, die):
    told = os.open(f"{place}/told", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    store = dying(EdgeStore(f"{place}/index"), told, die)
    embedder = Embedder(api_key=key, base_url=base_url, verify=False, dimensions=128, cache=f"{place}/cache.db")
    with embedder, MultimodalIndex(embedder, store) as index:
        if die["at"] == "fork":
            inherited(index)
        elif notes is None:
            index.sync(f"{place}/docs", batch_size=2, cutting=CUTTING)
        else:
            index.add([Item(**note) for note in notes], batch_size=2)

for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.stdin.readline()  # not before the other side is ready
        try:
            work(**json.loads(line))
        except StoreLockedError:
            os._exit(3)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Death:
    """When a process dies: as its `number`th call of the store's method `at` begins or has returned, or as its
    `number`th request comes in. At "fork" it does nothing but hand the open index on to a fork of its own."""

    at: str
    number: int
    when: str = "after"


class Crashes:
    """Starts processes one at a time, and tells how they end."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        self._forking = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-W", "ignore", "-c", _FORKING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def run(
        self,
        base_url: str,
        key: str,
        place: Path,
        notes: Sequence[Item] | None,
        death: Death,
        begins: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Sync `docs` in a place, or add `notes`; its exit code. `begins` is told its id before it does anything."""
        told = None if notes is None else [asdict(note) for note in notes]
        work = {"base_url": base_url, "key": key, "place": str(place), "notes": told, "die": asdict(death)}
        self._tell(json.dumps(work))
        begins(int(self._answer()))
        self._tell("go")
        return int(self._answer())

    @staticmethod
    def acknowledged(place: Path) -> tuple[set[str], set[str]]:
        """Ids that the last process had written, and that it had deleted, as far as it came to know of it."""
        written, deleted = set[str](), set[str]()
        for line in (place / "told").read_text().splitlines():
            name, ids = json.loads(line)
            if name == "delete":
                written, deleted = written - {*ids}, deleted | {*ids}
            else:
                written, deleted = written | {*ids}, deleted - {*ids}
        return written, deleted

    def close(self) -> None:
        """End the process that forks."""
        with self._forking as forking:
            assert forking.stdin is not None
            forking.stdin.close()
            assert forking.wait() == 0

    def _tell(self, line: str) -> None:
        assert self._forking.stdin is not None
        print(line, file=self._forking.stdin, flush=True)

    def _answer(self) -> str:
        assert self._forking.stdout is not None
        return self._forking.stdout.readline()


@pytest.fixture
def crashes() -> Iterator[Crashes]:
    """Needs fork."""
    found = Crashes()
    yield found
    found.close()


def kill(process: int) -> None:
    """As the system does where memory runs out."""
    os.kill(process, signal.SIGKILL)
