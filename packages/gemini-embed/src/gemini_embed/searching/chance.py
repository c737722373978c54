"""What a query scores where nothing fits: the usual of each modality, and what the best may reach by chance; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gemini_embed.hits import Hit
from gemini_embed.stores import FloatArray
from gemini_embed.stores.sampling import Sample, source_of

LEAST = 8
"""Fewer records tell nothing: what is usual among them may as well be all that fits."""
_PRIOR = 8.0
"""The variance of a small sample is drawn towards that of the other modalities, as if so many more had been seen."""
_LEAST_DEVIATION = 1e-3

Samples = Mapping[str | None, Sample]
"""By modality."""


class Spread(NamedTuple):
    """What a query scores against a sample of a modality."""

    mean: float
    deviation: float
    chance: float | None = None
    """How many deviations above the mean the best of as many unrelated records may lie; None: too few to tell."""

    def above(self, hit: Hit) -> float:
        """By how many deviations a hit lies above the mean."""
        return (hit.score - self.mean) / self.deviation


def spreads(samples: Samples) -> dict[str | None, Spread]:
    """Of each modality; the mean is its own, for that is what differs."""
    return _spreads({modality: sample.scores for modality, sample in samples.items()})


def spreads_beside(samples: Samples, best: Mapping[str | None, Hit]) -> dict[str | None, Spread]:
    """Of all but the source of the best hit, which may fit: it is compared with the others.

    Of N unrelated records the best is expected near the square root of 2 ln N deviations.
    """
    if not samples:  # of one modality, which is compared with none
        return {}
    others = {modality: _beside(sample, best.get(modality)) for modality, sample in samples.items()}
    return {
        modality: spread._replace(
            chance=_chance(samples[modality].population) if len(others[modality]) >= LEAST else None
        )
        for modality, spread in _spreads(others).items()
    }


def _beside(sample: Sample, best: Hit | None) -> FloatArray:
    if best is None:
        return sample.scores
    own = source_of(best.record)
    return sample.scores[[source != own for source in sample.sources]]


def _chance(population: int) -> float:
    return math.sqrt(2 * math.log(max(population, 2)))


def _spreads(scores: Mapping[str | None, FloatArray]) -> dict[str | None, Spread]:
    pooled = float(np.mean([float(mine.var()) for mine in scores.values() if len(mine)] or [0.0]))
    return {modality: _spread(mine, pooled) for modality, mine in scores.items()}


def _spread(scores: Sequence[float] | FloatArray, pooled: float) -> Spread:
    mine, count = np.asarray(scores, np.float64), len(scores)
    mean, variance = (float(mine.mean()), float(mine.var())) if count else (0.0, pooled)
    drawn = (count * variance + _PRIOR * pooled) / (count + _PRIOR)
    return Spread(mean, max(drawn**0.5, _LEAST_DEVIATION))
