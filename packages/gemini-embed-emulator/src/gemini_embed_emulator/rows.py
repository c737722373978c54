"""The rows of a reply, a vector each, on whichever endpoint: for faults that change them in place."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
Change = Callable[[Vector], Vector | list[float]]


def _row_list(payload: dict[str, Any]) -> list[dict[str, Any]]:
    name = next((name for name in ("predictions", "data") if name in payload), "embeddings")
    rows: list[dict[str, Any]] = payload[name]
    return rows


def _name(payload: dict[str, Any]) -> str:
    """What a row calls its vector: OpenAI's form has a name of its own."""
    return "embedding" if "data" in payload else "values"


def _vectors_of(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that hold the vectors, on whichever endpoint."""
    if "embedding" in payload:
        return [payload["embedding"]]
    return [row.get("embeddings", row) for row in _row_list(payload)]


def drop(payload: dict[str, Any], by: int) -> None:
    """Leave out the last `by` rows, or the only one."""
    if "embedding" in payload:
        del payload["embedding"]
    else:
        del _row_list(payload)[-by:]


def change_vector(payload: dict[str, Any], position: int, change: Change) -> None:
    """Put what `change` makes of one vector in its place; in OpenAI's form it may be base64 of float32."""
    row, name = _vectors_of(payload)[position], _name(payload)
    if isinstance(row[name], str):
        changed = np.asarray(change(np.frombuffer(base64.b64decode(row[name]), "<f4")), "<f4")
        row[name] = base64.b64encode(changed.tobytes()).decode()
    else:
        row[name] = change(row[name])


def leave_out_vector(payload: dict[str, Any], position: int) -> None:
    """Keep the row, without its vector."""
    del _vectors_of(payload)[position][_name(payload)]


def repeat_last(payload: dict[str, Any], by: int) -> None:
    """Add `by` rows like the last."""
    rows = _row_list(payload)
    rows.extend([rows[-1]] * by)
