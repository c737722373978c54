"""Replies as JSON, quickly: numpy formats the vectors, json everything around them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .http11 import compressed, raw_response

_STAND_IN = re.compile(rb'"\\u0000vector(\d+)"')
_BILLION = 10**9


def _words(texts: Iterable[str]) -> npt.NDArray[np.uint32]:
    """Texts of four characters each as one machine word each, so that numpy copies them whole."""
    return np.frombuffer("".join(texts).encode(), np.uint32)


# A value is written in four words: sign, units, point and first decimal; eight more decimals; the comma. Unused bytes
# are NUL and go at the end.
_HEADS = _words(f"{sign}{tenths // 10}.{tenths % 10}" for sign in "\0-" for tenths in range(11))
_DIGITS = _words(f"{number:04d}" for number in range(10_000))
_COMMA = _words([",\0\0\0"])


def json_response(
    status: int,
    payload: Any,
    headers: dict[str, str],
    *,
    indent: bool,
    callback: str = "",
    gzipped: bool = False,
    close: bool = False,
) -> bytes:
    """A whole response with this payload by `encode`, as bytes; gzipped where that is asked for and gains.

    With a `callback` it is a script that calls this function with the payload (JSONP), and its status is 200.
    """
    body = encode(payload, pretty=indent)
    if callback:
        body = b"// API callback\n%s(%s);\n" % (callback.encode(), body.rstrip())
        status, headers = 200, {**headers, "content-type": "text/javascript; charset=UTF-8"}
    if gzipped:
        body, headers = compressed(body, headers)
    return raw_response(status, body, headers, close=close)


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
        indent = None
        if pretty:
            line = frame[frame.rfind(b"\n", 0, match.start()) + 1 : match.start()]
            indent = len(line) - len(line.lstrip())
        return format_vector(vectors[int(match[1])], indent)

    return _STAND_IN.sub(fill, frame)


def format_vector(values: npt.NDArray[np.float32], indent: int | None) -> bytes:
    """A JSON list of the values, each within 1, to nine decimals.

    `indent` is that of the line the list begins on; None puts the list on one line.
    """
    billionths = np.rint(np.abs(values.astype(np.float64)) * _BILLION).astype(np.int32)
    upper = billionths // 10_000
    tenths = upper // 10_000
    table = np.empty((len(values), 4), np.uint32)
    table[:, 0] = _HEADS[tenths + 11 * (values < 0)]
    table[:, 1] = _DIGITS[upper - 10_000 * tenths]
    table[:, 2] = _DIGITS[billionths - 10_000 * upper]
    table[:, 3] = _COMMA
    text = table.tobytes().translate(None, b"\0")[:-1]
    if indent is None:
        return b"[" + text + b"]"
    line = b"\n" + b" " * (indent + 2)
    return b"[" + line + text.replace(b",", b"," + line) + line[:-2] + b"]"
