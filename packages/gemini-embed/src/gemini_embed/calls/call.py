"""A call that is checked and conditioned, and not started."""

from __future__ import annotations

from dataclasses import dataclass

from gemini_embed.calls.refused import RefusedItems
from gemini_embed.preparing import Prepared, Purpose


@dataclass(frozen=True)
class Call:
    """What an embedder is to embed, and how; `refused` collects what cannot be."""

    prepared: Prepared
    purpose: Purpose
    dimensions: int | None
    refused: RefusedItems
