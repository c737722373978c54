"""Replies as JSON text, quickly: vectors are formatted by numpy, and everything around them by json."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt

_DECIMALS = 9
_VECTOR = re.compile(rb'( *)("[^"\n]*": )?"\\u0000vector(\d+)"')


def encode(payload: Any, *, pretty: bool = True) -> bytes:
    """The payload as JSON; float32 arrays in it become lists, a value a line when `pretty` (as the service does)."""
    vectors: list[npt.NDArray[np.float32]] = []

    def stand_in(value: Any) -> str:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"not JSON: {type(value).__name__}")
        vectors.append(value)
        return f"\0vector{len(vectors) - 1}"

    layout: dict[str, Any] = {"indent": 2} if pretty else {"separators": (",", ":")}
    frame = json.dumps(payload, default=stand_in, **layout).encode() + (b"\n" if pretty else b"")

    def fill(match: re.Match[bytes]) -> bytes:
        indent, name, index = match.groups()
        return indent + (name or b"") + format_vector(vectors[int(index)], len(indent) if pretty else None)

    return (_VECTOR if pretty else _COMPACT_VECTOR).sub(fill, frame)


_COMPACT_VECTOR = re.compile(rb'()()"\\u0000vector(\d+)"')


def format_vector(values: npt.NDArray[np.float32], indent: int | None) -> bytes:
    """A JSON list of the values with nine decimals; `indent` is that of the line it begins on, None for one line."""
    between = b"," if indent is None else b",\n" + b" " * (indent + 2)
    width = 3 + _DECIMALS
    table = np.empty((len(values), width + len(between)), np.uint8)
    table[:, width:] = np.frombuffer(between, np.uint8)
    table[:, 0] = ord("-")
    table[:, 2] = ord(".")
    rest = np.rint(np.abs(values.astype(np.float64)) * 10**_DECIMALS).astype(np.int64)
    for column in (*range(width - 1, 2, -1), 1):
        rest, digit = np.divmod(rest, 10)
        table[:, column] = digit + ord("0")
    keep = np.ones(table.shape, bool)
    keep[:, 0] = np.signbit(values)
    keep[-1, width:] = False
    start, end = (b"[", b"]") if indent is None else (b"[\n" + b" " * (indent + 2), b"\n" + b" " * indent + b"]")
    return start + table[keep].tobytes() + end
