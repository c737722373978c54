"""Vectors of a smaller size made of larger ones, as the service makes them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.models.facts import ModelFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shortened(vectors: NDArray[np.float32], facts: ModelFacts, dimensions: int) -> NDArray[np.float32]:
    """What the service would have answered at `dimensions` where it answered `vectors`, float32, shape (n, d) or (d,).

    Right for models that `shortens_exactly` holds for: the first values, brought to unit length where the model does so
    (gemini-embedding-2) and as they are elsewhere (gemini-embedding-001), where normalising is the embedder's affair.
    """
    front = vectors[..., :dimensions]
    return unit_rows(front) if facts.shortened_unit_length else front


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each vector at unit length, in a new array; one of zeros stays as it is."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return unit
