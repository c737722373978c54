"""How the command ends: exit codes, and errors as sentences."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DONE, NOTHING, USAGE, SERVICE, STORE, PRICE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
"""Done; nothing found, or something missing (doctor); what was asked cannot be done; the service refused or did not
answer; the index is in use or damaged; the price was not agreed to, or the limit reached; Ctrl-C, after which what was
finished is kept."""


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM, which ends services and containers, ends the block as Ctrl-C does: what is open is closed, and what was
    spent is written down."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def told(error: Exception) -> int:
    """Say an error that is meant for the person, and return the exit code; any other is raised."""
    from gemini_embed import BatchError, BudgetError, GeminiEmbedError, RequestError, StoreError

    from gemini_embed_cli.commands.pricing import NotAgreedError

    if isinstance(error, OSError) and error.strerror and not isinstance(error, GeminiEmbedError):
        sys.stderr.write(f"gemini-embed: {f'{error.filename}: ' if error.filename else ''}{error.strerror}\n")
        return USAGE
    if not isinstance(error, GeminiEmbedError):
        raise error
    sys.stderr.write(f"gemini-embed: {error}\n")
    codes = {
        NotAgreedError: PRICE,
        BudgetError: PRICE,
        RequestError: SERVICE,
        BatchError: SERVICE,
        StoreError: STORE,
    }
    return next((code for kind, code in codes.items() if isinstance(error, kind)), USAGE)
