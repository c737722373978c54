"""How much of a request is read."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_cli.serving.guard import Receive, Scope

MIB = 2**20


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """What is asked for is not done: a status of HTTP, and why in a sentence."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of what strangers send. What is inside of a file is bounded by the core: pixels, seconds, pages.

    Attributes:
        body_bytes: of a whole request.
        files: in one query.
        file_bytes: of one of them; the core reads no larger medium either.
        words: characters of a query.
        hits: most hits of an answer.
        uploads: requests with files that are read and embedded at once; others wait.
        searches: that run at once; others wait.
        waiting: requests that may wait; the next is told to come again.
        upload_s: how long the body of a request may take to arrive.
    """

    body_bytes: int = 40 * MIB
    files: int = 4
    file_bytes: int = 20 * MIB
    words: int = 8_000
    hits: int = 60
    uploads: int = 4
    searches: int = 8
    waiting: int = 256
    upload_s: float = 60.0


def bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """`receive`, which raises once more than `most` bytes have come; before the first where their number is told.

    Raises:
        Refused: 413.
    """
    refusal = Refused(413, f"All files together may have {most // MIB} MiB: take smaller ones.")
    told = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    if any(not value.isdigit() or int(value) > most for value in told):
        raise refusal
    come = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal come
        message = await receive()
        come += len(message.get("body", b""))
        if come > most:
            raise refusal
        return message

    return counted
