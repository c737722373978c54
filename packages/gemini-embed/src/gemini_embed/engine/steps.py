"""Work that waits for vectors now and then, written once for both colours.

A generator of steps starts embeddings (`Embedder.submit`), yields the one it must wait for now, and is sent the result
or thrown the error; files and store calls happen between the yields, while other embeddings go on. `run` waits in
place. `arun` awaits, and runs the steps in a thread, so that a blocking store never holds up the caller's loop.
Whatever interrupts either closes the generator, which can put away what is finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from gemini_embed.engine.loop import TELLING, Pending

T = TypeVar("T")

Steps: TypeAlias = Generator[Pending[Any], Any, T]
"""Yields work under way, mostly an embedding, is sent what came of it (its vectors) or thrown its error, returns T."""


def run(steps: Steps[T]) -> T:
    """Run steps to their end, blocking."""
    outcome: _Outcome = None
    with closing(steps):
        while isinstance(step := _advance(steps, outcome), Pending):
            try:
                outcome = _Value(step.result())
            except Exception as error:
                outcome = error
    return step.value


async def arun(steps: Steps[T]) -> T:
    """Run steps to their end, off the caller's loop."""
    outcome: _Outcome = None
    try:
        while isinstance(step := await _in_thread(partial(_advance, steps, outcome)), Pending):
            try:
                outcome = _Value(await step)
            except Exception as error:
                outcome = error
    finally:
        await _in_thread(steps.close)
    return step.value


@dataclass(frozen=True)
class _Value(Generic[T]):
    """What a wait or all steps came to, be it None."""

    value: T


_Outcome: TypeAlias = _Value[Any] | Exception | None
"""What came of a wait; None before the first."""


def _advance(steps: Steps[T], outcome: _Outcome) -> Pending[Any] | _Value[T]:
    """Run on to the next wait or to the end, which is a value here: a StopIteration cannot leave a thread."""
    try:
        if outcome is None:
            return next(steps)
        return steps.throw(outcome) if isinstance(outcome, Exception) else steps.send(outcome.value)
    except StopIteration as end:
        return _Value(end.value)
    except TELLING as error:
        error.__traceback__ = None
        raise error


async def _in_thread(function: Callable[[], T]) -> T:
    """Run in a thread, to its end however often the caller is cancelled: steps that run cannot be closed."""
    running = asyncio.ensure_future(asyncio.to_thread(function))
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:  # and maybe again: of nested timeouts each cancels, anyio does at once
            cancelled = cancelled or error
    if cancelled is not None:
        running.exception()  # seen, or asyncio would log it
        raise cancelled
    return running.result()
