"""What the emulator refuses of batch jobs: at once, in the job, in a line, and when the queue is full."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fix_emulator_jobs import JobCalls, inline, line
from gemini_embed_emulator import Emulator, JobPlan, Quota

REFUSED = [
    pytest.param({"fileName": "files/none"}, {}, 404, "Requested entity was not found", id="no such file"),
    pytest.param({}, {}, 400, "the input is not specified", id="no input"),
    pytest.param({"fileName": "files/x", **inline("a")}, {}, 400, "is already set", id="two inputs"),
    pytest.param({"gcsSource": {"uris": ["gs://b/x"]}}, {}, 400, 'Unknown name "gcsSource"', id="vertex's source"),
    pytest.param(
        {"instancesFormat": "jsonl", **inline("a")}, {}, 400, 'Unknown name "instancesFormat"', id="vertex's format"
    ),
    pytest.param(inline("a"), {"outputConfig": {}}, 400, 'Unknown name "outputConfig"', id="vertex's output"),
    pytest.param(inline("a"), {"priority": "high"}, 400, "TYPE_INT64", id="no number"),
    pytest.param(inline("a"), {"priority": 2**63}, 400, "TYPE_INT64", id="65 bits"),
    pytest.param({"requests": {"requests": [5]}}, {}, 400, "requests.requests[0]' (MESSAGE)", id="no request"),
]


@pytest.mark.parametrize(("config", "batch", "code", "message"), REFUSED)
def test_what_is_no_job_is_refused(jobs: JobCalls, config: Any, batch: Any, code: int, message: str) -> None:
    reply = jobs.create(config, **batch)
    assert reply.status_code == code
    assert message in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        pytest.param("GET", "batches/test-batch", 400, "Could not parse the batch name", id="no name"),
        pytest.param("POST", "batches/test-batch:cancel", 400, "Could not parse the batch name", id="no name, cancel"),
        pytest.param("GET", f"batches/{'a' * 36}", 404, "Requested entity was not found.", id="unknown"),
        pytest.param("DELETE", f"batches/{'a' * 36}", 404, "Requested entity was not found.", id="unknown, delete"),
        pytest.param("GET", "files/batch-x:download?alt=media", 403, "may not exist", id="no result"),
        pytest.param("GET", "batches?alt=media", 501, "in JSON only", id="no bytes"),
        pytest.param("POST", "models/no-model:asyncBatchEmbedContent", 404, "asyncBatchEmbedContent", id="no model"),
    ],
)
def test_what_is_not_there_is_refused(jobs: JobCalls, method: str, path: str, code: int, message: str) -> None:
    reply = jobs.http.request(method, f"/v1beta/{path}")
    assert reply.status_code == code
    assert message in reply.json()["error"]["message"]


def test_an_upload_cannot_be_downloaded(jobs: JobCalls) -> None:
    reply = jobs.http.get(f"/v1beta/{jobs.upload(b'{}')}:download?alt=media")
    assert (reply.status_code, "only generated files" in reply.text) == (400, True)


def test_an_input_file_that_has_expired_is_not_found(emulator: Emulator, jobs: JobCalls) -> None:
    """At once, and where its time is over before the job runs."""
    file = jobs.upload(json.dumps(line("a")).encode())
    emulator.clock.advance(47 * 3600)
    emulator.batches.push(JobPlan(batch_s=3 * 3600))
    late = jobs.create({"fileName": file}).json()["name"]
    emulator.clock.advance(3 * 3600)
    assert jobs.create({"fileName": file}).status_code == 404
    assert jobs.get(late)["error"] == {"code": 5, "message": "Requested entity was not found."}


def test_a_job_fails_whose_input_file_is_deleted_before_it_runs(emulator: Emulator, jobs: JobCalls) -> None:
    """Afterwards it has been read."""
    emulator.batch_s = 100
    files = [jobs.upload(json.dumps(line("a")).encode()) for _ in range(2)]
    early, late = (jobs.create({"fileName": file}).json()["name"] for file in files)
    jobs.http.delete(f"/v1beta/{files[0]}")
    emulator.clock.advance(51)
    jobs.http.delete(f"/v1beta/{files[1]}")
    emulator.clock.advance(50)
    assert [jobs.state(name) for name in (early, late)] == ["FAILED", "SUCCEEDED"]
    assert jobs.get(early)["error"]["message"] == "Requested entity was not found."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b'{"key": "a"}\nno json\n', "line 2: Expecting value", id="no json"),
        pytest.param(b"[1]", "line 1: an object is wanted", id="no object"),
        pytest.param(b"\n \n", "holds no requests", id="nothing"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(jobs: JobCalls, data: bytes, message: str) -> None:
    name = jobs.create({"fileName": jobs.upload(data)}).json()["name"]
    job = jobs.get(name)
    assert (job["metadata"]["state"], job["done"], job["error"]["code"]) == ("BATCH_STATE_FAILED", True, 3)
    assert message in job["error"]["message"]


def test_lines_that_online_would_be_refused_have_an_error(emulator: Emulator, jobs: JobCalls) -> None:
    """The others have their vectors, and are all that is billed."""
    unknown = {"key": "unknown", "request": {"contents": []}}
    name = jobs.made([line("a"), line("", key="empty"), unknown, line("too large", size=9999)])
    answers = {one["key"]: one for one in jobs.answers(name)}
    assert {key: one["error"]["code"] for key, one in answers.items() if "error" in one} == {
        "empty": 3, "unknown": 3, "too large": 3,
    }  # fmt: skip
    assert "empty Part" in answers["empty"]["error"]["message"]
    assert jobs.get(name)["metadata"]["batchStats"] == {
        "requestCount": "4", "successfulRequestCount": "1", "failedRequestCount": "3",
    }  # fmt: skip
    assert (emulator.bill.batch.items, emulator.bill.times("a")) == (1, 1)


def test_the_queue_holds_so_many_tokens_of_a_model_and_the_refusal_tells_nothing(
    emulator: Emulator, jobs: JobCalls
) -> None:
    emulator.batch_s, emulator.quota = 100, Quota(enqueued_tokens=3)
    assert jobs.create(inline("one", "two")).status_code == 200
    refused = jobs.create(inline("three", "four"))
    error = refused.json()["error"]
    assert (refused.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert [detail["@type"].rpartition(".")[2] for detail in error["details"]] == ["Help"]
    assert not re.search(r"limit: \d|retry in", error["message"])
    assert jobs.create(inline("three", "four"), model="gemini-embedding-001").status_code == 200
    emulator.clock.advance(101)
    assert jobs.create(inline("three", "four")).status_code == 200


def test_so_many_jobs_are_active_at_once(emulator: Emulator, jobs: JobCalls) -> None:
    emulator.batch_s = 100
    assert [jobs.create(inline("a")).status_code for _ in range(101)] == [200] * 100 + [429]


@pytest.mark.parametrize(
    ("told", "key", "message"),
    [
        pytest.param(b"{}", None, "an empty Part", id="nothing"),
        pytest.param(b'{"key":5,"request":{}}', 5, "(TYPE_STRING), 5", id="a number for a key"),
        pytest.param(b'{"key":"k","request":[]}', "k", "'request' (MESSAGE)", id="a list"),
        pytest.param(b'{"key":"k","request":{"content":{"parts":5}}}', "k", "parts[0]' (MESSAGE)", id="no part"),
        pytest.param(b'{"key":"k","request":{"model":"models/x"}}', "k", "must match the model", id="its own model"),
        pytest.param(b'{"key":"k","request":{"outputDimensionality":NaN}}', "k", "TYPE_INT32", id="NaN"),
    ],
)
def test_odd_lines_have_an_error_and_no_job_fails_for_them(jobs: JobCalls, told: bytes, key: Any, message: str) -> None:
    good = b'\xef\xbb\xbf{"request":{"content":{"parts":[{"text":"no key"}]},"outputDimensionality":4}}\r\n'
    name = jobs.create({"fileName": jobs.upload(good + told)}).json()["name"]
    answered, refused = jobs.answers(name)
    assert ("key" in answered, answered["response"]["embedding"]["values"]) == (False, jobs.online("no key"))
    assert (refused.get("key"), message in refused["error"]["message"]) == (key, True)
