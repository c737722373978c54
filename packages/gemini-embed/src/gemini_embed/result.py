"""What comes back: vectors, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Usage:
    """What the service counted and what getting it took, added up over the calls of one result.

    Attributes:
        prompt_tokens: None when no reply told (gemini-embedding-001 on the Developer API does not).
        by_modality: tokens, with keys as on the wire: "TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT".
        requests: answered calls.
        truncated: contents of which the service says that it cut them (only Vertex tells).
        retries: attempts after the first one of a call.
        waited_s: seconds by reason: "quota" (after a 429), "pace" (our own limiter), "server" (5xx and replies that
            cannot be read), "connection". Requests of one call that wait together for one reason count once; calls
            that run at the same time, as the batches of an `index.add`, are added up.
        cached: inputs answered by the cache.
        output_tokens: what chat models wrote, their thoughts among it, see `GeminiDescriber`.
    """

    prompt_tokens: int | None = None
    by_modality: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    truncated: int = 0
    retries: int = 0
    waited_s: dict[str, float] = field(default_factory=dict)
    cached: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        told = [n for n in (self.prompt_tokens, other.prompt_tokens) if n is not None]
        return Usage(
            prompt_tokens=sum(told) if told else None,
            by_modality=_added(self.by_modality, other.by_modality),
            requests=self.requests + other.requests,
            truncated=self.truncated + other.truncated,
            retries=self.retries + other.retries,
            waited_s=_added(self.waited_s, other.waited_s),
            cached=self.cached + other.cached,
            output_tokens=self.output_tokens + other.output_tokens,
        )

    def __str__(self) -> str:
        said = [_counted(self.requests, "request")]
        if self.retries:
            said.append(_counted(self.retries, "retry", "retries"))
        said.append("tokens unknown" if self.prompt_tokens is None else _counted(self.prompt_tokens, "token"))
        if len(self.by_modality) > 1:
            said[-1] += f" ({', '.join(f'{tokens:,} {name}' for name, tokens in self.by_modality.items())})"
        if self.output_tokens:
            said.append(f"{_counted(self.output_tokens, 'token')} written")
        if self.truncated:
            said.append(f"{_counted(self.truncated, 'input')} cut")
        if self.cached:
            said.append(f"{_counted(self.cached, 'input')} from the cache")
        if waited := waits_in_words(self.waited_s):
            said.append(f"waited {waited}")
        return ", ".join(said)


def waits_in_words(waited_s: Mapping[str, float]) -> str:
    """Such as "3.2 s (pace 1.2, quota 2.0)"; "" when no wait is worth telling."""
    told = {reason: seconds for reason, seconds in waited_s.items() if seconds >= 0.05}
    reasons = ", ".join(f"{reason} {seconds:.1f}" for reason, seconds in told.items())
    return f"{sum(told.values()):.1f} s ({reasons})" if told else ""


def _added(one: Mapping[str, N], other: Mapping[str, N]) -> dict[str, N]:
    total = dict(one)
    for name, value in other.items():
        total[name] = total[name] + value if name in total else value
    return dict(sorted(total.items()))


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


OnError = Literal["raise", "skip"]
"""What to do about inputs that cannot be embedded, while all others can.

- raise (the default): an `InputError` for the first that a check here finds, before any request; a
  `RefusedItemsError` for those that the service refuses, after everything else is embedded.
- skip: their rows are NaN, and `EmbeddingResult.refused` lists them.

An `ApiError` of either means that the fault seems to lie elsewhere: whatever was sent was refused, in the same words,
five inputs that were sent alone among it. Words that differ tell that it is the inputs, even where all are refused.
"""


@dataclass(frozen=True)
class RefusedItem:
    """An input that cannot be embedded: `position` in the list that was passed, and why."""

    position: int
    message: str

    def __str__(self) -> str:
        return f"input {self.position}: {self.message}"


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
    refused: tuple[RefusedItem, ...] = ()
    """Inputs that could not be embedded, with `on_error="skip"`; their rows are NaN."""
    task: str | None = None
    """What they were made for, a `Task`; None where nobody says."""

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
        refused = f", {len(self.refused)} refused" if self.refused else ""
        return f"EmbeddingResult({n} x {d} float32, {self.model}{tokens}{refused})"
