"""Work that needs vectors now and then, written once for both colours.

A generator of steps yields what to embed and is sent the result, or is thrown the error; files and store calls happen
between the yields. `run` embeds in place. `arun` awaits the embedder and runs the steps in a thread, so that a blocking
store never holds up the caller's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from gemini_embed.content import ContentLike
from gemini_embed.errors import GeminiEmbedError
from gemini_embed.result import EmbeddingResult
from gemini_embed.tasks import Side

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

T = TypeVar("T")


@dataclass(frozen=True)
class ToEmbed:
    """A step that needs vectors: one per content."""

    contents: Sequence[ContentLike]
    side: Side


Steps: TypeAlias = Generator[ToEmbed, EmbeddingResult, T]
"""Yields what to embed, is sent its vectors or thrown the error, returns T."""


def run(embedder: Embedder, steps: Steps[T]) -> T:
    """Run steps to their end, blocking."""
    step = _advance(steps, None)
    while isinstance(step, ToEmbed):
        outcome: _Outcome
        try:
            outcome = embedder.embed(step.contents, side=step.side)
        except GeminiEmbedError as error:
            outcome = error
        step = _advance(steps, outcome)
    return step.value


async def arun(embedder: Embedder, steps: Steps[T]) -> T:
    """Run steps to their end, off the caller's loop."""
    step = await asyncio.to_thread(_advance, steps, None)
    while isinstance(step, ToEmbed):
        outcome: _Outcome
        try:
            outcome = await embedder.aembed(step.contents, side=step.side)
        except GeminiEmbedError as error:
            outcome = error
        step = await asyncio.to_thread(_advance, steps, outcome)
    return step.value


@dataclass(frozen=True)
class _Done(Generic[T]):
    value: T


_Outcome: TypeAlias = EmbeddingResult | GeminiEmbedError | None


def _advance(steps: Steps[T], outcome: _Outcome) -> ToEmbed | _Done[T]:
    """Run on to the next request or to the end, which is a value here: a StopIteration cannot leave a thread."""
    try:
        if outcome is None:
            return next(steps)
        return steps.throw(outcome) if isinstance(outcome, GeminiEmbedError) else steps.send(outcome)
    except StopIteration as end:
        return _Done(end.value)
