"""Ranked lists of several modalities as one; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gemini_embed.hits import Hit
from gemini_embed.searching.options import Fusion

RRF_RANKS = 60
"""Added to every rank, as in the paper (Cormack, Clarke, Büttcher, 2009) and in every engine."""

ByModality: TypeAlias = Mapping[str | None, Sequence[Hit]]
"""Hits of each modality, best first; None is for records that tell none, which other programs wrote."""


class Spread(NamedTuple):
    """What a query scores against a sample of a modality."""

    mean: float
    deviation: float


class Ranked(NamedTuple):
    """A hit and what it is ranked by: higher is better, and only comparable within one search."""

    hit: Hit
    merit: float


def fused(found: ByModality, fusion: Fusion, spreads: Mapping[str | None, Spread] | None = None) -> list[Ranked]:
    """All hits in one list, best first; equal merits by their cosines.

    `spreads` are needed for "standardized": of each modality that has hits.
    """
    ranked = []
    for modality, hits in found.items():
        for rank, hit in enumerate(hits, 1):
            if fusion == "rrf":
                merit = 1 / (RRF_RANKS + rank)
            elif fusion == "standardized":
                mean, deviation = (spreads or {})[modality]
                merit = (hit.score - mean) / deviation
            else:
                merit = hit.score
            ranked.append(Ranked(hit, merit))
    return sorted(ranked, key=lambda one: (-one.merit, -one.hit.score))
