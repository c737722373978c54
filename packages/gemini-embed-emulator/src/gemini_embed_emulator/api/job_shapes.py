"""Batch jobs as the Developer API writes them: operations whose metadata is the batch, as captured in 2026."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from gemini_embed_emulator.batches import Job
from gemini_embed_emulator.clock import timestamp

RESULT = "files/batch-"
"""How the name of a file of results begins; its job's id follows."""
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main."
_OURS, _OTHERS = _TYPE + "EmbedContentBatch", _TYPE + "GenerateContentBatch"
_HOST = "https://generativelanguage.googleapis.com"
_OTHER_S = 60.0


def created(job: Job) -> dict[str, Any]:
    """The answer to its making: it is pending, however short it will be."""
    return {"name": _name(job), "metadata": {"@type": _OURS, **batch(job, job.course.created, state="PENDING")}}


def operation(job: Job, now: float, inline: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A job in full: what it has answered is there twice."""
    output = _output(job, now, inline)
    metadata = {"@type": _OURS, **batch(job, now, output=output)}
    return {"name": _name(job), "metadata": metadata, **_end(job, now, output)}


def listed(job: Job, now: float) -> dict[str, Any]:
    """A job in the list: without what it has answered, and with the counts of its beginning."""
    metadata = {"@type": _OURS, **batch(job, now, stale=True)}
    return {"name": _name(job), "metadata": metadata, **_end(job, now, {})}


def batch(
    job: Job, now: float, *, output: dict[str, Any] | None = None, state: str = "", stale: bool = False
) -> dict[str, Any]:
    """An EmbedContentBatch; a field that is empty is left out. What the job was given does not come back."""
    course = job.course
    over = course.is_over(now) and not state
    done, failed, pending = (0, 0, job.items) if stale or state else job.counts(now)
    stats = {
        "requestCount": job.items,
        "pendingRequestCount": pending,
        "successfulRequestCount": done,
        "failedRequestCount": failed,
    }
    fields = {
        "model": f"models/{job.model}",
        "displayName": job.display_name,
        "output": output,
        "createTime": timestamp(course.created, nanoseconds=True),
        "endTime": timestamp(course.end[0], nanoseconds=True) if over else "",
        # Captured of a job of text generation that ran, and not of one of embeddings that was over.
        "updateTime": "" if over else timestamp(course.updated(now), nanoseconds=True),
        "batchStats": {name: str(count) for name, count in stats.items() if count},
        "state": f"BATCH_STATE_{state or job.state(now)}",
        "name": _name(job),
        "priority": str(job.priority) if job.priority else "",
    }
    return {name: value for name, value in fields.items() if value}


def result_file(job: Job, expires: float) -> dict[str, Any]:
    """A file of results; how large it is, is not known before its vectors are made."""
    name, ended = f"{RESULT}{job.id}", timestamp(job.course.end[0])
    return {
        "name": name,
        "mimeType": "application/jsonl",
        "createTime": ended,
        "updateTime": ended,
        "expirationTime": timestamp(expires),
        "uri": f"{_HOST}/v1beta/{name}",
        "downloadUri": f"{_HOST}/v1beta/{name}:download?alt=media",
        "state": "ACTIVE",
        "source": "GENERATED",
    }


def other_jobs(count: int, now: float) -> list[dict[str, Any]]:
    """So many jobs of generateContent in the list, a minute old and more."""
    return [_other(number, now) for number in range(count)]


def other_job(job_id: str, count: int, now: float) -> dict[str, Any] | None:
    """The one of them that has this id."""
    return next((_other(number, now) for number in range(count) if _other_id(number) == job_id), None)


def mixed(ours: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One list, with theirs between ours."""
    pairs = itertools.zip_longest(ours, others)
    return [one for pair in pairs for one in pair if one is not None]


def _other_id(number: int) -> str:
    return hashlib.blake2b(f"generate {number}".encode(), digest_size=18).hexdigest()


def _other(number: int, now: float) -> dict[str, Any]:
    name, created_at = f"batches/{_other_id(number)}", now - _OTHER_S * (number + 1)
    metadata = {
        "@type": _OTHERS,
        "model": "models/gemini-3-flash",
        "displayName": f"of another program {number}",
        "createTime": timestamp(created_at, nanoseconds=True),
        "updateTime": timestamp(created_at, nanoseconds=True),
        "batchStats": {"requestCount": "2", "pendingRequestCount": "2"},
        "state": "BATCH_STATE_RUNNING",
        "name": name,
    }
    return {"name": name, "metadata": metadata}


def _name(job: Job) -> str:
    return f"batches/{job.id}"


def _output(job: Job, now: float, inline: list[dict[str, Any]] | None) -> dict[str, Any]:
    if inline is not None:
        return {"inlinedResponses": {"inlinedResponses": inline}}
    return {"responsesFile": f"{RESULT}{job.id}"} if job.by_file and job.answered(now) else {}


def _end(job: Job, now: float, output: dict[str, Any]) -> dict[str, Any]:
    """`done`, absent until it is true, and either of what was answered and why it was not."""
    if not job.course.is_over(now):
        return {}
    error = job.error(now)
    if error:
        return {"done": True, "error": {"code": error.code, "message": error.message}}
    return {"done": True, "response": {"@type": _OURS, **output}}
