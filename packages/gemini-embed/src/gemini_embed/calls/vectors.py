"""Rows from the wire become float32 vectors that can be trusted: counted, sized, finite, not zero, unit where due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.errors import ReplyError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_and_fill(
    out: NDArray[np.float32], rows: Sequence[NDArray[np.float64]], *, positions: Sequence[int], model: str
) -> None:
    """Write `rows` into `out` (float32, shape (len(rows), d)) after checking them.

    Raises:
        ReplyError: a row of another size, or with NaN, infinity or nothing but zeros; it names the input.
    """
    with np.errstate(over="ignore"):  # a double beyond float32 becomes inf, which the check below names
        for i, row in enumerate(rows):
            if len(row) != out.shape[1]:
                raise ReplyError(
                    f"{model} returned a vector of {len(row)} values for input {positions[i]}; "
                    f"{out.shape[1]} were expected. Does a proxy drop outputDimensionality?",
                    model=model,
                )
            out[i] = row
    lengths = np.einsum("ij,ij->i", out, out)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if bad.size:
        raise ReplyError(
            f"{model} returned a vector for input {positions[bad[0]]} that is not finite or is all zeros", model=model
        )


def check_count(received: int, asked: int, model: str) -> None:
    """One input, one vector.

    Raises:
        ReplyError: another number came back.
    """
    if received != asked:
        raise ReplyError(f"{model} returned {received} vectors for {asked} inputs; none of them is used", model=model)


def normalize(values: NDArray[np.float32]) -> None:
    """Scale each row of `values` (float32, shape (n, d)) to unit length, in place."""
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64))
    values /= lengths[:, np.newaxis].astype(np.float32)
