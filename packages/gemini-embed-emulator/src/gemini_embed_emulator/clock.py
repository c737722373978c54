"""The service's time, which tests may move on: files and jobs that live two days need not be waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

_LAST_SECOND = 253_402_300_799  # of the year 9999, after which there are no timestamps


class Clock:
    """Seconds since 1970: those of the machine, and what it was moved on by."""

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self.ahead_s = 0.0
        """How far it is ahead of the machine's."""

    def __call__(self) -> float:
        """The time now."""
        return self._machine() + self.ahead_s

    def advance(self, seconds: float) -> None:
        """Move it on. Raises ValueError for less than 0: jobs would be younger than they were."""
        if not seconds >= 0:
            raise ValueError(f"seconds: {seconds} is not possible: the clock is moved on, 0 or more.")
        self.ahead_s += seconds

    def reset(self) -> None:
        """Show the machine's time again."""
        self.ahead_s = 0.0


def timestamp(seconds: float, *, nanoseconds: bool = False) -> str:
    """google.protobuf.Timestamp in microseconds, as files have it, or in `nanoseconds`, as jobs do."""
    text = datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC).isoformat(timespec="microseconds")
    finer = f"{int(seconds * 1e6) * 7919 % 999 + 1:03d}" if nanoseconds else ""  # never 000, which is not written
    return text.replace("+00:00", f"{finer}Z")
