"""A good answer, before it is JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A payload (float32 arrays stand for lists) and what it cost: items embedded by a model, and their tokens."""

    payload: dict[str, Any]
    model: str = ""
    items: int = 0
    tokens: int = 0
