"""Groups of what is alike: spherical k-means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.analysis.given import Vectors, centres_of, given, whole
from gemini_embed.stores import FloatArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class Clusters:
    """Groups, the largest first.

    Attributes:
        labels: of each vector the number of its group, int, shape (n,).
        centres: of each group the mean direction, unit vectors, float32, shape (k, d).
        cosines: of each vector to the centre of its group, float32, shape (n,).
    """

    labels: NDArray[np.intp]
    centres: FloatArray
    cosines: FloatArray

    @property
    def groups(self) -> list[list[int]]:
        """The positions of each group's vectors, those nearest to its centre first."""
        order = np.argsort(-self.cosines, kind="stable")
        return [order[self.labels[order] == number].tolist() for number in range(len(self.centres))]

    def __len__(self) -> int:
        return len(self.centres)

    def __repr__(self) -> str:
        sizes = ", ".join(str(len(group)) for group in self.groups)
        return f"<Clusters of {sizes}; mean cosine to the centre {self.cosines.mean():.2f}>"


def clusters(vectors: Vectors, k: int, *, restarts: int = 4, seed: int = 0) -> Clusters:
    """`k` groups of vectors that lie together: k-means on directions, begun by k-means++, the best of some restarts.

    Args:
        vectors: made with `task="clustering"`; those made for a search warn.
        k: how many groups. Fewer come back where fewer vectors differ.
        restarts: how often to begin anew; the grouping with the highest cosines stays.
        seed: equal seeds, equal groups.

    Raises:
        InputError: `k` below 1 or above the number of vectors; rows that are no vectors (`.position`).
    """
    rows = given(vectors, task="clustering").rows
    whole("k", k, len(rows))
    random = np.random.default_rng(seed)
    tried = [_grouped(rows, _begun(rows, k, random)) for _ in range(max(1, restarts))]
    best = max(tried, key=lambda one: float(one.cosines.sum()))
    return _largest_first(best)


def _begun(rows: FloatArray, k: int, random: np.random.Generator) -> FloatArray:
    """Centres to begin with: each next one is far from those before, by chance (Arthur and Vassilvitskii, 2007)."""
    chosen = [int(random.integers(len(rows)))]
    far = 1 - rows @ rows[chosen[0]]
    for _ in range(1, k):
        weights = np.maximum(far, 0).astype(np.float64)
        if weights.sum() < 1e-6 * len(rows):  # all that is left is equal to a centre
            break
        chosen.append(int(random.choice(len(rows), p=weights / weights.sum())))
        far = np.minimum(far, 1 - rows @ rows[chosen[-1]])
    return rows[chosen]


def _grouped(rows: FloatArray, centres: FloatArray) -> Clusters:
    labels = np.full(len(rows), -1)
    for _ in range(MOST_ROUNDS):
        cosines = rows @ centres.T
        found = cosines.argmax(axis=1)
        if (found == labels).all():
            break
        labels = found
        moved = centres_of(rows, labels, len(centres))
        centres = np.where(moved.any(axis=1, keepdims=True), moved, centres)
    cosines = rows @ centres.T
    labels = cosines.argmax(axis=1)
    return Clusters(labels, centres, cosines.max(axis=1))


def _largest_first(found: Clusters) -> Clusters:
    """Numbered by size, groups without vectors left out."""
    sizes = np.bincount(found.labels, minlength=len(found.centres))
    order = [number for number in np.argsort(-sizes, kind="stable").tolist() if sizes[number]]
    renamed = np.zeros(len(found.centres), dtype=np.intp)
    renamed[order] = np.arange(len(order))
    return Clusters(renamed[found.labels], found.centres[order], found.cosines)
