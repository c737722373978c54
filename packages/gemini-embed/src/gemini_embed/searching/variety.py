"""Hits that differ: near-duplicates left out, and maximal marginal relevance; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gemini_embed.searching.fusion import Ranked
from gemini_embed.stores import FloatArray

Vectors = Mapping[str, FloatArray]
"""By record id; a hit without one is like no other."""


def collapsed(ranked: Sequence[Ranked], vectors: Vectors, threshold: float) -> list[Ranked]:
    """Of hits whose vectors have at least this cosine, the best alone."""
    if not ranked:
        return []
    alike = _cosines(ranked, vectors)
    kept: list[int] = []
    for place in range(len(ranked)):
        if not any(alike[place, other] >= threshold for other in kept):
            kept.append(place)
    return [ranked[place] for place in kept]


def diversified(ranked: Sequence[Ranked], vectors: Vectors, relevance: float) -> list[Ranked]:
    """Maximal marginal relevance (Carbonell, Goldstein, 1998): each next hit is good, and unlike those before it.

    `relevance` 1 changes nothing, 0 looks at unlikeness alone. Merits are scaled to 0 for the worst and 1 for the best.
    """
    if not ranked:
        return []
    alike = _cosines(ranked, vectors)
    merits = np.array([one.merit for one in ranked])
    span = merits.max() - merits.min()
    scaled = (merits - merits.min()) / span if span else np.ones(len(ranked))
    chosen, left = [0], list(range(1, len(ranked)))
    while left:
        gains = [relevance * scaled[place] - (1 - relevance) * alike[place, chosen].max() for place in left]
        chosen.append(left.pop(int(np.argmax(gains))))
    return [ranked[place] for place in chosen]


def _cosines(ranked: Sequence[Ranked], vectors: Vectors) -> FloatArray:
    """Of each pair, shape (n, n); 0 where a vector is missing."""
    size = next((len(row) for row in vectors.values()), 1)
    rows = np.stack([vectors.get(one.hit.record.id, np.zeros(size, np.float32)) for one in ranked])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    cosines: FloatArray = unit @ unit.T
    return cosines
