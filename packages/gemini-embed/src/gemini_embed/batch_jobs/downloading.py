"""Lines of a file of any size, as it comes in: a connection that breaks is gone on from where it broke."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeAlias

from gemini_embed.calls.retries import RetryPolicy, Wait, decide
from gemini_embed.errors import RequestError

logger = logging.getLogger(__name__)

Bytes: TypeAlias = AsyncGenerator[bytes, None]


async def lines_of(
    stream: Callable[[int], AsyncGenerator[bytes, None]], policy: RetryPolicy
) -> AsyncGenerator[bytes, None]:
    """The lines of what `stream` gives from a byte on, without their line breaks; a last one without a break too.

    Raises:
        RequestError: it cannot be had, for good.
    """
    clock = asyncio.get_running_loop().time
    received, rest, number, began_at = 0, b"", 0, clock()
    while True:
        try:
            async with aclosing(stream(received)) as pieces:
                async for piece in pieces:
                    received += len(piece)
                    number, began_at = 0, clock()
                    first, *others = piece.split(b"\n")
                    rest += first
                    for line in others:
                        yield rest
                        rest = line
            break
        except RequestError as e:
            number += 1
            jitter = random.random()  # noqa: S311  # jitter, not a secret
            decision = decide(e, policy, attempt=number, elapsed_s=clock() - began_at, items=1, random=jitter)
            if not isinstance(decision, Wait):
                raise
            logger.warning("a download broke after %d bytes (%s); it goes on in %.1f s", received, e, decision.seconds)
            await asyncio.sleep(decision.seconds)
    if rest:
        yield rest
