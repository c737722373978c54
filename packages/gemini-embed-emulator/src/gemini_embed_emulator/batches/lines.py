"""What a job is given: lines of JSON or requests sent with it, read one at a time, and what one of them asks."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

from gemini_embed_emulator.errors import ApiError

_RPC_CODES = {
    "CANCELLED": 1,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}
_UNKNOWN = 2


class LineError(NamedTuple):
    """Why a line has no vector: google.rpc.Status."""

    code: int
    message: str

    @classmethod
    def of(cls, error: ApiError) -> LineError:
        """The refusal that the same request would meet online."""
        return cls(rpc_code(error), error.message)


def rpc_code(error: ApiError) -> int:
    """google.rpc.Code of a refusal, which in a job stands where online the HTTP status is."""
    return _RPC_CODES.get(error.status, _UNKNOWN)


class BadLineError(ValueError):
    """A line that is no JSON object."""


@dataclass(frozen=True)
class Line:
    """One line as it was read: an answer or an error."""

    key: Any
    """What tells its answer from the others: the key of a line, the metadata of an inline request; None without."""
    told: Any
    """The line as it came."""
    tokens: int = 0
    content: bytes = b""
    """Its `content_digest`."""
    answer: Callable[[], dict[str, Any]] | None = None
    """Makes the response, vector and all."""
    error: LineError | None = None
    keep: bool = False
    """Whether it is to be remembered: what it names may be gone when the answers are asked for."""


ReadLine = Callable[[Any], Line]
"""Reads one line's JSON. What is wrong with it is the line's error, never raised."""


class JsonLines(Sequence[Any]):
    """The lines of a JSONL file, each parsed when it is asked for. Empty lines are none.

    Raises BadLineError where one that is asked for is no JSON object.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self._starts = array("Q")
        self._ends = array("Q")
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            if data[start:end].strip():
                self._starts.append(start)
                self._ends.append(end)
            start = end + 1

    @property
    def n_bytes(self) -> int:
        """Bytes of the file."""
        return len(self._data)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        try:
            told = json.loads(bytes(self._data[self._starts[index] : self._ends[index]]))
        except (ValueError, RecursionError) as error:
            raise BadLineError(f"line {index + 1}: {error}") from None
        if not isinstance(told, dict):
            raise BadLineError(f"line {index + 1}: an object is wanted")
        return told


@dataclass
class Survey:
    """All lines read once: what they will cost, and which of them cannot be answered. No vector is made."""

    tokens: array[int] = field(default_factory=lambda: array("I"))
    """Of each line."""
    contents: list[bytes] = field(default_factory=list)
    """The digest of each."""
    errors: dict[int, LineError] = field(default_factory=dict)
    """Of those lines that have one."""
    kept: dict[int, Line] = field(default_factory=dict)
    """Those that are not to be read again."""

    @classmethod
    def of(cls, rows: Sequence[Any], read: ReadLine) -> Survey:
        """Raises BadLineError for a file whose lines are no JSON."""
        survey = cls()
        for position in range(len(rows)):
            line = read(rows[position])
            survey.tokens.append(line.tokens)
            survey.contents.append(line.content)
            if line.error:
                survey.errors[position] = line.error
            if line.keep:
                survey.kept[position] = line
        return survey
