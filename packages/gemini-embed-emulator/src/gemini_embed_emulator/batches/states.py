"""When a job is in which state: a function of the clock, so that nothing has to run in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .plan import JobPlan

State = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]

EXPIRES_S = 48 * 3600.0
"""A job that is pending or running for longer is expired."""


@dataclass
class Course:
    """A job's way through its states; times are seconds of the service's clock."""

    plan: JobPlan
    created: float
    lasts_s: float
    expires_s: float = EXPIRES_S
    cancelled: float | None = None
    """When somebody asked for its end."""
    has_no_input: bool = False
    """Whether what it was to read is gone: it fails when it would run."""

    @property
    def starts(self) -> float:
        """When it runs, unless it ends before."""
        return math.inf if self.plan.end == "PENDING" else self.created + self.lasts_s / 2

    @property
    def end(self) -> tuple[float, State]:
        """When it is over, and in which state, as far as it is known now."""
        planned: tuple[float, State] = (self.created + self.expires_s, "EXPIRED")
        if self.plan.end not in ("PENDING", "RUNNING") and self.lasts_s <= self.expires_s:
            planned = (self.created + self.lasts_s, self.plan.end)
        if self.has_no_input and self.starts < planned[0]:
            planned = (self.starts, "FAILED")
        if self.cancelled is not None and self.cancelled < planned[0]:
            return self.cancelled, "CANCELLED"
        return planned

    def state(self, now: float) -> State:
        """What it is at this time."""
        over, last = self.end
        if now >= over:
            return last
        return "RUNNING" if now >= self.starts else "PENDING"

    def is_over(self, now: float) -> bool:
        """Whether nothing more becomes of it."""
        return now >= self.end[0]

    def updated(self, now: float) -> float:
        """When its state last changed."""
        return max(at for at in (self.created, self.starts, self.end[0]) if at <= now)
