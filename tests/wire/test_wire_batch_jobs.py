"""Jobs on the wire: what creates one, and every shape in which the service was seen to tell of one.

KIO: a Rust client's captures of 2026-07-25, gemini-embedding-2, inline. NHUNG: a Go client's of 2026-09-28, by file.
COOK: the cookbook's notebook of September 2025, gemini-embedding-001. RUBY: ruby_llm's cassette of 2026-08-19, of jobs
that generate, which stand in the same list.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gemini_embed.batch_jobs import names
from gemini_embed.errors import UnreadableReplyError
from gemini_embed.preparing import Entry
from gemini_embed.wire import Options
from gemini_embed.wire.batch_jobs import JobError, JobReport, create_body, read_job, read_page, read_state, read_time
from gemini_embed.wire.batch_lines import line_of

TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch"
NAME = "batches/pq1j9k2m"
OURS = "gemini-embed/2026-07-25-4f2a9c01/0/0123456789abcdef"
ANSWERS = {
    "inlinedResponses": {
        "inlinedResponses": [
            {
                "response": {"embedding": {"values": [0.25, -0.5]}, "usageMetadata": {"promptTokenCount": 81}},
                "metadata": {"key": "sha256:aaa"},
            }
        ]
    }
}
BATCH = {
    "@type": TYPE,
    "model": "models/gemini-embedding-2",
    "displayName": OURS,
    "createTime": "2026-07-25T00:15:48.588771827Z",
    "updateTime": "2026-07-25T00:17:11.340704784Z",
    "state": "BATCH_STATE_PENDING",
    "name": NAME,
}
DONE = {"state": "BATCH_STATE_SUCCEEDED", "endTime": "2026-07-25T00:17:11.340704784Z"}
ALL = {"batchStats": {"requestCount": "5", "successfulRequestCount": "5"}}
FILE = {"responsesFile": "files/batch-pq1j9k2m"}
FAILED = {"code": 13, "message": "An internal error has occurred."}

CREATED_AT = datetime(2026, 7, 25, 0, 15, 48, 588771, UTC)
ENDED_AT = datetime(2026, 7, 25, 0, 17, 11, 340704, UTC)
PENDING = JobReport(name=NAME, display_name=OURS, model="gemini-embedding-2", state="pending", created_at=CREATED_AT)


def operation(**batch: Any) -> dict[str, Any]:
    return {"name": NAME, "metadata": BATCH | batch}


def report(**changed: Any) -> JobReport:
    return JobReport(**vars(PENDING) | changed)


CASES = [
    pytest.param(
        operation(batchStats={"requestCount": "5", "pendingRequestCount": "5"}),
        report(counts={"requests": 5, "pending": 5}),
        id="pending",
    ),
    pytest.param(
        operation(**DONE, **ALL, output=ANSWERS) | {"done": True, "response": {"@type": TYPE} | ANSWERS},
        report(state="succeeded", ended_at=ENDED_AT, counts={"requests": 5, "succeeded": 5}),
        id="KIO-inline-done",
    ),
    pytest.param(
        operation(**DONE, batchStats={"requestCount": "6", "pendingRequestCount": "6"}),
        report(state="succeeded", ended_at=ENDED_AT, counts={"requests": 6, "pending": 6}),
        id="KIO-list-entry-stale-counts",
    ),
    pytest.param(
        operation(**DONE, output=FILE) | {"done": True, "response": {"@type": TYPE} | FILE},
        report(state="succeeded", ended_at=ENDED_AT, output="files/batch-pq1j9k2m"),
        id="NHUNG-file-done",
    ),
    pytest.param(
        operation(**DONE) | {"done": True, "response": FILE},
        report(state="succeeded", ended_at=ENDED_AT, output="files/batch-pq1j9k2m"),
        id="file-in-the-response-alone",
    ),
    pytest.param(
        BATCH | DONE | {"output": FILE},
        report(state="succeeded", ended_at=ENDED_AT, output="files/batch-pq1j9k2m"),
        id="fields-at-the-top",
    ),
    pytest.param(
        BATCH | DONE | FILE,
        report(state="succeeded", ended_at=ENDED_AT, output="files/batch-pq1j9k2m"),
        id="file-at-the-top",
    ),
    pytest.param(
        operation(model="models/gemini-embedding-001", state="JOB_STATE_RUNNING"),
        report(model="gemini-embedding-001", state="running"),
        id="COOK-state-as-the-SDK-says-it",
    ),
    pytest.param(
        operation(**{"@type": TYPE.replace("Embed", "Generate")}, model="models/gemini-2.5-flash-lite"),
        report(model="gemini-2.5-flash-lite", embeds=False),
        id="RUBY-generates",
    ),
    pytest.param(
        operation(state="BATCH_STATE_FAILED") | {"done": True, "error": FAILED},
        report(state="failed", error=JobError(13, "An internal error has occurred.")),
        id="failed-with-its-reason",
    ),
    pytest.param(
        operation(state="BATCH_STATE_RUNNING") | {"done": True, "error": {"code": 1, "message": "cancelled"}},
        report(state="cancelled", error=JobError(1, "cancelled")),
        id="cancelled-by-its-error",
    ),
    pytest.param(
        operation(state="BATCH_STATE_CANCELLED", output=FILE),
        report(state="cancelled", output="files/batch-pq1j9k2m"),
        id="cancelled-with-what-was-done",
    ),
    pytest.param(operation(state="BATCH_STATE_EXPIRED"), report(state="expired"), id="expired"),
    pytest.param(operation(state="BATCH_STATE_DREAMING"), report(state="unknown"), id="state-nobody-knows"),
    pytest.param({"name": NAME}, JobReport(name=NAME), id="nothing-but-a-name"),
    pytest.param(
        {"name": NAME, "done": True, "response": FILE},
        JobReport(name=NAME, state="succeeded", output="files/batch-pq1j9k2m"),
        id="done-without-a-state",
    ),
]


@pytest.mark.parametrize(("told", "wanted"), CASES)
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "pretty"])
def test_a_job_is_read_in_every_shape_that_was_seen(
    told: dict[str, Any], wanted: JobReport, indent: int | None
) -> None:
    assert read_job(json.dumps(told, indent=indent).encode()) == wanted


@pytest.mark.parametrize(("told", "wanted"), CASES)
def test_a_page_holds_jobs_of_every_shape(told: dict[str, Any], wanted: JobReport) -> None:
    page = {"operations": [told, told], "nextPageToken": "more"}
    assert read_page(json.dumps(page).encode(), names.OURS) == ([wanted, wanted], "more")


@pytest.mark.parametrize(
    ("page", "token"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"operations": []}, "", id="empty"),
        pytest.param({"nextPageToken": "x"}, "x", id="empty-and-not-the-last"),
    ],
)
def test_pages_without_jobs(page: dict[str, Any], token: str) -> None:
    assert read_page(json.dumps(page).encode(), names.OURS) == ([], token)


def test_an_entry_of_others_that_is_no_job_is_passed_over() -> None:
    """One of ours is not: it would be taken for one that was never created."""
    broken = {"name": 7, "metadata": {"createTime": "soon", "displayName": f"{names.OURS}run/0/{'0' * 16}"}}
    others = {**broken, "metadata": {"createTime": "soon"}}
    page = {"operations": [others, {"name": NAME}, 7, {}]}
    assert [job.name for job in read_page(json.dumps(page).encode(), names.OURS)[0]] == [NAME]
    with pytest.raises(UnreadableReplyError):
        read_page(json.dumps({"operations": [broken]}).encode(), names.OURS)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"{}", b'{"metadata": []}', b'{"name": "x", "metadata": {"createTime": "soon"}}'],
)
def test_what_is_no_job_is_said_to_be_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableReplyError, match="unreadable reply"):
        read_job(body)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("BATCH_STATE_SUCCEEDED", "succeeded"),
        ("JOB_STATE_PARTIALLY_SUCCEEDED", "succeeded"),
        ("JOB_STATE_QUEUED", "pending"),
        ("JOB_STATE_CANCELLING", "running"),
        ("BATCH_STATE_UNSPECIFIED", "unknown"),
        (None, "unknown"),
    ],
)
def test_states_of_both_services(told: str | None, state: str) -> None:
    assert read_state(told) == state


def test_times_are_read_to_the_microsecond() -> None:
    assert read_time("2026-07-25T02:15:48.5+02:00") == CREATED_AT - timedelta(microseconds=88771)
    assert read_time("2026-07-25T00:15:48Z") == CREATED_AT - timedelta(microseconds=588771)
    assert read_time(None) is None


def test_what_creates_a_job() -> None:
    assert json.loads(create_body(OURS, "files/abc")) == {
        "batch": {"displayName": OURS, "inputConfig": {"file_name": "files/abc"}}
    }


KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("entry", "options", "request_"),
    [
        pytest.param(
            Entry(0, ["title: none | text: Ähre\n"], 3, 24),
            Options("gemini-embedding-2", 768),
            {"content": {"parts": [{"text": "title: none | text: Ähre\n"}]}, "outputDimensionality": 768},
            id="prefix-in-the-text",
        ),
        pytest.param(
            Entry(0, ["wheat"], 1, 5, task_type="RETRIEVAL_DOCUMENT", title="Grain"),
            Options("gemini-embedding-001"),
            {"content": {"parts": [{"text": "wheat"}]}, "taskType": "RETRIEVAL_DOCUMENT", "title": "Grain"},
            id="task-type",
        ),
        pytest.param(
            Entry(0, ["a", {"inlineData": {"mimeType": "image/png", "data": b"\x89PNG"}}], 1, 5, has_media=True),
            Options("gemini-embedding-2", 128),
            {
                "content": {"parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}]},
                "outputDimensionality": 128,
            },
            id="media-inline",
        ),
        pytest.param(
            Entry(0, [{"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/files/1"}}], 1, 5, has_media=True),
            Options("gemini-embedding-2"),
            {"content": {"parts": [{"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/files/1"}}]}},
            id="media-by-reference",
        ),
    ],
)
def test_a_line(entry: Entry, options: Options, request_: dict[str, Any]) -> None:
    line = line_of(entry, KEY, options)
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert json.loads(line) == {"key": KEY.hex(), "request": request_}
