"""What a describer is lent, and how it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemini_embed.service import Connection
from gemini_embed.transport import HttpOptions

if TYPE_CHECKING:
    from gemini_embed.cache import VectorCache
    from gemini_embed.metering import Budget


@dataclass(frozen=True, kw_only=True)
class Host:
    """What a describer is lent of the embedder that it works for."""

    connection: Connection
    http: HttpOptions
    cache: VectorCache | None
    budget: Budget
    hears_videos: bool = True
    """Whether the sound of a video is transcribed with its pictures; else it has windows of its own."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How a model is asked, see `GeminiDescriber`."""

    language: str | None
    instructions: str
    max_output_tokens: int
