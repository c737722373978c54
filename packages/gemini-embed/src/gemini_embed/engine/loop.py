"""One engine, two doors: coroutines run on the engine's own loop in its own thread, for sync and async callers alike.

Sync calls are concurrent too, a notebook's running loop is no obstacle, several loops and threads share one object,
and there is one connection pool and one limiter. The thread starts with the first call, a fork begins anew in the
child, and it ends with `close()`, with the object, or with the interpreter.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, Protocol, TypeVar

from gemini_embed.errors import EngineError


class Session(Protocol):
    """What jobs share on the loop, such as a connection pool."""

    async def aclose(self) -> None:
        """Called on the loop before it ends."""


S = TypeVar("S", bound=Session)
T = TypeVar("T")

STOP_TIMEOUT_S = 5.0
"""How long closing waits for the thread; it is a daemon, so an interpreter that exits is not held up."""


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
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._future.cancelled() and caller is not None and not caller.cancelling():
                raise EngineError("closed while the call was running") from None
            raise


class Engine(Generic[S]):
    """Runs jobs: functions of the session that return a coroutine. `open_session` is called in its thread, once."""

    def __init__(self, open_session: Callable[[], S]) -> None:
        self._open_session = open_session
        self._closed = False
        self._begin()
        _engines.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._runner: _Runner[S] | None = None
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
            if self._runner is None:
                self._runner = _Runner(self._open_session)
                # Runs when the engine is collected or the interpreter exits, whichever comes first.
                self._finalizer = weakref.finalize(self, self._runner.stop)
            return Pending(self._runner.submit(job), self._runner.thread)

    def close(self) -> None:
        """Cancel what runs and end the thread. Later calls raise `EngineError`; closing twice is fine."""
        with self._lock:
            self._closed = True
            finalizer, self._finalizer, self._runner = self._finalizer, None, None
        if finalizer:
            finalizer()

    def _begin_anew_in_child(self) -> None:
        """Threads do not survive a fork. The parent's loop and sockets are kept, not closed: they share their file
        descriptors (epoll's among them) with the parent, which would notice."""
        if self._finalizer is not None:
            self._finalizer.detach()
        if self._runner is not None:
            _left_by_parents.append(self._runner)
        self._begin()


class _Runner(Generic[S]):
    """The loop, its thread and the session on it."""

    def __init__(self, open_session: Callable[[], S]) -> None:
        self._open_session = open_session
        self._session: concurrent.futures.Future[S] = concurrent.futures.Future()
        self._jobs: set[asyncio.Task[Any]] = set()
        self.loop = _new_loop()
        self.thread = threading.Thread(target=self._main, name="gemini-embed", daemon=True)
        self.thread.start()

    def submit(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(self._in_session(job), self.loop)

    async def _in_session(self, job: Callable[[S], Coroutine[Any, Any, T]]) -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # tells the type checker
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return await job(self._session.result())

    def _main(self) -> None:
        try:  # before the loop runs: reading the CA file for a TLS context takes a tenth of a second
            self._session.set_result(self._open_session())
        except Exception as e:
            self._session.set_exception(e)
        self.loop.run_forever()
        self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(self._wind_down()))
        if threading.get_ident() != self.thread.ident:
            self.thread.join(STOP_TIMEOUT_S)

    async def _wind_down(self) -> None:
        # Jobs only: a library's inner tasks are ended by the library, which may not take it well from others.
        running = list(self._jobs)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._session.exception() is None:
            await self._session.result().aclose()
        await self.loop.shutdown_asyncgens()
        self.loop.stop()


def _new_loop() -> asyncio.AbstractEventLoop:
    """Python's own loop of this system, whatever the program's policy is: uvloop lacks what the transport asks for."""
    return getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)()  # the first on Windows only


_engines: weakref.WeakSet[Engine[Any]] = weakref.WeakSet()
_left_by_parents: list[_Runner[Any]] = []


def _after_fork_in_child() -> None:
    for engine in list(_engines):
        engine._begin_anew_in_child()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
