"""Ranked lists of several modalities as one; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gemini_embed.hits import Hit
from gemini_embed.searching.chance import Spread
from gemini_embed.searching.options import Fusion

RRF_RANKS = 60
"""Added to every rank, as in the paper (Cormack, Clarke, Büttcher, 2009) and in every engine."""

ByModality: TypeAlias = Mapping[str | None, Sequence[Hit]]
"""Hits of each modality, best first; None is for records that tell none, which other programs wrote."""
Spreads: TypeAlias = Mapping[str | None, Spread]


class Ranked(NamedTuple):
    """A hit and what it is ranked by: higher is better, and only comparable within one search."""

    hit: Hit
    merit: float


def fused(found: ByModality, fusion: Fusion, spreads: Spreads | None = None) -> list[Ranked]:
    """All hits in one list, best first; equal merits by their cosines.

    `spreads` are needed for "standardized": of each modality that has hits. For "above_chance" those that are missing,
    or too small, are told nothing of: their hits count as by "rrf".
    """
    if fusion == "above_chance":
        return _sorted(_by_chance(found, spreads or {}))
    ranked = []
    for modality, hits in found.items():
        for rank, hit in enumerate(hits, 1):
            if fusion == "rrf":
                merit = _merit(rank)
            elif fusion == "standardized":
                merit = (spreads or {})[modality].above(hit)
            else:
                merit = hit.score
            ranked.append(Ranked(hit, merit))
    return _sorted(ranked)


def _by_chance(found: ByModality, spreads: Spreads) -> list[Ranked]:
    """By rank what lies above chance; all else behind it, by how far it lies above the usual of its modality.

    Where a modality tells nothing its hits keep their ranks beside both.
    """
    ranked: list[Ranked] = []
    behind: list[tuple[float, Hit]] = []
    lowest = 0  # of the ranks before them
    for modality, hits in found.items():
        spread = spreads.get(modality)
        if spread is None or spread.chance is None:
            ranked += [Ranked(hit, _merit(rank)) for rank, hit in enumerate(hits, 1)]
            continue
        rank = 0
        for hit in hits:
            above = spread.above(hit)
            if above > spread.chance or "words" in hit.found_by:
                rank += 1
                ranked.append(Ranked(hit, _merit(rank)))
            else:
                behind.append((above, hit))
        lowest = max(lowest, rank)
    behind.sort(key=lambda one: -one[0])
    return ranked + [Ranked(hit, _merit(lowest + place)) for place, (_, hit) in enumerate(behind, 1)]


def _merit(rank: int) -> float:
    return 1 / (RRF_RANKS + rank)


def _sorted(ranked: list[Ranked]) -> list[Ranked]:
    return sorted(ranked, key=lambda one: (-one.merit, -one.hit.score))
