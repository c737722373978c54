"""How often a job is looked at: at once, after 1, 2, 4, 8 and 16 seconds, then at most once in 30 s per 100 jobs.

A small job can be done within a minute and a large one takes hours, so looks grow rare quickly. A look asks for a list:
that is one request for as many jobs as a page holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

LONGEST_S = 30.0
JOBS_A_CALL = 100
"""Jobs that one call in `LONGEST_S` is allowed for."""


@dataclass
class Pauses:
    """How long to wait before the next look."""

    next_s: float = 1.0

    def after(self, calls: int, jobs: int) -> float:
        """Seconds to wait after a look at so many jobs that took so many calls.

        In a project with many other jobs ours may be pages apart: what takes more calls is done less often.
        """
        pause = self.next_s
        self.next_s = min(2 * pause, LONGEST_S)
        allowed = ceil(jobs / JOBS_A_CALL) or 1
        return pause * max(1.0, calls / allowed) if pause == LONGEST_S else pause
