"""What runs in the child: requests in, replies out, until the parent ends."""

from __future__ import annotations

import os
from typing import Any

from gemini_embed.errors import ConfigurationError, GeminiEmbedError, MediaError
from gemini_embed.isolation.framing import packed, received

_LONGEST = 500
"""Characters of what an exception says: that of a codec holds all that it read."""
_CANNOT_BE_MADE = (
    "isolate= sends what it needs to a child process, which cannot take it: {}; functions must stand in a module that "
    "can be imported, not in the script that is run"
)


def main() -> None:
    """Serve by what the first message holds: a class, and what it is made with."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # a program that a reader calls must not take our requests for its input
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what libraries print must not come between the replies
    try:
        try:
            served, arguments = received(requests)
            server: Any = served(*arguments)
        except EOFError:
            raise
        except Exception as error:  # such as a function of a script, which no other process can import
            replies.write(packed((False, ConfigurationError(_CANNOT_BE_MADE.format(error)))))
            replies.flush()
            return
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
        return packed((False, MediaError(f"it could not be read: {repr(error)[:_LONGEST]}", "damaged")))
