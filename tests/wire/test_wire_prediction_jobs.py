"""Vertex AI's batch jobs on the wire: a line of input as documented, and what is read of a job and of a list."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from gemini_embed.batch_jobs.names import OURS
from gemini_embed.errors import UnreadableReplyError
from gemini_embed.preparing import Entry
from gemini_embed.wire import Options
from gemini_embed.wire.batch_jobs import JobError, JobReport
from gemini_embed.wire.prediction_jobs import line_of, read_job, read_page

KEY = bytes(range(32))
JOB = {
    "name": "projects/1/locations/global/batchPredictionJobs/42",
    "displayName": "gemini-embed/run/0/0011223344556677",
    "model": "publishers/google/models/gemini-embedding-2",
    "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://b/in.jsonl"]}},
    "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://b/out/"}},
    "state": "JOB_STATE_SUCCEEDED",
    "createTime": "2026-11-22T04:00:00.123456Z",
    "endTime": "2026-11-22T05:00:00Z",
    "outputInfo": {"gcsOutputDirectory": "gs://b/out/prediction-model-2026-11-22T04:00:00.123Z"},
    "completionStats": {"successfulCount": "9", "failedCount": "1"},
}


def entry(parts: list[Any], **more: Any) -> Entry:
    return Entry(0, parts, tokens=1, size_bytes=1, **more)


def read(**changed: Any) -> JobReport:
    return read_job(json.dumps({**JOB, **changed}).encode())


@pytest.mark.parametrize(
    ("given", "dimensions", "request_"),
    [
        pytest.param(
            entry(["task: search result | query: a"]),
            768,
            {
                "content": {"parts": [{"text": "task: search result | query: a"}]},
                "embed_content_config": {"output_dimensionality": 768},
            },
            id="2",
        ),
        pytest.param(entry(["a"]), None, {"content": {"parts": [{"text": "a"}]}}, id="no-options"),
        pytest.param(
            entry(["a"], task_type="RETRIEVAL_DOCUMENT", title="T"),
            None,
            {
                "content": {"parts": [{"text": "a"}]},
                "embed_content_config": {"task_type": "RETRIEVAL_DOCUMENT", "title": "T"},
            },
            id="001",
        ),
        pytest.param(
            entry([{"fileData": {"fileUri": "gs://b/x.png", "mimeType": "image/png"}}]),
            None,
            {"content": {"parts": [{"fileData": {"fileUri": "gs://b/x.png", "mimeType": "image/png"}}]}},
            id="medium-by-address",
        ),
        pytest.param(
            entry(["see", {"inlineData": {"mimeType": "image/png", "data": b"\x00\xff"}}]),
            None,
            {"content": {"parts": [{"text": "see"}, {"inlineData": {"mimeType": "image/png", "data": "AP8="}}]}},
            id="medium-inline",
        ),
    ],
)
def test_a_line(given: Entry, dimensions: int | None, request_: dict[str, Any]) -> None:
    line = line_of(given, KEY, Options("gemini-embedding-2", dimensions))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"key": KEY.hex(), "request": request_}


def test_a_job_that_has_succeeded() -> None:
    report = read()
    assert (report.name, report.display_name, report.model) == (JOB["name"], JOB["displayName"], "gemini-embedding-2")
    assert (report.state, report.is_over, report.error, report.embeds) == ("succeeded", True, None, True)
    assert report.output == "gs://b/out/prediction-model-2026-11-22T04:00:00.123Z"
    assert report.counts == {"requests": 10, "succeeded": 9, "failed": 1}
    assert report.created_at == datetime(2026, 11, 22, 4, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("QUEUED", "pending"),
        ("PENDING", "pending"),
        ("PAUSED", "pending"),
        ("RUNNING", "running"),
        ("CANCELLING", "running"),
        ("FAILED", "failed"),
        ("CANCELLED", "cancelled"),
        ("EXPIRED", "expired"),
        ("PARTIALLY_SUCCEEDED", "succeeded"),
        ("UNHEARD_OF", "unknown"),
    ],
)
def test_states(told: str, state: str) -> None:
    report = read(state=f"JOB_STATE_{told}")
    assert (report.state, report.output is None) == (state, not report.is_over)


def test_a_job_that_is_ended_early_is_looked_for_below_what_it_was_given() -> None:
    assert read(state="JOB_STATE_CANCELLED", outputInfo=None).output == "gs://b/out"
    assert read(state="JOB_STATE_CANCELLED", outputInfo=None, outputConfig={}).output is None


def test_a_job_that_has_failed_says_why() -> None:
    failed = read(state="JOB_STATE_FAILED", error={"code": 8, "message": "no room"}, completionStats={})
    assert (failed.state, failed.error, failed.counts) == ("failed", JobError(8, "no room"), {})
    assert read(completionStats={"successfulCount": "2", "incompleteCount": "-1"}).counts == {
        "requests": 2,
        "succeeded": 2,
    }


def test_a_page() -> None:
    reports, token = read_page(json.dumps({"batchPredictionJobs": [JOB], "nextPageToken": "n"}).encode(), OURS)
    assert ([report.name for report in reports], token) == ([JOB["name"]], "n")
    assert read_page(b"{}", OURS) == ([], "")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"name": "x', b'{"name": "x", "createTime": "yesterday"}'])
def test_what_is_no_job_is_told(body: bytes) -> None:
    with pytest.raises(UnreadableReplyError):
        read_job(body)
