"""Scripted jobs: what is to become of a batch job, and in what state its results are.

    server.batches.push(JobPlan(end="FAILED", message="The file could not be read."), None, JobPlan(swapped=2))
    server.batches.rule = lambda job: JobPlan(batch_s=60) if job.items > 1000 else None

The queue is asked first, once for each job that is made; when it is empty the rule is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from .lines import LineError

_MOST_QUEUED = 100_000


class Entry(NamedTuple):
    """One answer; both numbers are positions in the job's input."""

    key: int
    """Whose key it has."""
    answer: int
    """Whose vector it is: the same, if all is well."""
    error: LineError | None = None


Arrange = Callable[[list[Entry]], list[Entry]]
"""Other answers than these, or these in another order."""


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """What becomes of one job; as it stands all goes well. Raises ValueError for a number that is out of range."""

    end: Literal["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PENDING", "RUNNING"] = "SUCCEEDED"
    """Its last state. One that stays PENDING or RUNNING is EXPIRED after 48 hours, as every job is."""
    batch_s: float | None = None
    """Seconds until then, half of them PENDING; None: `Settings.batch_s`."""
    code: int = 13
    """google.rpc.Code of the error of a job that is FAILED."""
    message: str = "An internal error has occurred."
    """The words of that error."""
    partial: float = 0.0
    """The share of the lines that are answered, and billed, when a job ends otherwise than SUCCEEDED."""
    listed_after_s: float | None = None
    """Seconds until the job is in the list; None: `Settings.batch_listed_after_s`."""
    shuffle: bool | None = None
    """Whether answers come in another order; None: as the service does, inline above 1,000."""
    swapped: int = 0
    """So many pairs of answers have each other's key."""
    missing: int = 0
    """So many lines are left out, and not billed."""
    doubled: int = 0
    """So many lines are there twice, and billed once."""
    failed: int = 0
    """So many lines have an error for an answer, and are not billed."""
    failed_code: int = 13
    """google.rpc.Code of those errors."""
    failed_message: str = "An internal error has occurred."
    """The words of those errors."""
    kept: float = 1.0
    """The share of a result file that is there: it ends within a line. All of it is billed."""
    output_files: int = 0
    """Files that a job of Vertex AI writes; 0: one for every 5,000 answers."""
    cancelling_s: float = 0.0
    """Seconds that a job of Vertex AI is CANCELLING."""
    shown_as: Mapping[str, str] = field(default_factory=dict)
    """Other names of states on Vertex AI: {"RUNNING": "PAUSED"}, or {"SUCCEEDED": "PARTIALLY_SUCCEEDED"}."""
    seed: int = 0
    """Of what is drawn: the order, and which lines are concerned."""
    arrange: Arrange | None = None
    """Changes the answers as it likes, after all of the above: a list of `Entry` in, one out. In Python only."""
    edit: Callable[[dict[str, Any]], None] | None = None
    """Changes each line of the results in place, key and all; its vector is a float32 array. In Python only."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            most = 1.0 if one.name in ("partial", "kept") else float("inf")
            if one.name != "seed" and isinstance(value, int | float) and not 0 <= value <= most:
                raise ValueError(f"{one.name}: {value} is not possible: 0 {'to 1' if most == 1.0 else 'or more'}.")


class Asked(NamedTuple):
    """A job that is being made, as a rule sees it."""

    number: int
    """1 for the first of this emulator."""
    model: str
    display_name: str
    items: int


class JobScript:
    """A queue of plans (None is an ordinary job), and a rule for jobs that find it empty."""

    def __init__(self) -> None:
        self._queue: deque[JobPlan | None] = deque()
        self.rule: Callable[[Asked], JobPlan | None] | None = None

    def push(self, *plans: JobPlan | None, times: int = 1) -> None:
        """Queue these for the next jobs, in order, the whole of it `times` over.

        Raises ValueError for less than once, and for more than 100,000 in the queue.
        """
        if times < 1 or len(self._queue) + len(plans) * times > _MOST_QUEUED:
            raise ValueError(f"times: {times} is not possible: 1 or more, and {_MOST_QUEUED:,} plans in the queue.")
        self._queue.extend(plans * times)

    def clear(self) -> None:
        """Forget the queue and the rule."""
        self._queue.clear()
        self.rule = None

    def __len__(self) -> int:
        return len(self._queue)

    def next(self, asked: Asked) -> JobPlan:
        """The plan of this job; one of which nothing is scripted when all is well."""
        if self._queue:
            return self._queue.popleft() or JobPlan()
        return (self.rule(asked) if self.rule else None) or JobPlan()
