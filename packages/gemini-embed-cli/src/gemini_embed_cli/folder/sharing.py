"""An embedded store that several processes use at once, though its engine admits one: each call has its turn.

The engine opens 20,000 vectors of 768 in some 60 ms, so a folder that is handed over costs little; one that nobody else
asks for stays open, and a search in it costs what it costs without turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from gemini_embed import EdgeStore, Fingerprint
from gemini_embed.stores import Batch, FilterLike

from gemini_embed_cli.folder.turns import Turns

P = ParamSpec("P")
R = TypeVar("R")
Method = Callable[Concatenate["SharedEdgeStore", P], R]


def _in_turn(method: Callable[Concatenate[EdgeStore, P], R]) -> Method[P, R]:
    def in_turn(self: SharedEdgeStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.turns.use():
            return method(self, *args, **kwargs)

    update_wrapper(in_turn, method)
    return in_turn


class SharedEdgeStore(EdgeStore):
    """An `EdgeStore` that is handed over to another process which asks for it, between two calls.

    Args:
        path: as for `EdgeStore`; a new one becomes a pointer to the folder `first` beside it, so that another index may
            take its place.
        first: the name of that folder; None: `path` itself is the folder.
        wait_s: how long to wait for another process.
    """

    def __init__(self, path: Path, *, first: str | None = None, wait_s: float = 30.0) -> None:
        super().__init__(path)
        self._first = first
        self._wanted: Fingerprint | None = None
        self.turns = Turns(path, wait_s, self._taken, self._given)
        self.given = 0
        """How often it was handed over: what was known of its content may have changed since."""

    def open(self, fingerprint: Fingerprint) -> None:
        self._wanted = fingerprint
        with self.turns.use():
            super().open(fingerprint)

    def close(self) -> None:
        self._wanted = None
        self.turns.end()
        super().close()

    def _taken(self) -> None:
        if self._wanted is None:
            return
        if self._first and not self.path.exists():
            made = EdgeStore(self.path.with_name(self._first))
            made.open(self._wanted)
            made.close()
            self.point_alias(self.path.name, self._first)
        super().open(self._wanted)

    def _given(self) -> None:
        self.given += 1
        super().close()

    def iterate(
        self, *, batch_size: int = 256, filter: FilterLike = None, with_vectors: bool = True
    ) -> Iterator[Batch]:
        pages = super().iterate(batch_size=batch_size, filter=filter, with_vectors=with_vectors)
        while True:
            with self.turns.use():  # for a page at a time: who reads them may take long
                page = next(pages, None)
            if page is None:
                return
            yield page

    kept_fingerprint = _in_turn(EdgeStore.kept_fingerprint)
    upsert = _in_turn(EdgeStore.upsert)
    update = _in_turn(EdgeStore.update)
    search = _in_turn(EdgeStore.search)
    search_each = _in_turn(EdgeStore.search_each)
    check_precision = _in_turn(EdgeStore.check_precision)
    kept_quantization = _in_turn(EdgeStore.kept_quantization)
    vectors = _in_turn(EdgeStore.vectors)
    get = _in_turn(EdgeStore.get)
    delete = _in_turn(EdgeStore.delete)
    count = _in_turn(EdgeStore.count)
    count_each = _in_turn(EdgeStore.count_each)
    modalities = _in_turn(EdgeStore.modalities)
    sample_each = _in_turn(EdgeStore.sample_each)
    optimize = _in_turn(EdgeStore.optimize)
    requantize = _in_turn(EdgeStore.requantize)
    kept_words = _in_turn(EdgeStore.kept_words)
    search_words = _in_turn(EdgeStore.search_words)
    add_words = _in_turn(EdgeStore.add_words)
    take_words = _in_turn(EdgeStore.take_words)
    check_words = _in_turn(EdgeStore.check_words)
