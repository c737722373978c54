"""A good answer, before it is JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gemini_embed_emulator.http import Streamed


@dataclass(frozen=True)
class Reply:
    """A payload (float32 arrays stand for lists) and what it cost: items embedded by a model, and their tokens.

    Without a payload and what may stand for it the body is empty; `headers` are sent beside the usual ones.
    """

    payload: dict[str, Any] | None
    model: str = ""
    items: int = 0
    tokens: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    contents: Sequence[bytes] = ()
    """The digests of the items, for the bill."""
    streamed: Streamed | None = None
    """A body that is no JSON and is sent piece by piece, in the payload's stead."""
    body: bytes | None = None
    """A body that is no JSON, in the payload's stead."""
    status: int = 200
