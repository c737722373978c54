"""Batch jobs of Vertex AI, its `batchPredictionJobs`: the JSON that creates one, what is told of one, a line of input.

Unlike the Developer API's, a job tells what it was given, and its counts and errors are real in a list too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemini_embed.preparing import Entry
from gemini_embed.wire.batch_jobs import OVER, JobReport, plain, read_error, read_state, read_time, readable
from gemini_embed.wire.options import Options, parts_of, to_bytes
from gemini_embed.wire.replies import as_array, as_object, parse

_COUNTED = {"successfulCount": "succeeded", "failedCount": "failed", "incompleteCount": "pending"}


def create_body(display_name: str, model: str, source: str, destination: str) -> bytes:
    """The body of a POST to `batchPredictionJobs`, for JSON lines at one gs:// address; answers go below another."""
    return to_bytes(
        {
            "displayName": display_name,
            "model": f"publishers/google/models/{model}",
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [source]}},
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": destination}},
        }
    )


def line_of(entry: Entry, key: bytes, options: Options) -> bytes:
    """One line of JSON with its line break: the options are in `embed_content_config` here. Media are loaded."""
    config = {
        "task_type": entry.task_type,
        "title": entry.title,
        "output_dimensionality": options.dimensions,
    }
    config = {name: value for name, value in config.items() if value}
    request: dict[str, Any] = {"content": {"parts": parts_of(entry)}}
    if config:
        request["embed_content_config"] = config
    return to_bytes({"key": key.hex(), "request": request}) + b"\n"


def read_job(body: bytes) -> JobReport:
    """What is told of one job.

    Raises:
        UnreadableReplyError: no JSON, or no job in it.
    """
    return parse(body, lambda reply: _job(plain(reply)))


def read_page(body: bytes, ours: str) -> tuple[list[JobReport], str]:
    """The jobs of one page of the list, and the token of the next page, "" where this is the last. An entry that is no
    job is passed over, unless it has the word `ours`.

    Raises:
        UnreadableReplyError: no JSON, or another shape.
    """

    def read(reply: Any) -> tuple[list[JobReport], str]:
        page = as_object(plain(reply))
        jobs = as_array(page.get("batchPredictionJobs") or [])
        return readable(jobs, _job, ours), str(page.get("nextPageToken") or "")

    return parse(body, read)


def _job(told: Any) -> JobReport:
    job = as_object(told)
    state = read_state(job.get("state"))
    return JobReport(
        name=str(job["name"]),
        display_name=str(job.get("displayName") or ""),
        model=str(job.get("model") or "").rpartition("/")[2].partition("@")[0],
        state=state,
        output=_output(job) if state in OVER else None,
        error=read_error(job.get("error") or None),
        created_at=read_time(job.get("createTime")),
        ended_at=read_time(job.get("endTime")),
        counts=_counts(job.get("completionStats") or {}),
        embeds="embedding" in str(job.get("model")),
    )


def _output(job: Mapping[str, Any]) -> str | None:
    """The folder of answers. A job that was ended early may not tell it; then it is below what the job was given."""
    told = as_object(job.get("outputInfo") or {}).get("gcsOutputDirectory")
    given = as_object(as_object(job.get("outputConfig") or {}).get("gcsDestination") or {}).get("outputUriPrefix")
    folder = str(told or given or "").rstrip("/")
    return folder or None


def _counts(told: Mapping[str, Any]) -> dict[str, int]:
    """Some of them may be -1: not known."""
    found = {ours: int(told[theirs]) for theirs, ours in _COUNTED.items() if theirs in told}
    counts = {name: count for name, count in found.items() if count >= 0}
    return {"requests": sum(counts.values()), **counts} if counts else {}
