"""A token bucket."""

from __future__ import annotations


class Bucket:
    """Units that refill at a rate, up to `capacity`; a call larger than that may leave a debt."""

    def __init__(self, per_second: float, capacity: float, level: float, now: float) -> None:
        self.per_second, self.capacity = per_second, capacity
        self._level, self._at = level, now

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` may be taken."""
        self._refill(now)
        return max(0.0, (min(cost, self.capacity) - self._level) / self.per_second)

    def filled(self, now: float) -> float:
        """What is left, as a part of the capacity; below 0 where more was taken."""
        self._refill(now)
        return self._level / self.capacity

    def take(self, cost: float, now: float) -> None:
        """Take `cost`; a negative one gives back."""
        self._refill(now)
        self._level = min(self.capacity, self._level - cost)

    def _refill(self, now: float) -> None:
        self._level = min(self.capacity, self._level + max(0.0, now - self._at) * self.per_second)
        self._at = max(now, self._at)
