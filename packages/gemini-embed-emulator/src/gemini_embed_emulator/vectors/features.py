"""What vectors are made of: weighted features, each hashed to a few signed places among `FEATURES`.

Sums of features keep the cosines that a person expects from what is shared. Nothing is learned.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FEATURES = 3072
_PLACES = 8  # a feature's places: the more, the milder a chance collision and the evener a vector's energy


class Sparse(NamedTuple):
    """Weighted features: `digests` holds 4 * _PLACES bytes for each of `weights`."""

    digests: bytes
    weights: tuple[float, ...]


@lru_cache(maxsize=100_000)
def feature(name: str) -> Sparse:
    """One feature: its places and signs come from a digest of its name, the same on every machine."""
    return Sparse(
        hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4 * _PLACES).digest(), (_PLACES**-0.5,)
    )


def merge(terms: Iterable[tuple[float, Sparse]]) -> Sparse:
    """Several weighted features as one."""
    terms = list(terms)
    weights = tuple(weight * inner for weight, term in terms for inner in term.weights)
    return Sparse(b"".join(term.digests for _, term in terms), weights)


def total(terms: Iterable[tuple[float, Sparse]]) -> Array:
    """The sum of weighted features: float64, shape (FEATURES,)."""
    merged = merge(terms)
    numbers = np.frombuffer(merged.digests, "<u4")
    signs = (numbers & 1) * 2.0 - 1.0
    values = np.repeat(np.array(merged.weights), _PLACES) * signs
    return np.bincount(numbers // 2 % FEATURES, values, FEATURES).astype(np.float64, copy=False)


def unit(vector: Array) -> Array:
    """The vector at length 1; zeros stay zeros."""
    norm = math.sqrt(vector @ vector)
    return vector / norm if norm else vector
