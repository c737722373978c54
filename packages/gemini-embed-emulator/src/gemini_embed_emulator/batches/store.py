"""All jobs of one API: made within the queue's limits, found, cancelled, deleted, and billed when they are over."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator import errors
from gemini_embed_emulator.bill import Account
from gemini_embed_emulator.settings import Settings

from .job import Job, size_of
from .lines import BadLineError, LineError, ReadLine, Survey
from .plan import Asked, JobPlan, JobScript
from .states import EXPIRES_S, Course

_MOST_ENDED = 10_000
_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 36
_NO_INPUT = LineError(5, "Requested entity was not found.")
"""Of a job whose file is gone before it runs [P]."""


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What a create call asks for."""

    model: str
    display_name: str
    rows: Sequence[Any]
    read: ReadLine
    by_file: bool
    priority: int = 0
    input_name: str = ""
    """The file that holds the input."""
    input_expires: float | None = None
    """When that file is gone, by the service's clock."""


def new_id() -> str:
    """A job's id, as the Developer API gives them."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))


class JobStore:
    """The jobs of one API. A job that is deleted runs on; a job's answers live as long as a file."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        script: JobScript,
        account: Account,
        ids: Callable[[], str] = new_id,
        *,
        expires_s: float = EXPIRES_S,
        queue: bool = True,
    ) -> None:
        """`queue`: whether the service limits how many jobs there are at once, and their tokens."""
        self._settings = settings
        self._clock = clock
        self._script = script
        self._account = account
        self._new_id = ids
        self._expires_s = expires_s
        self._has_queue = queue
        self._jobs: dict[str, Job] = {}
        self._deleted: dict[str, Job] = {}
        self._results: dict[str, Job] = {}
        self._made = 0
        self._lock = threading.RLock()  # the bill and the jobs are looked at from other threads than the server's

    @property
    def now(self) -> float:
        """The service's time."""
        return self._clock()

    def create(self, asked: NewJob) -> Job:
        """A new job. Raises ApiError 429 where the queue or the memory is full; nothing is scripted for those."""
        survey, failure = _surveyed(asked)  # which takes its time, and waits for nobody
        n_bytes = size_of(asked.rows)
        with self._lock:
            self.settle()
            if self._has_queue:
                self._check_queue(asked.model, sum(survey.tokens))
            self._check_room(n_bytes)
            self._made += 1
            plan = self._script.next(Asked(self._made, asked.model, asked.display_name, len(asked.rows)))
            job = self._job(asked, plan, survey, failure, n_bytes)
            self._jobs[job.id] = job
        return job

    def _job(self, asked: NewJob, plan: JobPlan, survey: Survey, failure: LineError | None, n_bytes: int) -> Job:
        now = self.now
        lasts_s = self._settings.batch_s if plan.batch_s is None else plan.batch_s
        if asked.input_expires is not None and now + lasts_s / 2 >= asked.input_expires:
            failure = _NO_INPUT
        if failure:
            plan = JobPlan(end="FAILED", listed_after_s=plan.listed_after_s)
        return Job(
            id=self._new_id(),
            model=asked.model,
            display_name=asked.display_name,
            rows=asked.rows,
            read=asked.read,
            course=Course(plan, now, lasts_s, self._expires_s),
            survey=survey,
            by_file=asked.by_file,
            n_bytes=n_bytes,
            priority=asked.priority,
            input_name=asked.input_name,
            failure=failure,
        )

    def find(self, job_id: str) -> Job | None:
        """The job of this id, None when there is none, or none any more."""
        self.settle()
        return self._jobs.get(job_id)

    def listed(self) -> list[Job]:
        """All jobs, newest first; a new one only after a while, where that is scripted."""
        return [job for job in self.all() if self.now >= job.course.created + self._hidden_s(job)]

    def all(self) -> list[Job]:
        """All jobs, newest first, those that no list shows yet too."""
        self.settle()
        return [*reversed(self._jobs.values())]

    def cancel(self, job: Job, after_s: float = 0.0) -> None:
        """End a job that is not over, now or after some seconds."""
        if job.course.cancelled is None and not job.course.is_over(self.now):
            job.course.cancelled = self.now + after_s
        self.settle()

    def delete(self, job: Job) -> None:
        """Take a job off the list. One that runs goes on, in the queue and on the bill."""
        with self._lock:
            del self._jobs[job.id]
            if not job.settled:
                self._deleted[job.id] = job

    def lose_input(self, name: str) -> None:
        """A file was deleted: jobs that have not read it yet will not find it."""
        with self._lock:
            for job in [*self._jobs.values(), *self._deleted.values()]:
                if job.input_name == name and job.state(self.now) == "PENDING":
                    job.course.has_no_input, job.failure = True, _NO_INPUT

    def result(self, job_id: str) -> Job | None:
        """The job whose answers are still there, deleted though it may be."""
        self.settle()
        return self._results.get(job_id)

    def results(self) -> list[Job]:
        """All jobs whose answers are there, the latest first."""
        self.settle()
        return [*reversed(self._results.values())]

    def discard(self, job: Job) -> None:
        """Delete a job's answers."""
        with self._lock:
            self._results.pop(job.id, None)
        job.forget()

    def settle(self) -> None:
        """Bring everything to what it is now: bill what has ended, forget what has lived its time."""
        now = self.now
        with self._lock:
            for job in [*self._jobs.values(), *self._deleted.values()]:
                if not job.settled and job.course.is_over(now):
                    self._end(job, now)
            for job in [job for job in self._results.values() if now >= self.expires(job)]:
                self.discard(job)
            ended = [job for job in self._jobs.values() if job.settled]
            for job in ended[: max(len(ended) - _MOST_ENDED, 0)]:
                del self._jobs[job.id]

    def expires(self, job: Job) -> float:
        """When a job's answers are gone."""
        return job.course.end[0] + self._settings.file_lifetime_s

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for jobs in (self._jobs, self._deleted, self._results):
                jobs.clear()

    def _end(self, job: Job, now: float) -> None:
        billable = job.billable(now)
        survey = job.survey
        self._account.add([survey.contents[i] for i in billable], sum(survey.tokens[i] for i in billable))
        job.settled = True
        self._deleted.pop(job.id, None)
        if job.answered(now):
            self._results[job.id] = job
        else:
            job.forget()

    def _hidden_s(self, job: Job) -> float:
        told = job.course.plan.listed_after_s
        return self._settings.batch_listed_after_s if told is None else told

    def _check_queue(self, model: str, tokens: int) -> None:
        active = [job for job in (*self._jobs.values(), *self._deleted.values()) if not job.settled]
        quota = self._settings.quota
        limit = quota.enqueued_tokens if quota else None
        enqueued = sum(job.tokens for job in active if job.model == model)
        if len(active) >= self._settings.max_batch_jobs or (limit is not None and enqueued + tokens > limit):
            raise errors.batch_quota_exceeded()

    def _check_room(self, more: int) -> None:
        limit = self._settings.max_files_bytes
        held = {id(job): job.n_bytes for job in (*self._jobs.values(), *self._results.values())}
        if sum(held.values()) + more > limit:
            raise errors.ApiError(429, f"The inputs of jobs may hold {limit} bytes together: delete some results.")


def _surveyed(asked: NewJob) -> tuple[Survey, LineError | None]:
    """What the lines ask, or why the job will fail: the service reads them when it runs the job, not before [P]."""
    try:
        survey = Survey.of(asked.rows, asked.read)
    except BadLineError as error:
        return Survey(), LineError(3, f"The input file could not be read: {error}.")
    return survey, None if len(asked.rows) else LineError(3, "The input file holds no requests.")
