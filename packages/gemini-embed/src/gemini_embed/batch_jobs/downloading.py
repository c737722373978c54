"""Lines of a file of any size, as it comes in: a connection that breaks is gone on from where it broke."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

from gemini_embed.calls.retries import RetryPolicy, Wait, decide
from gemini_embed.errors import ApiError, ReplyError, RequestError

logger = logging.getLogger(__name__)

BLOCK_BYTES = 2**20
"""Of lines that are handed on together, to be read off the loop: few enough to stay in the CPU's caches."""
MOST_LINE_BYTES = 2**26
"""Vertex AI's lines repeat their request, media among it; nothing that has no end is to fill the memory."""

RANGE_NOT_SATISFIABLE = 416


async def blocks_of(
    stream: Callable[[int], AsyncGenerator[bytes, None]], policy: RetryPolicy
) -> AsyncGenerator[bytes, None]:
    """What `stream` gives from a byte on, cut at line breaks: whole lines, `BLOCK_BYTES` of them or some more at a
    time, a last one without a break too.

    Raises:
        RequestError: it cannot be had, for good. ReplyError: a line has more than `MOST_LINE_BYTES`.
    """
    clock = asyncio.get_running_loop().time
    received, number, began_at = 0, 0, clock()
    held = _Held()
    while True:
        try:
            async with aclosing(stream(received)) as pieces:
                async for piece in pieces:
                    received += len(piece)
                    number, began_at = 0, clock()
                    if block := held.add(piece):
                        yield block
            break
        except RequestError as e:
            if received and isinstance(e, ApiError) and e.code == RANGE_NOT_SATISFIABLE:
                break  # only the mark of the end was lost
            number += 1
            jitter = random.random()  # noqa: S311  # jitter, not a secret
            decision = decide(e, policy, attempt=number, elapsed_s=clock() - began_at, items=1, random=jitter)
            if not isinstance(decision, Wait):
                raise
            logger.warning("a download broke after %d bytes (%s); it goes on in %.1f s", received, e, decision.seconds)
            await asyncio.sleep(decision.seconds)
    if block := held.taken():
        yield block


def lines_in(block: bytes) -> Iterator[bytes]:
    """The lines of a block, without their breaks, one after another: only one is copied at a time."""
    start = 0
    while (end := block.find(b"\n", start)) >= 0:
        yield block[start:end]
        start = end + 1
    if start < len(block):
        yield block[start:]


class _Held:
    """Bytes that were not handed on yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> bytes:
        """All whole lines, where there are enough of them; else nothing."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size < BLOCK_BYTES:
            return b""
        end = piece.rfind(b"\n") + 1
        if not end and self._size > MOST_LINE_BYTES:
            raise ReplyError(f"a line of the results has more than {MOST_LINE_BYTES >> 20} MiB: that is no answer")
        if not end:
            return b""
        self._pieces[-1] = piece[:end]
        block = self.taken()
        self._pieces, self._size = [piece[end:]], len(piece) - end
        return block

    def taken(self) -> bytes:
        """All there is."""
        block = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return block
