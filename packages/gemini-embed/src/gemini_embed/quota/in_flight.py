"""How many calls may be under way while no rate is known."""

from __future__ import annotations

FIRST_STARTS = 4
"""So many calls start at once, and more when one was answered: a refusal comes sooner than an answer, and few calls are
refused with the first one. Doubling with each round trip, all of a usual concurrency is reached in two."""
PATIENCE_S = 0.5
"""Where answers take longer one more call starts after so long."""
SPACED_STARTS = 16
SPACING_S = 0.008
"""The first calls beyond `FIRST_STARTS` are so far apart: answers come together, and starts should not."""


class InFlight:
    """Slow start, then additive increase and multiplicative decrease, as TCP does. Pure: time is passed in."""

    def __init__(self) -> None:
        self._size = float(FIRST_STARTS)
        self._threshold = float("inf")
        self._spaced = SPACED_STARTS
        self._last_start = float("-inf")
        self._is_wanted = False

    def wait(self, under_way: int, now: float) -> float:
        """Seconds until a call may start, when so many are under way; infinite when only an answer makes room."""
        if under_way >= self._size:
            self._is_wanted = True
            was_refused = self._threshold < float("inf")
            return float("inf") if was_refused else max(0.0, self._last_start + PATIENCE_S - now)
        if under_way >= FIRST_STARTS and self._spaced:
            return max(0.0, self._last_start + SPACING_S - now)
        return 0.0

    def started(self, under_way: int, now: float) -> None:
        """A call starts beside so many others."""
        self._is_wanted, self._last_start = False, now
        if under_way >= FIRST_STARTS and self._spaced:
            self._spaced -= 1

    def answered(self) -> None:
        """A call was let through: the window grows where more were wanted."""
        if self._is_wanted:
            self._size += 1 if self._size < self._threshold else 1 / self._size

    def refused(self, under_way: int) -> None:
        """A call was refused while so many were under way."""
        self._threshold = max(1.0, under_way / 2)
        self._size, self._spaced = 1.0, 0

    def open(self) -> None:
        """A rate is known, which says all: as many calls as there are."""
        self._size, self._spaced = float("inf"), 0
