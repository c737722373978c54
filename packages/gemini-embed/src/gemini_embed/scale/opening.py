"""What a worker has open, from batch to batch: engines may unpickle a stage anew for each."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast


class Closes(Protocol):
    """What is closed when the worker ends."""

    def close(self) -> None:
        """Close it."""


T = TypeVar("T", bound=Closes)

_opened: dict[str, Closes] = {}
_lock = threading.Lock()


def kept(token: str, make: Callable[[], T]) -> T:
    """What this process made for `token` when it was first asked; it is closed when the process ends."""
    with _lock:
        if token not in _opened:
            _opened[token] = make()
        return cast(T, _opened[token])


def let_go(token: str) -> None:
    """Close what is kept for `token`, if anything is."""
    with _lock:
        held = _opened.pop(token, None)
    if held is not None:
        held.close()


def _close_all(*_: Any) -> None:
    for token in list(_opened):
        let_go(token)


def _after_fork_in_child() -> None:
    """The child opens its own: nothing of the parent's is closed."""
    global _lock  # the old one may be held by a thread that the child does not have
    _lock = threading.Lock()
    _opened.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
