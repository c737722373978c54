"""Work that waits now and then, written once for both colours: a generator yields calls, `run` or `arun` makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
W = TypeVar("W")


@dataclass(frozen=True)
class Call:
    """A step that waits for something: `now` blocks, `later` is awaited."""

    now: Callable[[], Any]
    later: Callable[[], Awaitable[Any]]


Steps: TypeAlias = Generator[Call, Any, T]
"""Yields calls, is sent their results or thrown their errors, returns T."""


def run(steps: Steps[T]) -> T:
    """Make the calls, blocking."""
    try:
        call = next(steps)
        while True:
            try:
                answer = call.now()
            except BaseException as error:  # Ctrl-C too: events that were begun are ended
                call = steps.throw(error)
            else:
                call = steps.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value


async def arun(steps: Steps[T]) -> T:
    """Await the calls."""
    try:
        call = next(steps)
        while True:
            try:
                answer = await call.later()
            except BaseException as error:  # cancellation too
                call = steps.throw(error)
            else:
                call = steps.send(answer)
    except StopIteration as end:
        value: T = end.value
        return value


async def all_of(one: Callable[[W], Awaitable[T]], windows: list[W], at_once: int | None = None) -> list[T]:
    """Every window at once, or so many; the first failure cancels the others."""
    places = asyncio.Semaphore(at_once or len(windows) or 1)

    async def in_turn(window: W) -> T:
        async with places:
            return await one(window)

    tasks = [asyncio.ensure_future(in_turn(window)) for window in windows]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
