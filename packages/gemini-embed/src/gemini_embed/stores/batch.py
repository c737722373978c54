"""Records with their vectors, as stores give them, and the types that all of them speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gemini_embed.records import Record

FloatArray: TypeAlias = NDArray[np.float32]
"""float32: a vector, shape (d,), or rows of them, (n, d)."""
FilterLike: TypeAlias = Mapping[str, Any] | Any
"""A neutral filter (see `stores/filters.py`), or a filter object of the store's own engine, which passes through."""


class Batch(NamedTuple):
    """Some records and their vectors: float32, shape (n, d), row i belongs to record i; (n, 0) when not asked for."""

    records: list[Record]
    vectors: FloatArray
