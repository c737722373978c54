"""Turns at something that one process at a time can have: kept between uses, handed over when another asks.

Two locks beside it, which the system lets go of when their process ends, however it ends:

    NAME.lock      held by who has it
    NAME.asking    held by who wants it next, while it waits: that it cannot be taken is how a holder learns of it

A holder looks every 50 ms. It hands over between two uses, once it has had its share, and queues up again for the next.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed import StoreLockedError

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOOK_EVERY_S = 0.05
SHARE_S = 0.5
"""Who has just got it keeps it so long, or two that are busy would do nothing but hand over."""


class Turns:
    """Turns at `place`, a path beside which the locks lie. Thread-safe; one thread at a time uses it.

    `taken` is called with each turn's begin, `given` before its end.
    """

    def __init__(self, place: Path, wait_s: float, taken: Callable[[], None], given: Callable[[], None]) -> None:
        self._place, self._wait_s, self._taken, self._given = place, wait_s, taken, given
        self._inside = threading.RLock()
        self._held: BaseFileLock | None = None
        self._depth = 0
        self._since = 0.0
        self._is_asked = False

    @contextmanager
    def use(self) -> Iterator[None]:
        """Have it for as long as the block lasts, and until another asks. Blocks may be nested.

        Raises:
            StoreLockedError: nobody handed it over in time.
        """
        if not self._inside.acquire(timeout=self._wait_s):
            raise self._too_long()
        try:
            self._depth += 1  # before it begins: opening a store calls its methods
            try:
                if self._depth == 1:
                    self._begin()
                yield
            finally:
                self._depth -= 1
        finally:
            self._inside.release()

    def end(self) -> None:
        """Let go, where it is held."""
        with self._inside:
            if self._held is not None:
                held, self._held = self._held, None
                try:
                    self._given()
                finally:
                    held.release()

    def _begin(self) -> None:
        if self._held is not None and self._is_asked and time.monotonic() - self._since >= SHARE_S:
            self.end()
        if self._held is None:
            held = self._acquired()
            try:
                self._taken()
            except BaseException:
                held.release()
                raise
            self._held, self._since, self._is_asked = held, time.monotonic(), False
            threading.Thread(target=self._watch, args=(held,), name="gemini-embed turns", daemon=True).start()

    def _acquired(self) -> BaseFileLock:
        from filelock import Timeout

        self._place.parent.mkdir(parents=True, exist_ok=True)
        asking, held, until = self._lock("asking"), self._lock("lock"), time.monotonic() + self._wait_s
        try:
            with asking.acquire(timeout=self._wait_s, poll_interval=LOOK_EVERY_S):
                held.acquire(timeout=max(0.0, until - time.monotonic()), poll_interval=LOOK_EVERY_S / 5)
        except Timeout as error:
            raise self._too_long() from error
        what = f"process {os.getpid()} ({' '.join([Path(sys.argv[0]).name, *sys.argv[1:2]])})"
        with contextlib.suppress(OSError):  # a full disk: others are told of "another process" then
            self._told.write_text(what, "utf-8", "backslashreplace")
        return held

    def _watch(self, held: BaseFileLock) -> None:
        from filelock import Timeout

        asking = self._lock("asking")
        while self._held is held:
            time.sleep(LOOK_EVERY_S)
            try:
                asking.acquire(timeout=0)
                asking.release()
            except Timeout:
                self._is_asked = True
                self._hand_over(held)

    def _hand_over(self, held: BaseFileLock) -> None:
        """Where it is not in use now; else who uses it next does it."""
        if time.monotonic() - self._since >= SHARE_S and self._inside.acquire(blocking=False):
            try:
                if self._held is held and self._depth == 0:
                    self.end()
            finally:
                self._inside.release()

    def _lock(self, what: str) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(f"{self._place}.{what}", thread_local=False)

    @property
    def _told(self) -> Path:
        return Path(f"{self._place}.holder")

    def _too_long(self) -> StoreLockedError:
        who = "another process"
        with contextlib.suppress(OSError):
            who = self._told.read_text("utf-8", "replace") or who
        return StoreLockedError(
            f"{self._place} is in use by {who}, which did not hand it over within {self._wait_s:g} s: wait for it to "
            "end, or end it (nothing is lost)"
        )
