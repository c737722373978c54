"""Whether a job's vectors belong to the keys they came with, by comparing some with vectors that were had online.

A key was seen on another item's answer (googleapis/python-genai#1909). Equal contents have a cosine of 1.000000 online,
different ones far less; 0.999 leaves room for a service that computes batches in another order.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.errors import BatchMismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gemini_embed.batch_jobs.answers import Answers

AGREE = 0.999
"""The least cosine of two vectors of one content."""
WIDER = 32
"""So many lines are looked at once one of the few has not agreed."""


@dataclass(frozen=True)
class Compared:
    """Lines that were compared: their cosines, by key."""

    cosines: Mapping[bytes, float]

    @property
    def apart(self) -> list[bytes]:
        """The keys of those that do not agree."""
        return [key for key, cosine in self.cosines.items() if not cosine >= AGREE]

    def __str__(self) -> str:
        n, apart = len(self.cosines), len(self.apart)
        return f"{apart} of {n} lines differ from their online vectors, cosines from {min(self.cosines.values()):.3f}"


def compare(answers: Answers, online: Mapping[bytes, NDArray[np.float32]]) -> Compared:
    """The cosine of each of these vectors with what the job has answered, where it has."""
    pairs = ((key, answers.get(key), vector) for key, vector in online.items())
    return Compared({key: _cosine(held, vector) for key, held, vector in pairs if held is not None})


def some_keys(keys: Collection[bytes], most: int) -> list[bytes]:
    """At most so many of the keys, at random."""
    return random.sample(list(keys), min(most, len(keys)))


def mismatch(job: str, compared: Compared) -> BatchMismatchError:
    """The error of a job whose vectors belong to other texts."""
    return BatchMismatchError(
        f"{job}: {compared}. None of its vectors is used and the job is kept, so that it can be reported; "
        "run.delete() drops it, and submitting the same contents again pays for new jobs",
        jobs=[job],
    )


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Their cosine; -1.0 for vectors of different sizes."""
    if len(one) != len(other):
        return -1.0
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
