"""How exactly a store searches, where it can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gemini_embed.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How exactly one search reads a store that keeps codes of its vectors; what is None is as the store has it.

    Args:
        oversampling: how many times `k` candidates the codes give, from 1 up.
        rescore: whether the candidates are scored again with the full vectors, as stores do. Without, scores are the
            codes' own estimates, which are no cosines: hits are in the codes' order, and no threshold means anything.
        exact: read the full vectors of all records, and neither codes nor a graph. Slow, and right.

    Raises:
        InputError: a value that means nothing, or that would be ignored: an exact search has nothing to rescore.
    """

    oversampling: float | None = None
    rescore: bool | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        if self.oversampling is not None and not is_oversampling(self.oversampling):
            raise InputError(
                f"oversampling={self.oversampling!r}: how many times k candidates are looked at, a number from 1 up"
            )
        for name in ("rescore", "exact"):
            value = getattr(self, name)
            if not (isinstance(value, bool) or (name == "rescore" and value is None)):
                raise InputError(f"{name}={value!r} must be True or False")
        if self.exact and self.reads_codes:
            raise InputError("exact=True reads the full vectors alone, so oversampling and rescore would be ignored")

    @property
    def reads_codes(self) -> bool:
        """Whether it says anything that only codes can honour."""
        return self.oversampling is not None or self.rescore is not None


def is_oversampling(value: object) -> bool:
    """Whether it is a number from 1 up, and no infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < math.inf


def check_codes(store: object, precision: Precision, kept: str) -> None:
    """InputError where a store that holds no codes is asked for what only codes can honour."""
    if precision.reads_codes and kept == "none":
        raise InputError(
            f"{store} holds no codes, so every search reads the full vectors, and oversampling and rescore would be "
            'ignored: leave them out, or make codes with index.optimize(quantization="turbo4")'
        )
