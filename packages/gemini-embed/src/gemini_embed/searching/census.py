"""What an index holds: how many records of each modality, and what a query scores against a sample of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gemini_embed.records import MODALITIES
from gemini_embed.searching.chance import Samples
from gemini_embed.stores import FloatArray, Store
from gemini_embed.stores.filters import of_modality
from gemini_embed.stores.sampling import SAMPLE, Sample, estimated_count, source_of

LASTS_S = 60.0
"""So long a census holds, unless this object writes: another process may add the first picture meanwhile."""
_DRIFT = 0.2
"""A full sample is taken anew once the count of its modality has changed by this share."""


class Census:
    """Counts and samples of one store, taken when they are wanted. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: Mapping[str | None, int] = {}
        self._kept: dict[str | None, _Kept] = {}
        self._taken_at = float("-inf")
        self._is_told = False

    def forget(self) -> None:
        """The store has changed."""
        with self._lock:
            self._taken_at = float("-inf")

    def modalities(self) -> list[str | None]:
        """Those that there are records of, all where the store cannot tell; None is for records that tell none."""
        with self._lock:
            if time.monotonic() - self._taken_at > LASTS_S:
                self._take()
            return list(self._counts)

    def learn(self, found: Mapping[str | None, bool]) -> None:
        """What a search without a filter has found of each modality that it asked for: those that gave nothing are not
        there, which a store that cannot tell is asked for no more meanwhile."""
        with self._lock:
            if not self._is_told and self._store.finds_every_modality:
                self._counts = {one: count for one, count in self._counts.items() if found.get(one, True)}

    def samples(self, query: FloatArray, modalities: Iterable[str | None]) -> Samples:
        """What `query` (shape (d,)) scores against the sample of each modality."""
        unit = query / max(float(np.linalg.norm(query)), 1e-12)
        with self._lock:
            wanted = list(modalities)
            self._keep([one for one in wanted if one not in self._kept])
            return {one: self._kept[one].scored(unit) for one in wanted}

    def _take(self) -> None:
        counts = self._store.modalities()
        self._is_told = counts is not None
        self._kept = {one: kept for one, kept in self._kept.items() if counts and not kept.is_stale(counts.get(one, 0))}
        self._counts = dict.fromkeys((*MODALITIES, None), 0) if counts is None else counts
        self._taken_at = time.monotonic()

    def _keep(self, modalities: Sequence[str | None]) -> None:
        if not modalities:
            return
        batches = self._store.sample_each([of_modality(one) for one in modalities], SAMPLE)
        for modality, batch in zip(modalities, batches, strict=True):
            records, rows = batch or ([], np.zeros((0, 1), np.float32))
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            unit = (rows / np.maximum(lengths, 1e-12)).astype(np.float32, copy=False)
            count = self._counts.get(modality, 0) or estimated_count([one.id for one in records])
            self._kept[modality] = _Kept(unit, [source_of(one) for one in records], count)


class _Kept(NamedTuple):
    """The sample of a modality."""

    rows: FloatArray
    """Unit vectors, shape (n, d)."""
    sources: Sequence[str]
    population: int
    """Of the modality, when it was taken."""

    def is_stale(self, count: int) -> bool:
        if min(count, self.population) <= SAMPLE:
            return count != self.population
        return abs(count - self.population) > _DRIFT * self.population

    def scored(self, unit: FloatArray) -> Sample:
        return Sample(self.rows @ unit if len(self.rows) else self.rows[:, 0], self.sources, self.population)
