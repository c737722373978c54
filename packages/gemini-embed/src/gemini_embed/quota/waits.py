"""How long a job has waited, and why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Waits:
    """Seconds by reason in which calls of one job waited; those that wait together for one reason count once."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._began: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    @property
    def seconds(self) -> dict[str, float]:
        """By reason, of the waits that have ended."""
        return dict(self._seconds)

    @contextmanager
    def counted(self, reason: str) -> Iterator[None]:
        """A wait for this reason; on the engine's loop only."""
        if not self._waiting[reason]:
            self._began[reason] = time.monotonic()
        self._waiting[reason] += 1
        try:
            yield
        finally:
            self._waiting[reason] -= 1
            if not self._waiting[reason]:
                waited_s = time.monotonic() - self._began[reason]
                self._seconds[reason] = self._seconds.get(reason, 0.0) + waited_s
