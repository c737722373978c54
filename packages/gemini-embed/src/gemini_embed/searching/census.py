"""What an index holds: how many records of each modality, and what a query scores against a sample of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

import numpy as np

from gemini_embed.records import MODALITIES
from gemini_embed.searching.fusion import Spread
from gemini_embed.stores import FloatArray, Store
from gemini_embed.stores.filters import of_modality

LASTS_S = 60.0
"""So long a census holds, unless this object writes: another process may add the first picture meanwhile."""
SAMPLE = 256
"""Vectors of a modality that a query is compared with. They are the first in the order of ids, which are hashes: a
random sample that is the same for every process, without being stored anywhere."""
PRIOR = 8.0
"""The variance of a small sample is drawn towards that of the other modalities, as if so many more had been seen."""
LEAST_DEVIATION = 1e-3


class Census:
    """Counts and samples of one store, taken when they are wanted. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: Mapping[str | None, int] = {}
        self._samples: dict[str | None, FloatArray] = {}
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

    def spreads(self, query: FloatArray, modalities: Iterable[str | None]) -> dict[str | None, Spread]:
        """Mean and standard deviation of what `query` (shape (d,)) scores against the sample of each modality."""
        unit = query / max(float(np.linalg.norm(query)), 1e-12)
        scores = {modality: self._sample(modality) @ unit for modality in modalities}
        pooled = float(np.mean([float(mine.var()) for mine in scores.values() if len(mine)] or [0.0]))
        return {modality: _spread(mine, pooled) for modality, mine in scores.items()}

    def _take(self) -> None:
        counts = self._store.modalities()
        self._is_told = counts is not None
        if counts is None:
            counts = dict.fromkeys((*MODALITIES, None), 0)
        if counts != self._counts:
            self._counts, self._samples = counts, {}
        self._taken_at = time.monotonic()

    def _sample(self, modality: str | None) -> FloatArray:
        """Unit vectors, shape (n, d)."""
        with self._lock:
            if modality not in self._samples:
                batches = self._store.iterate(batch_size=SAMPLE, filter=of_modality(modality))
                rows = next((batch.vectors for batch in batches), np.zeros((0, 1), np.float32))
                lengths = np.linalg.norm(rows, axis=1, keepdims=True)
                self._samples[modality] = (rows / np.maximum(lengths, 1e-12)).astype(np.float32, copy=False)
            return self._samples[modality]


def _spread(scores: FloatArray, pooled: float) -> Spread:
    """The mean is the modality's own, for that is what differs; the variance of few is drawn towards `pooled`."""
    count = len(scores)
    mean, variance = (float(scores.mean()), float(scores.var())) if count else (0.0, pooled)
    drawn = (count * variance + PRIOR * pooled) / (count + PRIOR)
    return Spread(mean, max(drawn**0.5, LEAST_DEVIATION))
