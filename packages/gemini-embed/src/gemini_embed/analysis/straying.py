"""What lies far from the rest."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemini_embed.analysis.given import Vectors, centres_of, given
from gemini_embed.errors import InputError
from gemini_embed.stores import FloatArray


@dataclass(frozen=True, eq=False)
class Outliers:
    """What strays.

    Attributes:
        positions: of the outliers, the farthest first.
        distances: of every vector from the centre of its group, float32, shape (n,): Euclidean, between unit vectors,
            from 0 to 2.
        radius: those farther than this are outliers.
    """

    positions: list[int]
    distances: FloatArray
    radius: float

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return f"<Outliers: {len(self)} of {len(self.distances)} vectors, farther than {self.radius:.2f}>"


def outliers(
    vectors: Vectors,
    *,
    labels: Sequence[Hashable] | NDArray[Any] | None = None,
    fraction: float | None = None,
    radius: float | None = None,
) -> Outliers:
    """The vectors that lie farthest from the centre of all, or of their group.

    A centre is the mean direction, of which what strays is a part: groups should have some dozens of vectors.

    Args:
        vectors: made with `task="clustering"`; those made for a search warn.
        labels: the group of each vector, such as `clusters(...).labels`; None: all are one.
        fraction: how many are taken for outliers, from 0 to 1; 0.05 where nothing is told.
        radius: a distance instead, from 0 to 2: how far is too far depends on the model and on what the texts are.

    Raises:
        InputError: both `fraction` and `radius`, or one out of range; another number of labels than of vectors.
    """
    rows = given(vectors, task="clustering").rows
    if fraction is not None and radius is not None:
        raise InputError("pass fraction= or radius=, not both")
    for name, value, most in (("fraction", fraction, 1), ("radius", radius, 2)):
        if value is not None and not (type(value) in (int, float) and 0 <= value <= most):
            raise InputError(f"{name}={value!r} must lie between 0 and {most}")
    distances = np.linalg.norm(rows - _centres(rows, labels), axis=1).astype(np.float32)
    order = np.argsort(-distances, kind="stable")
    if radius is None:
        count = round((0.05 if fraction is None else fraction) * len(rows))
        radius = float(distances[order[count]]) if count < len(rows) else 0.0
    else:
        count = int((distances > radius).sum())
    return Outliers(order[:count].tolist(), distances, radius)


def _centres(rows: FloatArray, labels: Sequence[Hashable] | NDArray[Any] | None) -> FloatArray:
    """Of each vector that of its group, shape (n, d)."""
    told = [0] * len(rows) if labels is None else list(labels)
    if len(told) != len(rows):
        raise InputError(f"{len(told)} labels for {len(rows)} vectors: pass one for each")
    names = {label: number for number, label in enumerate(dict.fromkeys(told))}
    numbers = np.array([names[label] for label in told])
    centres: FloatArray = centres_of(rows, numbers, len(names))[numbers]
    return centres
