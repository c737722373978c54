"""Where a hit was found: the index that keeps its vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_embed.fingerprint import Fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Origin:
    """An index, as what it holds can be compared: how its vectors were made, and the vectors of some ids.

    A pickle of a hit leaves it behind: who reads it has no open store.
    """

    fingerprint: Fingerprint
    vectors: Callable[[Sequence[str]], Mapping[str, NDArray[np.float32]]]
    """By id, float32, shape (d,); ids that are not there (any more) are left out."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _left_behind, ()


def _left_behind() -> None:
    return None
