"""What runs in the child: requests in, replies out, until the parent ends."""

from __future__ import annotations

import os
import sys
from typing import Any

from gemini_embed.errors import GeminiEmbedError, MediaError
from gemini_embed.isolation.framing import packed, received


def main() -> None:
    """Serve by what the first message holds: a class, and what it is made with."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not come between the replies
    try:
        served, arguments = received(requests)
        server: Any = served(*arguments)
        while True:
            replies.write(_answered(server, received(requests)))
            replies.flush()
    except EOFError:
        return


def _answered(server: Any, request: tuple[Any, ...]) -> bytes:
    """What becomes of a request, as it is sent: (True, what it gives) or (False, its error)."""
    try:
        return packed((True, server.answer(*request)))
    except GeminiEmbedError as error:
        return packed((False, error))
    except Exception as error:  # a reader of the caller's own, or what nobody thought of
        return packed((False, MediaError(f"it could not be read: {error!r}", "damaged")))
