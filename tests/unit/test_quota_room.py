"""Room for bytes in memory: first come, first served, one always may, and nothing is lost by who is cancelled."""

from __future__ import annotations

import asyncio

from gemini_embed.quota import Room


async def test_who_does_not_fit_waits_in_line() -> None:
    room, begun = Room(10), []

    async def taking(name: str, size: int) -> None:
        await room.take(size)
        begun.append(name)

    await room.take(6)
    waiting = [asyncio.create_task(taking(name, size)) for name, size in (("large", 8), ("small", 1))]
    await asyncio.sleep(0)
    assert (begun, room.has(1)) == ([], False), "a small one does not overtake"
    room.give_back(6)
    await asyncio.gather(*waiting)
    assert begun == ["large", "small"]
    room.give_back(9)
    assert room.has(10)


async def test_one_may_be_larger_than_the_room() -> None:
    room = Room(10)
    await room.take(50)
    assert not room.has(1)
    room.give_back(50)
    async with room.taken(11):
        assert not room.has(1)
    assert room.has(10)


async def test_who_is_cancelled_leaves_the_line() -> None:
    room = Room(10)
    await room.take(10)
    first, second = (asyncio.create_task(room.take(10)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    room.give_back(10)
    await second
    room.give_back(10)
    assert room.has(10)


async def test_who_is_cancelled_at_the_same_moment_gives_back() -> None:
    room = Room(10)
    await room.take(10)
    waiting = asyncio.create_task(room.take(10))
    await asyncio.sleep(0)
    room.give_back(10)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert room.has(10)
