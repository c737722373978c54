"""The emulator's batch jobs of Vertex AI: from lines in Cloud Storage to lines in Cloud Storage, as documented."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fix_media import wav
from gemini_embed_emulator import Emulator, JobPlan

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each client the loading of certificates
GLOBAL = "/v1/projects/p/locations/global/batchPredictionJobs"
INPUT, OUTPUT = "gs://bucket/in.jsonl", "gs://bucket/out"
ONLINE = "/v1/projects/p/locations/global/publishers/google/models/gemini-embedding-2:embedContent"


def lines(count: int) -> list[dict[str, Any]]:
    config = {"output_dimensionality": 8}
    return [
        {"key": f"k{i}", "request": {"content": {"parts": [{"text": f"text {i}"}]}, "embed_content_config": config}}
        for i in range(count)
    ]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def body(model: str = "gemini-embedding-2", **changed: Any) -> dict[str, Any]:
    return {
        "displayName": "a job",
        "model": f"publishers/google/models/{model}",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [INPUT]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": OUTPUT}},
        **changed,
    }


class Vertex:
    """Vertex AI and Cloud Storage, by hand."""

    def __init__(self, server: Emulator) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer t"}, verify=NO_TLS)

    def create(self, count: int = 3, **changed: Any) -> dict[str, Any]:
        self.server.gcs = {INPUT: jsonl(lines(count))}
        made: dict[str, Any] = self.http.post(GLOBAL, json=body(**changed)).raise_for_status().json()
        return made

    def get(self, job: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/{job['name']}").raise_for_status().json()
        return found

    def answers(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines of all files of a job, in the order of the files' names."""
        prefix = self.get(job)["outputInfo"]["gcsOutputDirectory"].removeprefix("gs://bucket/")
        page = self.http.get("/storage/v1/b/bucket/o", params={"prefix": prefix}).json()
        links = [item["mediaLink"].replace("https://storage.googleapis.com", "") for item in page.get("items", [])]
        return [json.loads(line) for link in links for line in self.http.get(link).content.splitlines()]


@pytest.fixture
def vertex(emulator: Emulator) -> Iterator[Vertex]:
    made = Vertex(emulator)
    yield made
    made.http.close()


def test_a_job_answers_every_line_with_the_vector_that_online_has(vertex: Vertex, emulator: Emulator) -> None:
    made = vertex.create()
    assert made["name"].startswith("projects/p/locations/global/batchPredictionJobs/")
    assert (made["name"].rpartition("/")[2].isdigit(), made["state"]) == (True, "JOB_STATE_PENDING")
    job = vertex.get(made)
    assert (job["state"], job["completionStats"]) == ("JOB_STATE_SUCCEEDED", {"successfulCount": "3"})
    assert (job["displayName"], job["inputConfig"]["gcsSource"]["uris"]) == ("a job", [INPUT])
    answers = vertex.answers(job)
    assert [{name: one[name] for name in ("key", "request")} for one in answers] == lines(3), "the request comes back"
    assert {one["response"]["tokenCount"] for one in answers} == {"2"}
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (3, 0)
    told = {"content": {"parts": [{"text": "text 1"}]}, "embedContentConfig": {"outputDimensionality": 8}}
    online = vertex.http.post(ONLINE, json=told).json()
    assert answers[1]["response"]["embedding"]["values"] == online["embedding"]["values"]


def test_answers_may_come_in_several_files_and_in_another_order(vertex: Vertex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(output_files=3, shuffle=True))
    job = vertex.create(10)
    answers = vertex.answers(job)
    assert len([name for name in emulator.objects if name.startswith(OUTPUT)]) == 3
    assert sorted(one["key"] for one in answers) == sorted(f"k{i}" for i in range(10))
    assert [one["key"] for one in answers] != [f"k{i}" for i in range(10)]


def test_vectors_are_made_when_they_are_read(vertex: Vertex, emulator: Emulator) -> None:
    """A job of a hundred thousand lines would fill memory; a list of names makes none, and a resumed read the same."""
    made: list[Any] = []
    emulator.batches.push(JobPlan(edit=made.append))
    job = vertex.get(vertex.create(60))
    names = {"prefix": "out", "fields": "items/name,nextPageToken"}
    (listed,) = vertex.http.get("/storage/v1/b/bucket/o", params=names).json()["items"]
    (address,) = (one for one in emulator.objects if one.startswith(OUTPUT))
    vertex.http.get(f"/v1/{job['name']}")
    path = "/storage/v1/b/bucket/o/" + quote(listed["name"], safe="")
    assert (list(listed), vertex.http.get(path, params={"fields": "generation"}).status_code) == (["name"], 200)
    assert made == []
    emulator.gcs = {}
    whole = vertex.http.get(path, params={"alt": "media"}).content
    assert [json.loads(line)["key"] for line in whole.splitlines()] == [f"k{i}" for i in range(60)]
    assert len(made) == 60
    rest = vertex.http.get(path, params={"alt": "media"}, headers={"range": f"bytes={len(whole) - 5}-"})
    assert (rest.status_code, rest.content) == (206, whole[-5:])
    assert rest.headers["content-range"] == f"bytes {len(whole) - 5}-{len(whole) - 1}/{len(whole)}"
    digest = base64.b64encode(hashlib.md5(whole, usedforsecurity=False).digest()).decode()
    told = vertex.http.get(path).json()
    assert (told["size"], told["md5Hash"], emulator.objects[address]) == (str(len(whole)), digest, whole)


def test_what_a_line_names_is_read_when_its_job_is_made(vertex: Vertex, emulator: Emulator) -> None:
    """It may be gone when the answers are read."""
    part = {"fileData": {"fileUri": "gs://bucket/a.wav", "mimeType": "audio/wav"}}
    told = jsonl([{"key": "k", "request": {"content": {"parts": [part]}}}])
    emulator.gcs = {INPUT: told, "gs://bucket/a.wav": wav((440, 0.5))}
    job = vertex.get(vertex.http.post(GLOBAL, json=body()).json())
    emulator.gcs = {}
    (answer,) = vertex.answers(job)
    assert len(answer["response"]["embedding"]["values"]) == 3072


def test_a_job_reads_several_files(vertex: Vertex, emulator: Emulator) -> None:
    emulator.gcs = {"gs://bucket/1": jsonl(lines(2)), "gs://bucket/2": jsonl(lines(5)[2:])}
    told = body(inputConfig={"instancesFormat": "jsonl", "gcsSource": {"uris": [*emulator.gcs]}})
    job = vertex.http.post(GLOBAL, json=told).json()
    assert [one["key"] for one in vertex.answers(job)] == [f"k{i}" for i in range(5)]


def test_a_row_that_fails_has_a_status(vertex: Vertex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(failed=1, failed_message="Try again.", shown_as={"SUCCEEDED": "PARTIALLY_SUCCEEDED"}))
    job = vertex.get(vertex.create())
    assert (job["state"], job["completionStats"]) == (
        "JOB_STATE_PARTIALLY_SUCCEEDED",
        {"successfulCount": "2", "failedCount": "1"},
    )
    (failed,) = (one for one in vertex.answers(job) if one.get("status"))
    assert (failed["response"], json.loads(failed["status"])["error"]["message"]) == ({}, "Try again.")


def test_what_the_developer_api_takes_is_refused_line_by_line(vertex: Vertex, emulator: Emulator) -> None:
    row = {"key": "k", "request": {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8}}
    emulator.gcs = {INPUT: jsonl([row])}
    job = vertex.http.post(GLOBAL, json=body()).json()
    (answer,) = vertex.answers(job)
    assert 'Unknown name "outputDimensionality"' in json.loads(answer["status"])["error"]["message"]


def test_media_come_by_address_or_inline_and_come_back(vertex: Vertex, emulator: Emulator) -> None:
    sound = wav((440, 1))
    inline = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(sound).decode()}}
    by_address = {"fileData": {"mimeType": "audio/wav", "fileUri": "gs://bucket/talk.wav"}}
    rows = [{"key": k, "request": {"content": {"parts": [part]}}} for k, part in (("a", inline), ("b", by_address))]
    emulator.gcs = {INPUT: jsonl(rows), "gs://bucket/talk.wav": sound}
    one, other = vertex.answers(vertex.http.post(GLOBAL, json=body()).json())
    assert one["response"] == other["response"]
    assert (one["request"], other["request"]) == (rows[0]["request"], rows[1]["request"])


def test_states_follow_the_clock(vertex: Vertex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(batch_s=100, cancelling_s=10, partial=0.5, shown_as={"RUNNING": "UPDATING"}))
    job, seen = vertex.create(4), []
    for seconds in (0, 30, 30):
        emulator.clock.advance(seconds)
        seen.append(vertex.get(job)["state"])
    assert seen == ["JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_UPDATING"]
    refused = vertex.http.delete(f"/v1/{job['name']}")
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert vertex.http.post(f"/v1/{job['name']}:cancel").json() == {}
    assert vertex.get(job)["state"] == "JOB_STATE_CANCELLING"
    emulator.clock.advance(10)
    ended = vertex.get(job)
    assert (ended["state"], ended["completionStats"]) == (
        "JOB_STATE_CANCELLED",
        {"successfulCount": "2", "incompleteCount": "2"},
    )
    assert (len(vertex.answers(job)), emulator.bill.batch.items) == (2, 2), "what is done is charged"
    assert vertex.http.delete(f"/v1/{job['name']}").json()["done"]
    assert vertex.http.get(f"/v1/{job['name']}").status_code == 404


def test_a_job_that_fails_says_why(vertex: Vertex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(end="FAILED", message="No quota."))
    job = vertex.get(vertex.create())
    assert (job["state"], job["error"]) == ("JOB_STATE_FAILED", {"code": 13, "message": "No quota."})
    emulator.gcs = {}
    missing = vertex.get(vertex.http.post(GLOBAL, json=body()).json())
    assert (missing["state"], missing["error"]["code"]) == ("JOB_STATE_FAILED", 3)
    assert INPUT in missing["error"]["message"]


def test_a_job_expires_after_72_hours(vertex: Vertex, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(end="PENDING"))
    job = vertex.create()
    emulator.clock.advance(71 * 3600)
    assert vertex.get(job)["state"] == "JOB_STATE_PENDING"
    emulator.clock.advance(3600)
    assert vertex.get(job)["state"] == "JOB_STATE_EXPIRED"


def test_jobs_are_listed_newest_first_and_filtered(vertex: Vertex) -> None:
    for name in ("ours/1", "ours/2", "theirs"):
        vertex.create(1, displayName=name)

    def names(**query: str) -> list[str]:
        page = vertex.http.get(GLOBAL, params=query).raise_for_status().json()
        return [job["displayName"] for job in page.get("batchPredictionJobs", [])]

    assert names() == ["theirs", "ours/2", "ours/1"]
    assert names(filter='display_name="ours/1"') == ["ours/1"]
    assert names(filter='displayName:"ours/*" AND state="JOB_STATE_SUCCEEDED"') == ["ours/2", "ours/1"]
    assert names(filter='state!="JOB_STATE_SUCCEEDED"') == []
    page = vertex.http.get(GLOBAL, params={"pageSize": "2"}).json()
    assert names(pageSize="2", pageToken=page["nextPageToken"]) == ["ours/1"]
    elsewhere = GLOBAL.replace("global", "eu")
    assert vertex.http.get(elsewhere).json() == {}, "a location has jobs of its own"
    assert vertex.http.get(GLOBAL, params={"filter": "NOT state"}).status_code == 501


@pytest.mark.parametrize(
    ("path", "changed", "status"),
    [
        pytest.param(GLOBAL, {"displayName": ""}, 400, id="no-name"),
        pytest.param(GLOBAL, {"displayName": "x" * 129}, 400, id="long-name"),
        pytest.param(GLOBAL, {"model": "models/gemini-embedding-2"}, 404, id="not-a-resource"),
        pytest.param(GLOBAL, {"model": "publishers/google/models/none"}, 404, id="unknown-model"),
        pytest.param(GLOBAL, {"model": "publishers/google/models/text-embedding-005"}, 501, id="legacy-model"),
        pytest.param(GLOBAL, {"model": "publishers/google/models/gemini-embedding-001"}, 404, id="001-global"),
        pytest.param(GLOBAL.replace("global", "us-central1"), {}, 404, id="2-in-a-region"),
        pytest.param(
            GLOBAL,
            {"inputConfig": {"instancesFormat": "bigquery", "bigquerySource": {"inputUri": "bq://p.d.t"}}},
            400,
            id="from-bigquery",
        ),
        pytest.param(
            GLOBAL,
            {"outputConfig": {"predictionsFormat": "bigquery", "bigqueryDestination": {"outputUri": "bq://p"}}},
            400,
            id="to-bigquery",
        ),
        pytest.param(GLOBAL, {"inputConfig": {"instancesFormat": "csv"}}, 400, id="csv"),
        pytest.param(GLOBAL, {"batch": {}}, 400, id="unknown-field"),
    ],
)
def test_refusals(path: str, changed: dict[str, Any], status: int, vertex: Vertex) -> None:
    assert vertex.http.post(path, json=body(**changed)).status_code == status


def test_001_runs_in_its_seven_regions(vertex: Vertex, emulator: Emulator) -> None:
    emulator.gcs = {INPUT: jsonl(lines(2))}
    made = vertex.http.post(GLOBAL.replace("global", "europe-west4"), json=body("gemini-embedding-001")).json()
    assert [len(one["response"]["embedding"]["values"]) for one in vertex.answers(made)] == [8, 8]


def test_a_job_takes_so_many_rows(vertex: Vertex, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemini_embed_emulator.api.prediction_requests.MAX_ROWS", 2)
    job = vertex.get(vertex.create(3))
    assert (job["state"], "2 rows" in job["error"]["message"]) == ("JOB_STATE_FAILED", True)


def test_a_key_is_no_token(vertex: Vertex) -> None:
    reply = vertex.http.get(GLOBAL, headers={"authorization": "", "x-goog-api-key": "k"})
    assert reply.status_code == 401
    assert reply.json()["error"]["details"][0]["metadata"]["method"].endswith("JobService.ListBatchPredictionJobs")
