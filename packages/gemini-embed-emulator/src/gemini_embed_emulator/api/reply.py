"""A good answer, before it is JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A payload (float32 arrays stand for lists) and what it cost: items embedded by a model, and their tokens.

    None is an empty body, unless `body` has bytes that are no JSON; `headers` are sent beside the usual ones.
    """

    payload: dict[str, Any] | None
    model: str = ""
    items: int = 0
    tokens: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    status: int = 200
