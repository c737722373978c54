"""What comes back: vectors, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Usage:
    """What the service counted, added up over the calls of one result.

    `prompt_tokens` is None when no reply told (gemini-embedding-001 on the Developer API does not); `by_modality`
    has keys as on the wire: "TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT". `requests` counts answered calls.
    `truncated` counts contents of which the service says that it cut them (only Vertex tells).
    """

    prompt_tokens: int | None = None
    by_modality: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    truncated: int = 0

    def __add__(self, other: Usage) -> Usage:
        told = [n for n in (self.prompt_tokens, other.prompt_tokens) if n is not None]
        modalities = sorted({*self.by_modality, *other.by_modality})
        return Usage(
            prompt_tokens=sum(told) if told else None,
            by_modality={m: self.by_modality.get(m, 0) + other.by_modality.get(m, 0) for m in modalities},
            requests=self.requests + other.requests,
            truncated=self.truncated + other.truncated,
        )


@dataclass(frozen=True, eq=False)
class EmbeddingResult:
    """Vectors in the order of the inputs.

    `np.asarray(result)` is the array, iteration gives rows, `result.vector` is the row of a single input.
    """

    values: NDArray[np.float32]
    """float32, shape (n, d), C-contiguous; row i belongs to input i."""
    _: KW_ONLY
    usage: Usage
    model: str
    """Bare name of the model that made them."""

    @property
    def vector(self) -> NDArray[np.float32]:
        """The only vector, float32, shape (d,).

        Raises:
            ValueError: there is not exactly one.
        """
        if len(self.values) != 1:
            raise ValueError(f".vector is for a single input; this result has {len(self.values)} rows in .values")
        row: NDArray[np.float32] = self.values[0]
        return row

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self.values.shape[1])

    def tolist(self) -> list[list[float]]:
        """Rows as lists of Python floats."""
        rows: list[list[float]] = self.values.tolist()
        return rows

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return iter(self.values)

    def __getitem__(self, index: Any) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self.values[index]
        return row

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array: NDArray[Any] = np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)
        return array

    def __repr__(self) -> str:
        n, d = self.values.shape
        tokens = "" if self.usage.prompt_tokens is None else f", {self.usage.prompt_tokens} tokens"
        return f"EmbeddingResult({n} x {d} float32, {self.model}{tokens})"
