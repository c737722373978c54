"""Jobs of the Batch API: the JSON that creates one, and what the service tells of one.

An operation holds its job under `metadata`; some clients were sent the same fields at the top, so both are read. No
answer repeats what a job was given. Entries of a list have no output and stale counts: only their state holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from gemini_embed.wire.options import to_bytes
from gemini_embed.wire.replies import as_array, as_object, parse, read_count

JobState = Literal["pending", "running", "succeeded", "failed", "cancelled", "expired", "unknown"]
OVER: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled", "expired"})

_PREFIXES = ("BATCH_STATE_", "JOB_STATE_")
_SAME: Mapping[str, JobState] = {
    "queued": "pending",
    "updating": "pending",
    "paused": "pending",
    "cancelling": "running",
    "partially_succeeded": "succeeded",
}
"""Vertex's further states."""
_CANCELLED = 1
"""`google.rpc.Code` of an operation that was cancelled."""


@dataclass(frozen=True)
class JobError:
    """Why a job failed: a `google.rpc.Status`."""

    code: int
    message: str


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """What the service tells of one job.

    Attributes:
        name: what it is asked by, "batches/..." (on Vertex AI "projects/.../batchPredictionJobs/...").
        display_name: as it was given when it was created.
        model: bare name; "" where it is not told.
        state: see `JobState`; "unknown" is one that nobody has heard of.
        output: where its answers are, "files/..." (a folder of Cloud Storage on Vertex AI); None before there are any,
            and in a list.
        error: why it failed, where that is told.
        created_at, ended_at: with their time zone; None where they are not told.
        counts: lines by "requests", "succeeded", "failed" and "pending", as far as told; stale in a list.
        embeds: whether it is a job of embeddings; the list holds all of the project's.
    """

    name: str
    display_name: str = ""
    model: str = ""
    state: JobState = "unknown"
    output: str | None = None
    error: JobError | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    embeds: bool = True

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in OVER


def create_body(display_name: str, input_file: str) -> bytes:
    """The body of `models/{m}:asyncBatchEmbedContent` for a file of lines, spelt as google-genai spells it."""
    return to_bytes({"batch": {"displayName": display_name, "inputConfig": {"file_name": input_file}}})


def read_job(body: bytes) -> JobReport:
    """What is told of one job.

    Raises:
        UnreadableReplyError: no JSON, or no job in it.
    """
    return parse(body, lambda reply: job_of(plain(reply)))


def read_page(body: bytes, ours: str) -> tuple[list[JobReport], str]:
    """The jobs of one page of the list, newest first, and the token of the next page, "" where this is the last.

    A page may be empty and have a next one. The list holds what others of the project have made: an entry that is no
    job is passed over, unless it has the word `ours`.

    Raises:
        UnreadableReplyError: no JSON, or another shape.
    """

    def read(reply: Any) -> tuple[list[JobReport], str]:
        page = as_object(plain(reply))
        operations = as_array(page.get("operations") or page.get("batches") or [])
        return readable(operations, job_of, ours), str(page.get("nextPageToken") or "")

    return parse(body, read)


def readable(entries: Iterable[Any], read: Callable[[Any], JobReport], ours: str) -> list[JobReport]:
    """The jobs among the entries of a list. One of ours is never passed over: it would be taken for one that was never
    created, and paid again."""
    jobs: list[JobReport] = []
    for entry in entries:
        try:
            jobs.append(read(entry))
        except (KeyError, TypeError, ValueError):
            if ours in str(entry):
                raise
    return jobs


def plain(reply: Any) -> Any:
    """Dicts and lists: a job is small, and its values are kept."""
    return reply if isinstance(reply, dict) else as_object(reply).as_dict()


def job_of(operation: Any) -> JobReport:
    """What an operation, as JSON, tells of its job. KeyError, TypeError or ValueError: it is none."""
    told = as_object(operation)
    batch = {**told, **as_object(told.get("metadata") or {})}
    name = str(told.get("name") or batch["name"])
    error = read_error(told.get("error") or batch.get("error"))
    return JobReport(
        name=name,
        display_name=str(batch.get("displayName") or ""),
        model=str(batch.get("model") or "").rpartition("/")[2],
        state=_state(batch, error),
        output=_output(batch),
        error=error,
        created_at=read_time(batch.get("createTime")),
        ended_at=read_time(batch.get("endTime")),
        counts=_counts(batch.get("batchStats") or {}),
        embeds="GenerateContentBatch" not in str(batch.get("@type", "")),
    )


def read_state(told: object) -> JobState:
    """A state by any of its names; "unknown" for one that nobody has heard of."""
    name = str(told or "")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    name = name.lower()
    if name in get_args(JobState):
        return name  # type: ignore[return-value]  # it was looked up
    return _SAME.get(name, "unknown")


def read_time(told: object) -> datetime | None:
    """A time as the wire has it, to the microsecond ("2026-07-25T00:15:48.588771827Z"); None where there is none."""
    if not isinstance(told, str) or not told:
        return None
    seconds, dot, rest = told.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(f"{seconds}.{digits[:6]:0<6}{rest[len(digits) :]}" if dot else told)


def _state(batch: Mapping[str, Any], error: JobError | None) -> JobState:
    state = read_state(batch.get("state"))
    if error is not None and state not in OVER:
        return "cancelled" if error.code == _CANCELLED else "failed"
    if state == "unknown" and batch.get("done") is True and "response" in batch:
        return "succeeded"
    return state


def _output(batch: Mapping[str, Any]) -> str | None:
    """The file of answers: told twice by a job that is done, and by one of them at least."""
    for holder in (batch.get("output"), batch.get("response"), batch):
        if isinstance(holder, Mapping) and (file := holder.get("responsesFile")):
            return str(file)
    return None


def read_error(told: object) -> JobError | None:
    if not isinstance(told, Mapping):
        return None
    return JobError(int(told.get("code") or 0), str(told.get("message") or "no message"))


_COUNTED = {
    "requestCount": "requests",
    "successfulRequestCount": "succeeded",
    "failedRequestCount": "failed",
    "pendingRequestCount": "pending",
}


def _counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {ours: read_count(told[theirs]) for theirs, ours in _COUNTED.items() if theirs in told}
