"""The vectors of one call as they come in, in one array in the caller's order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.calls.vectors import check_and_fill, check_count, normalize
from gemini_embed.errors import Completed
from gemini_embed.preparing import Entry
from gemini_embed.result import Usage
from gemini_embed.wire import Reply

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Rows:
    """Allocated when the size is known: asked for, the model's own, or that of the first reply.

    Args:
        count: how many inputs the call has.
        dimensions: length of a vector; None where only the first reply tells.
        unit_length: whether vectors are made unit length here.
        model: its name, for errors.
    """

    def __init__(self, count: int, *, dimensions: int | None, unit_length: bool, model: str) -> None:
        self._done = np.zeros(count, dtype=bool)
        self._dimensions = dimensions
        self._unit_length = unit_length
        self._model = model
        self._values: NDArray[np.float32] | None = None
        self.usage = Usage()
        """What they have cost, set when the call has ended, well or not."""

    def checked(self, items: Sequence[Entry], reply: Reply) -> NDArray[np.float32]:
        """The vectors of a reply, float32, shape (len(items), d), as served. ReplyError: see `vectors`."""
        check_count(len(reply.rows), len(items), self._model)
        self._dimensions = self._dimensions or len(reply.rows[0])
        vectors = np.empty((len(items), self._dimensions), dtype=np.float32)
        check_and_fill(vectors, reply.rows, positions=[item.position for item in items], model=self._model)
        return vectors

    def put(self, items: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
        """Keep row i of `vectors` (float32, as served) for `items[i]` and its twins."""
        if self._unit_length:
            vectors = vectors.copy()
            normalize(vectors)
        if self._values is None:
            self._values = np.empty((len(self._done), vectors.shape[1]), dtype=np.float32)
        positions = [item.position for item in items]
        self._values[positions] = vectors
        self._done[positions] = True
        for item, vector in zip(items, vectors, strict=True):
            if item.twins:
                self._values[item.twins] = vector
                self._done[item.twins] = True

    def values(self) -> NDArray[np.float32]:
        """All rows; what is not there is NaN."""
        if self._values is None:
            return np.full((len(self._done), self._dimensions or 0), np.nan, dtype=np.float32)
        self._values[~self._done] = np.nan
        return self._values

    def completed(self, usage: Usage) -> Completed | None:
        """What is finished, None when that is nothing."""
        positions = np.flatnonzero(self._done)
        if self._values is None or not positions.size:
            return None
        return Completed(positions.tolist(), self._values[positions], usage)
