"""A file of lines as it comes in: cut at line breaks only, gone on with after a break, bounded."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator

import pytest
from gemini_embed import ApiError, ConnectionFailedError, RetryPolicy
from gemini_embed.batch_jobs import downloading
from gemini_embed.batch_jobs.downloading import blocks_of, lines_in
from gemini_embed.errors import ReplyError

AT_ONCE = RetryPolicy(first_wait_s=0.0)


def blocks(data: bytes, *, pieces: int = 7, breaks: int = 0) -> list[bytes]:
    """What comes of `data` in pieces of random sizes, with so many broken connections."""
    chance = random.Random(pieces)  # noqa: S311 - sizes of pieces, no secret
    left = breaks

    async def stream(start: int) -> AsyncGenerator[bytes, None]:
        nonlocal left
        ends = sorted(chance.sample(range(start + 1, len(data)), min(pieces, len(data) - start - 1)))
        for end in [*ends, len(data)]:
            yield data[start:end]
            start = end
            if left:
                left -= 1
                raise ConnectionFailedError("it broke", model="m")

    async def all_of() -> list[bytes]:
        return [block async for block in blocks_of(stream, AT_ONCE)]

    return asyncio.run(all_of())


LINES = [b"%d" % n * (n % 50) for n in range(300)]


@pytest.mark.parametrize("breaks", [0, 1, 5])
@pytest.mark.parametrize("pieces", [1, 7, 90, 3000])
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no-break-at-the-end", "a-break-at-the-end"])
def test_every_line_once(monkeypatch: pytest.MonkeyPatch, breaks: int, pieces: int, end: bytes) -> None:
    """Whole, in order, in blocks of whole lines."""
    monkeypatch.setattr(downloading, "BLOCK_BYTES", 1000)
    got = blocks(b"\n".join(LINES) + end, pieces=pieces, breaks=breaks)
    assert [line for block in got for line in lines_in(block)] == LINES
    assert all(block.endswith(b"\n") for block in got[:-1])


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error, before it fills the memory."""
    monkeypatch.setattr(downloading, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(downloading, "MOST_LINE_BYTES", 2**20)
    assert blocks(b"x" * (2**20 - 1) + b"\n", pieces=90)
    with pytest.raises(ReplyError, match="more than 1 MiB"):
        blocks(b"x" * 2**21, pieces=90)


def test_only_the_end_s_mark_was_lost() -> None:
    """A server that is asked for what comes after the last byte says that there is none."""

    async def stream(start: int) -> AsyncGenerator[bytes, None]:
        if start:
            raise ApiError(416, "OUT_OF_RANGE", "the range is not satisfiable", model="m")
        yield b"one\ntwo"
        raise ConnectionFailedError("it broke", model="m")

    async def all_of() -> bytes:
        return b"".join([block async for block in blocks_of(stream, AT_ONCE)])

    assert asyncio.run(all_of()) == b"one\ntwo"
