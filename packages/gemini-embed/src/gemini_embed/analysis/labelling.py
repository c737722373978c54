"""What something is, told by examples of each label."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from gemini_embed.analysis.given import Given, Vectors, centres_of, given, whole
from gemini_embed.errors import InputError
from gemini_embed.stores import FloatArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

L = TypeVar("L", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Labels(Generic[L]):
    """A label for each vector.

    Attributes:
        labels: the nearest label of each vector.
        scores: how near it is to each of `names`, float32, shape (n, number of labels): cosines, or with `neighbours`
            the share of them.
        names: the labels there are, in the order in which the examples have them.
    """

    labels: list[L]
    scores: FloatArray
    names: list[L]

    @property
    def margins(self) -> FloatArray:
        """By how much the nearest label of each vector is ahead of the next, shape (n,): small ones deserve a look."""
        if len(self.names) == 1:
            return np.full(len(self.labels), np.inf, np.float32)
        second, first = np.partition(self.scores, -2, axis=1)[:, -2:].T
        margins: FloatArray = first - second
        return margins

    def __len__(self) -> int:
        return len(self.labels)


def nearest_label(
    vectors: Vectors, examples: Vectors, labels: Sequence[L], *, neighbours: int | None = None
) -> Labels[L]:
    """The label whose examples lie nearest to each vector.

    Args:
        vectors: made with `task="classification"`; those made for a search warn.
        examples: vectors of what is labelled already, made the same way; or of the labels' own names, one each.
        labels: of each example; anything that can be a key.
        neighbours: None compares with the mean of each label's examples; a number lets so many nearest examples vote,
            the nearer the more.

    Raises:
        InputError: another number of labels than of examples; examples of another model or size; `neighbours` below 1
            or above the number of examples.
        FingerprintMismatchError: examples of an index that was made another way.
    """
    rows, known = given(vectors, task="classification"), given(examples, task="classification")
    _check(rows, known, labels)
    names = list(dict.fromkeys(labels))
    numbers = np.array([names.index(label) for label in labels])
    if neighbours is None:
        scores = rows.rows @ centres_of(known.rows, numbers, len(names)).T
    else:
        scores = _votes(rows.rows @ known.rows.T, numbers, len(names), whole("neighbours", neighbours, len(known.rows)))
    return Labels([names[number] for number in scores.argmax(axis=1).tolist()], scores, names)


def _check(rows: Given, known: Given, labels: Sequence[Hashable]) -> None:
    if isinstance(labels, str) or len(labels) != len(known.rows):
        told = "one str" if isinstance(labels, str) else f"{len(labels)} labels"
        raise InputError(f"{told} for {len(known.rows)} examples: pass a label for each")
    rows.check_beside(known, "examples")


def _votes(cosines: FloatArray, numbers: NDArray[np.intp], count: int, neighbours: int) -> FloatArray:
    """The share of each label among the nearest, weighted by cosine; shape (n, count)."""
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :neighbours]
    weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 1e-6)
    votes = np.zeros((len(cosines), count), np.float32)
    for rank in range(neighbours):
        votes[np.arange(len(cosines)), numbers[nearest[:, rank]]] += weights[:, rank]
    shares: FloatArray = votes / votes.sum(axis=1, keepdims=True)
    return shares
