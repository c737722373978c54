"""google-genai's `batches` on Vertex AI work against the emulator, and its create request equals ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_embed.wire.prediction_jobs import create_body
from gemini_embed_emulator import Emulator, JobPlan

SOURCE, DESTINATION = "gs://bucket/in.jsonl", "gs://bucket/out"
LINES = b"".join(
    json.dumps({"key": f"k{i}", "request": {"content": {"parts": [{"text": f"text {i}"}]}}}).encode() + b"\n"
    for i in range(3)
)


@pytest.fixture
def client(emulator: Emulator, fake_credentials: Any) -> Any:
    from google import genai

    emulator.gcs = {SOURCE: LINES}
    options: Any = {"base_url": emulator.base_url, "api_version": "v1beta1"}
    return genai.Client(
        vertexai=True, project="p", location="global", credentials=fake_credentials, http_options=options
    )


def create(client: Any, name: str = "a job") -> Any:
    config = {"display_name": name, "dest": DESTINATION}
    return client.batches.create(model="gemini-embedding-2", src=SOURCE, config=config)


def test_its_create_request_is_ours(client: Any, emulator: Emulator) -> None:
    create(client)
    (sent,) = emulator.requests
    assert sent.path == "/v1beta1/projects/p/locations/global/batchPredictionJobs"
    assert sent.json == json.loads(create_body("a job", "gemini-embedding-2", SOURCE, DESTINATION))


def test_it_creates_gets_lists_and_deletes(client: Any, emulator: Emulator) -> None:
    made = create(client)
    assert made.state == "JOB_STATE_PENDING"
    job = client.batches.get(name=made.name)
    assert (job.state, job.done, job.display_name) == ("JOB_STATE_SUCCEEDED", True, "a job")
    assert (job.completion_stats.successful_count, job.src.gcs_uri) == (3, [SOURCE])
    assert job.dest.gcs_uri == DESTINATION
    assert job.end_time >= job.create_time
    create(client, "another")
    assert [one.display_name for one in client.batches.list()] == ["another", "a job"]
    found = client.batches.list(config={"filter": 'display_name="a job"', "page_size": 1})
    assert [one.name for one in found] == [made.name]
    client.batches.delete(name=made.name)
    assert [one.display_name for one in client.batches.list()] == ["another"]


def test_it_cancels_and_reads_why_a_job_has_failed(client: Any, emulator: Emulator) -> None:
    emulator.batches.push(JobPlan(batch_s=60), JobPlan(end="FAILED", message="No quota."))
    running, failed = create(client), create(client)
    client.batches.cancel(name=running.name)
    assert client.batches.get(name=running.name).state == "JOB_STATE_CANCELLED"
    assert client.batches.get(name=failed.name).error.message == "No quota."


@pytest.mark.filterwarnings("ignore:.*experimental")
def test_its_own_door_for_embeddings_is_closed_on_vertex(client: Any) -> None:
    with pytest.raises(ValueError, match="create_embeddings"):
        client.batches.create_embeddings(model="gemini-embedding-2", src={"inlined_requests": {"contents": ["a"]}})
