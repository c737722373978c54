"""The one loop of a process, in a thread of its own: begun by the first object that needs it, ended with the last.

A thousand embedders that are kept cost one thread, and the connections of those that worked last.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from gemini_embed.errors import EngineError

STOP_TIMEOUT_S = 5.0
"""How long closing waits; the thread is a daemon, so an interpreter that exits is not held up."""
WORKERS = 6
"""Threads for what blocks: files, names looked up, pictures converted. They begin when they are needed."""
MOST_IDLE = 24
"""So many sessions without work keep what they have open; those that worked longest ago let go of it."""


class Session(Protocol):
    """What jobs of one engine share on the loop, such as a connection pool."""

    async def rest(self) -> None:
        """Called on the loop while no job runs: give back what can be had again."""

    async def aclose(self) -> None:
        """Called on the loop at the end."""


class SharedLoop:
    """The loop and its thread. They end when nobody holds this object any more."""

    def __init__(self) -> None:
        try:
            self.loop = _new_loop()
        except OSError as e:
            raise EngineError(f"no event loop can be made: {e}") from e
        workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="gemini-embed-worker")
        self.loop.set_default_executor(workers)
        self.thread = threading.Thread(target=_run, args=(self.loop, workers), name="gemini-embed", daemon=True)
        self._idle: dict[Session, None] = {}
        try:
            self.thread.start()
        except RuntimeError as e:
            self.loop.close()
            raise EngineError(f"no thread can be started: {e}") from e
        self._finalizer = weakref.finalize(self, _stop, self.loop, self.thread)
        _all.add(self)

    def busy(self, session: Session) -> None:
        """A job of this session begins, or it is closed; on the loop."""
        self._idle.pop(session, None)

    async def idle(self, session: Session) -> None:
        """The last job of this session has ended; on the loop."""
        self._idle[session] = None
        if len(self._idle) > MOST_IDLE:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            await oldest.rest()

    def _leave_to_parent(self) -> None:
        self._finalizer.detach()


def joined() -> SharedLoop:
    """The loop of this process; to be held as long as it is needed.

    Raises:
        EngineError: the system gives no thread, or no file descriptor.
    """
    global _current
    with _joining:
        held = _current() if _current is not None else None
        if held is None:
            held = SharedLoop()
            _current = weakref.ref(held)
        return held


def _new_loop() -> asyncio.AbstractEventLoop:
    """Python's own loop of this system, whatever the program's policy is: uvloop lacks what the transport asks for."""
    return getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)()  # the first on Windows only


def _run(loop: asyncio.AbstractEventLoop, workers: ThreadPoolExecutor) -> None:
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    workers.shutdown(cancel_futures=True)


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    if threading.get_ident() != thread.ident:
        thread.join(STOP_TIMEOUT_S)


_joining = threading.RLock()  # the garbage collector may end another object's engine while it is held
_current: weakref.ref[SharedLoop] | None = None
_all: weakref.WeakSet[SharedLoop] = weakref.WeakSet()
_left_by_parents: list[SharedLoop] = []


def _after_fork_in_child() -> None:
    """Threads do not survive a fork. The parent's loop and sockets are kept, not closed: they share their file
    descriptors (epoll's among them) with the parent, which would notice."""
    global _current, _joining
    _joining = threading.RLock()
    _current = None
    for shared in list(_all):
        shared._leave_to_parent()
        _left_by_parents.append(shared)


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
