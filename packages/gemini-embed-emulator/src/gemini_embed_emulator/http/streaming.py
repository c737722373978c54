"""Replies too long to be held: their pieces are made off the loop and sent as they come, in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .server import Client


@dataclass(frozen=True)
class Streamed:
    """A body in pieces, and how many there will be."""

    pieces: Iterator[bytes]
    count: int
    headers: Mapping[str, str] = field(default_factory=dict)


async def send_streamed(
    client: Client, body: Streamed, headers: Mapping[str, str], *, close: bool, break_off: bool = False
) -> None:
    """Send a 200 with this body; a client that closes gets it bare, as before chunks. `break_off` stops half-way."""
    chunked = {} if close else {"transfer-encoding": "chunked"}
    fields = {**headers, **body.headers, **chunked, "connection": "close" if close else "keep-alive"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    await client.send(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode("latin-1"))
    sent = 0
    while (piece := await asyncio.to_thread(next, body.pieces, None)) is not None:
        sent += 1
        breaks_off = break_off and 2 * sent > body.count
        if breaks_off:
            piece = piece[: len(piece) // 2]
        if piece:  # a chunk of no bytes is the last
            await client.send(piece if close else b"%x\r\n%s\r\n" % (len(piece), piece))
        if breaks_off:
            return
    if not close:
        await client.send(b"0\r\n\r\n")
