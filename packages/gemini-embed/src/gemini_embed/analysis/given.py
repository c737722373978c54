"""What can be looked into: results of an embedder, indexes and what they hold, arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gemini_embed.errors import InputError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.index import MultimodalIndex
from gemini_embed.indexing.held import HeldVectors
from gemini_embed.models.shortening import unit_rows
from gemini_embed.notices import warn
from gemini_embed.result import EmbeddingResult
from gemini_embed.stores import FloatArray
from gemini_embed.tasks import is_symmetric, parse_task

Vectors: TypeAlias = EmbeddingResult | HeldVectors | MultimodalIndex | NDArray[np.floating[Any]]
"""A result, `index.vectors(filter)`, an index (all of it), or an array, shape (n, d)."""


@dataclass(frozen=True)
class Given:
    """Vectors of unit length, float32, shape (n, d), and how they were made as far as that is known."""

    rows: FloatArray
    model: str | None = None
    fingerprint: Fingerprint | None = None

    def check_beside(self, other: Given, what: str) -> None:
        """InputError where vectors of `what` cannot be compared with these; FingerprintMismatchError for two indexes
        that were made another way."""
        if self.rows.shape[1] != other.rows.shape[1]:
            sizes = f"{other.rows.shape[1]} dimensions, the vectors {self.rows.shape[1]}"
            raise InputError(f"{what} have {sizes}: embed both with one embedder")
        if self.fingerprint and other.fingerprint:
            other.fingerprint.check(self.fingerprint, where=f"what the {what} come from")
        elif self.model and other.model and self.model != other.model:
            raise InputError(f"{what} are of {other.model}, the vectors of {self.model}: embed both with one embedder")


def given(vectors: Vectors, *, task: str) -> Given:
    """The vectors, checked; those that were made for a search are told to be the wrong ones for `task`.

    Raises:
        InputError: no rows, numbers that are not finite, a row of zeros.
    """
    if isinstance(vectors, MultimodalIndex):
        vectors = vectors.vectors()
    rows: FloatArray = np.asarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or not rows.size:
        raise InputError(f"vectors must be an array of shape (n, d) with at least one row, not {rows.shape}")
    lengths = np.einsum("ij,ij->i", rows, rows)
    if (bad := np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))).size:
        raise InputError("it is no vector: of zeros, not finite, or refused by the service", position=int(bad[0]))
    _warn_of(vectors, task)
    model = vectors.model if isinstance(vectors, EmbeddingResult) else None
    fingerprint = vectors.fingerprint if isinstance(vectors, HeldVectors) else None
    return Given(unit_rows(rows), fingerprint.model if fingerprint else model, fingerprint)


def centres_of(rows: FloatArray, numbers: NDArray[np.intp], count: int) -> FloatArray:
    """The mean direction of each group, shape (count, d): row i of `rows` is in group `numbers[i]`. Zeros for none."""
    ends = np.cumsum(np.bincount(numbers, minlength=count))
    groups = np.split(np.argsort(numbers, kind="stable"), ends[:-1])
    return unit_rows(np.stack([rows[members].sum(axis=0) for members in groups]))


def whole(name: str, value: Any, most: int) -> int:
    """`value`, from 1 to `most`; else InputError."""
    if type(value) is not int or not 1 <= value <= most:
        raise InputError(f"{name}={value!r} must be a whole number from 1 to {most}, the number of vectors")
    return value


def _warn_of(vectors: Any, task: str) -> None:
    if _is_for_search(vectors):
        warn(
            "these vectors were made to be searched, which puts questions beside answers: make them with "
            f'Embedder(task="{task}"), which puts beside each other what is alike'
        )
    if isinstance(vectors, HeldVectors) and len(found := {record.modality for record in vectors.records}) > 1:
        names = ", ".join(sorted(modality or "others" for modality in found))
        warn(
            f"these vectors are of several modalities ({names}), which lie apart whatever they are about: take one, "
            'such as index.vectors({"modality": "text"})'
        )


def _is_for_search(vectors: Any) -> bool:
    if isinstance(vectors, EmbeddingResult):
        return vectors.task is not None and not is_symmetric(parse_task(vectors.task))
    if isinstance(vectors, HeldVectors):
        return vectors.fingerprint.conditioning.partition(";")[0].endswith(":retrieval")
    return False
