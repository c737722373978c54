"""One engine, two doors: coroutines run on the library's own loop in its own thread, for sync and async callers alike.

Sync calls are concurrent too, a notebook's running loop is no obstacle, several loops and threads share one object,
and there is one connection pool and one limiter. An engine begins with its first call, anew in a forked child,
and ends with `close()`, with the object, or with the interpreter; all of a process share the loop (`shared`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from gemini_embed.engine.shared import STOP_TIMEOUT_S, Session, SharedLoop, joined
from gemini_embed.errors import ApiError, ConfigurationError, ConnectionFailedError, EngineError

S = TypeVar("S", bound=Session)
T = TypeVar("T")

TELLING = (ApiError, ConfigurationError, ConnectionFailedError)
"""Errors whose words say all: what the service said, or what to set. They are raised without the frames within, which
would only stand between a reader and those words."""


class Pending(Generic[T]):
    """A job under way. `result()` waits for it, and so does `await`, without blocking the loop.

    Whatever interrupts the wait (Ctrl-C, a cancelled caller) cancels the job.
    """

    def __init__(self, future: concurrent.futures.Future[T], thread: threading.Thread) -> None:
        self._future = future
        self._thread = thread

    def result(self) -> T:
        """What the job returns, or raises.

        Raises:
            EngineError: closed meanwhile, or called on the engine's own thread, where it would wait for itself.
        """
        if threading.get_ident() == self._thread.ident:
            self._future.cancel()
            raise EngineError("a sync call on the engine's own thread would wait for itself: await its async twin")
        try:
            return self._future.result()
        except concurrent.futures.CancelledError:
            raise EngineError("closed while the call was running") from None
        except TELLING as error:
            error.__traceback__ = None
            raise error
        except BaseException:
            self._future.cancel()
            raise

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._future.done()

    def cancel(self) -> None:
        """End the job as soon as can be; what it had finished is lost."""
        self._future.cancel()

    async def _wait(self) -> T:
        try:
            return await asyncio.wrap_future(self._future)
        except TELLING as error:
            error.__traceback__ = None
            raise error
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._future.cancelled() and caller is not None and not caller.cancelling():
                raise EngineError("closed while the call was running") from None
            raise


class Engine(Generic[S]):
    """Runs jobs: functions of the session that return a coroutine. `open_session` is called once, in some thread."""

    def __init__(self, open_session: Callable[[], S]) -> None:
        self._open_session = open_session
        self._closed = False
        self._begin()
        _engines.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._place: _Place[S] | None = None
        self._finalizer: weakref.finalize[[], Engine[S]] | None = None

    def run(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """The sync door: start `job` and wait for it, see `Pending.result`."""
        return self.start(job).result()

    async def arun(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        """The async door: start `job` and await it, from any loop."""
        return await self.start(job)

    def start(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> Pending[T]:
        """Start `job` without waiting for it.

        Raises:
            EngineError: closed.
        """
        # Under the lock, so that no close comes between: a job that a stopped loop never sees would wait for ever.
        with self._lock:
            if self._closed or (self._finalizer is not None and not self._finalizer.alive):
                raise EngineError("this object is closed; make a new one")
            if self._place is None:
                self._place = _Place(self._open_session)
                # Runs when the engine is collected or the interpreter exits, whichever comes first.
                self._finalizer = weakref.finalize(self, self._place.close)
            return Pending(self._place.submit(job), self._place.thread)

    def close(self) -> None:
        """Cancel what runs, and end the thread unless others need it. Later calls raise `EngineError`."""
        with self._lock:
            self._closed = True
            finalizer, self._finalizer, self._place = self._finalizer, None, None
        if finalizer:
            finalizer()

    def _begin_anew_in_child(self) -> None:
        """The parent's jobs and connections are left to the parent."""
        if self._finalizer is not None:
            self._finalizer.detach()
        if self._place is not None:
            _left_by_parents.append(self._place)
        self._begin()


class _Place(Generic[S]):
    """An engine's place on the loop: its session and its jobs."""

    def __init__(self, open_session: Callable[[], S]) -> None:
        self._open_session = open_session
        self._opening: asyncio.Future[S] | None = None
        self._jobs: set[asyncio.Task[Any]] = set()
        self._shared: SharedLoop | None = joined()
        self._loop, self.thread = self._shared.loop, self._shared.thread

    def submit(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(self._in_session(job), self._loop)

    async def _in_session(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        task, shared = asyncio.current_task(), self._shared
        assert task is not None  # noqa: S101  # tells the type checker
        self._jobs.add(task)
        try:
            session = await self._session()
            if shared is not None:
                shared.busy(session)
            return await job(session)
        finally:
            self._jobs.discard(task)
            if shared is not None and self._shared is not None and not self._jobs and self._is_open():
                await shared.idle(session)

    async def _session(self) -> S:
        """Opened by the first job, in a thread: reading the CA file for a TLS context takes a tenth of a second."""
        if self._opening is None:
            self._opening = self._loop.run_in_executor(None, self._open_session)
        if self._opening.done():
            return self._opening.result()
        await asyncio.wait([self._opening])
        return self._opening.result()

    def _is_open(self) -> bool:
        return self._opening is not None and self._opening.done() and self._opening.exception() is None

    def close(self) -> None:
        shared, self._shared = self._shared, None
        if shared is None:
            return
        ended = asyncio.run_coroutine_threadsafe(self._wind_down(shared), shared.loop)
        if threading.get_ident() != self.thread.ident:
            concurrent.futures.wait([ended], STOP_TIMEOUT_S)

    async def _wind_down(self, shared: SharedLoop) -> None:
        # Jobs only: a library's inner tasks are ended by the library, which may not take it well from others.
        running = list(self._jobs)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._opening is not None:
            await asyncio.wait([self._opening])
        if self._opening is not None and self._is_open():
            session = self._opening.result()
            shared.busy(session)
            await session.aclose()


_engines: weakref.WeakSet[Engine[Any]] = weakref.WeakSet()
_left_by_parents: list[_Place[Any]] = []


def _after_fork_in_child() -> None:
    for engine in list(_engines):
        engine._begin_anew_in_child()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
