"""Vertex AI's batchPredictionJobs of embeddings: JSON lines from Cloud Storage, and answers back into it.

After the reference of the API and the page on batch inference of embeddings; nobody has published an answer [P].
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from gemini_embed_emulator.batches import Job, JobStore, NewJob
from gemini_embed_emulator.clock import timestamp
from gemini_embed_emulator.errors import ApiError

from .filters import tests_of
from .objects import ObjectStore, Pieces, split
from .paging import page_of
from .prediction_lines import PredictionLines, form
from .prediction_requests import Files, read_create
from .reply import Reply

EXPIRES_S = 72 * 3600.0
"""A job that has not run by then does not run any more."""
ROWS_A_FILE = 5_000
_PAGE_SIZE = 100


class PredictionJobs:
    """The jobs of one emulator, each in its project and location. What has ended is written to Cloud Storage."""

    def __init__(self, store: JobStore, lines: PredictionLines, objects: ObjectStore) -> None:
        self._store = store
        self._lines = lines
        self._objects = objects

    def create(self, parent: str, body: Any) -> Reply:
        """A new job below `parent`, `projects/p/locations/l`."""
        asked = read_create(parent, body)
        made = NewJob(
            model=asked.model.name,
            display_name=asked.told["displayName"],
            rows=Files(self._objects, asked.sources),
            read=lambda row: self._lines.read(asked.model, row),
            by_file=True,
        )
        job = self._store.create(made)
        job.extra.update(
            name=f"{parent}/batchPredictionJobs/{job.id}", parent=parent, told=asked.told, destination=asked.destination
        )
        return Reply({**self._named(job), "state": "JOB_STATE_PENDING"})  # however short it will be

    def get(self, parent: str, job_id: str) -> Reply:
        """One job."""
        return Reply(self._resource(self._find(parent, job_id)))

    def list_jobs(self, parent: str, query: Mapping[str, str]) -> Reply:
        """A page of the jobs that `filter` lets through, newest first."""
        self.publish()
        passes = tests_of(query.get("filter", ""))
        shown = [self._resource(job) for job in self._store.listed() if job.extra.get("parent") == parent]
        found = [one for one in shown if all(test(one) for test in passes)]
        return Reply(page_of(found, query, "batchPredictionJobs", _PAGE_SIZE))

    def cancel(self, parent: str, job_id: str) -> Reply:
        """Ask for a job's end, which takes as long as its plan says."""
        job = self._find(parent, job_id)
        if job.course.is_over(self._store.now):
            raise ApiError(400, f"The job is {_state(job, self._store.now)}.", status="FAILED_PRECONDITION")
        self._store.cancel(job, after_s=job.course.plan.cancelling_s)
        return Reply({})

    def delete(self, parent: str, job_id: str) -> Reply:
        """Take a job off the list, which has to be over; what it has written stays."""
        job = self._find(parent, job_id)
        if not job.course.is_over(self._store.now):
            raise ApiError(400, f"The job is {_state(job, self._store.now)}.", status="FAILED_PRECONDITION")
        self._store.delete(job)
        operation = f"{parent}/operations/{secrets.randbelow(10**18)}"
        empty = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return Reply({"name": operation, "done": True, "response": empty})

    def publish(self) -> None:
        """Write what ended jobs have answered to Cloud Storage, where vectors are made when they are read. Calls that
        look there do this first."""
        now = self._store.now
        for job in self._store.results():
            answers = job.copied()
            count = len(job.entries(now))
            files = job.course.plan.output_files or max(-(-count // ROWS_A_FILE), 1)
            size = max(-(-count // files), 1)
            for number in range(files):
                part = slice(number * size, (number + 1) * size)
                name = "predictions.jsonl" if files == 1 else f"predictions_{number:05d}.jsonl"
                bucket, path = split(f"{_directory(job)}/{name}")
                pieces = Pieces(partial(answers.pieces, now, form, part), -(-job.n_pieces(now) // files))
                self._objects.put(bucket, path, pieces, "application/octet-stream")
            self._store.discard(job)

    def _find(self, parent: str, job_id: str) -> Job:
        self.publish()
        job = self._store.find(job_id)
        if job is None or job.extra.get("parent") != parent:
            raise ApiError(404, f"The BatchPredictionJob {parent}/batchPredictionJobs/{job_id} does not exist.")
        return job

    @staticmethod
    def _named(job: Job) -> dict[str, Any]:
        """What stays as it was told."""
        told = job.extra["told"]
        names = ("displayName", "model", "inputConfig", "outputConfig", "labels")
        return {
            "name": job.extra["name"],
            **{name: told[name] for name in names if name in told},
            "createTime": timestamp(job.course.created),
        }

    def _resource(self, job: Job) -> dict[str, Any]:
        now, course = self._store.now, job.course
        shown = self._named(job) | {"state": f"JOB_STATE_{_state(job, now)}"}
        if now >= course.starts:
            shown["startTime"] = timestamp(course.starts)
        if course.is_over(now):
            done, failed, _ = job.counts(now)
            shown |= {
                "outputInfo": {"gcsOutputDirectory": _directory(job)},
                "completionStats": _stats(done, failed, job.items - done - failed),
                "endTime": timestamp(course.end[0]),
            }
        if (error := job.error(now)) and job.state(now) in ("FAILED", "CANCELLED"):
            shown["error"] = {"code": error.code, "message": error.message}
        return shown | {"updateTime": timestamp(course.updated(now)), "modelVersionId": "default"}


def new_prediction_id() -> str:
    """A job's id, as Vertex AI gives them: digits."""
    return str(10**18 + secrets.randbelow(8 * 10**18))


def _directory(job: Job) -> str:
    """Where a job writes: a folder of its own below what it was told."""
    made = timestamp(job.course.created)
    return f"{job.extra['destination']}/prediction-{job.model}-{made}"


def _state(job: Job, now: float) -> str:
    """The state by Vertex's name, or as its plan has it shown. Half of the time that it is PENDING it is QUEUED."""
    state: str = job.state(now)
    course = job.course
    if state == "PENDING" and now < course.created + (min(course.starts, course.end[0]) - course.created) / 2:
        state = "QUEUED"
    if course.cancelled is not None and not course.is_over(now):
        state = "CANCELLING"
    return course.plan.shown_as.get(state, state)


def _stats(done: int, failed: int, incomplete: int) -> dict[str, str]:
    counts = {"successfulCount": done, "failedCount": failed, "incompleteCount": incomplete}
    return {name: str(count) for name, count in counts.items() if count}
