"""Batch jobs of Google's clients against the emulator, and its answers beside the public captures of real ones."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_emulator_jobs import JobCalls, line
from fix_node import RunNode
from gemini_embed_emulator import Emulator, Fault, JobPlan


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Any]:
    """google-genai, as new as this environment has it: 3 here, 2 beside the official plugins."""
    from google import genai

    made = genai.Client(api_key="k", http_options={"base_url": emulator.base_url})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"batches\.create_embeddings\(\) is experimental")
        yield made
    made.close()


def uploaded(client: Any, folder: Path, *texts: str) -> str:
    file = folder / "input.jsonl"
    file.write_text("\n".join(json.dumps(line(text)) for text in texts), "utf-8")
    name: str = client.files.upload(file=str(file), config={"mime_type": "application/jsonl"}).name
    return name


def test_google_genai_has_a_file_embedded(client: Any, jobs: JobCalls, tmp_path: Path) -> None:
    source = {"file_name": uploaded(client, tmp_path, "a", "b")}
    made = client.batches.create_embeddings(model="gemini-embedding-2", src=source, config={"display_name": "mine"})
    assert (made.state.name, made.dest) == ("JOB_STATE_PENDING", None)
    job = client.batches.get(name=made.name)
    assert (job.state.name, job.display_name, job.model) == ("JOB_STATE_SUCCEEDED", "mine", "models/gemini-embedding-2")
    assert job.create_time <= job.end_time
    answers = [json.loads(one) for one in client.files.download(file=job.dest.file_name).splitlines()]
    assert {one["key"]: one["response"]["embedding"]["values"] for one in answers} == {
        "a": jobs.online("a"),
        "b": jobs.online("b"),
    }


def test_google_genai_has_contents_embedded_inline(client: Any, jobs: JobCalls) -> None:
    """What it keeps of an answer: no usage, no reason, and nothing under this name where all have failed."""
    from google.genai import types

    contents = [types.Content(parts=[types.Part(text=text)]) for text in ("a", "b")]
    requests = types.EmbedContentBatch(contents=contents, config=types.EmbedContentConfig(output_dimensionality=4))
    source = types.EmbeddingsBatchJobSource(inlined_requests=requests)
    made = client.batches.create_embeddings(model="gemini-embedding-2", src=source)
    answers = client.batches.get(name=made.name).dest.inlined_embed_content_responses
    assert [one.response.embedding.values for one in answers] == [jobs.online("a"), jobs.online("b")]
    jobs.server.batches.push(JobPlan(failed=2))
    failed = client.batches.create_embeddings(model="gemini-embedding-2", src=source)
    dest = client.batches.get(name=failed.name).dest
    assert dest.inlined_embed_content_responses is None
    assert [one.error.code for one in dest.inlined_responses] == [13, 13]


def test_google_genai_lists_cancels_and_deletes(client: Any, emulator: Emulator, jobs: JobCalls) -> None:
    emulator.batch_s = 100
    first, second, third = (jobs.of_texts("a") for _ in range(3))
    emulator.batch_empty_pages = emulator.batch_other_jobs = 1
    listed = [job.name for job in client.batches.list(config={"page_size": 2})]
    assert [name for name in listed if name in (first, second, third)] == [third, second, first]
    assert len(listed) == 4
    client.batches.cancel(name=first)
    client.batches.delete(name=second)
    emulator.clock.advance(101)
    assert [client.batches.get(name=name).state.name for name in (first, third)] == [
        "JOB_STATE_CANCELLED",
        "JOB_STATE_SUCCEEDED",
    ]
    assert second not in jobs.names()


def test_google_genai_makes_a_job_for_every_attempt(emulator: Emulator, tmp_path: Path) -> None:
    """With its own retries: the service does the work each time, and bills it."""
    from google import genai

    retry = {"attempts": 3, "initial_delay": 0.01, "max_delay": 0.02}
    options: Any = {"base_url": emulator.base_url, "retry_options": retry}
    client = genai.Client(api_key="k", http_options=options)
    source: Any = {"file_name": uploaded(client, tmp_path, "a")}
    emulator.faults.push(Fault.lost(503), times=2, action="asyncBatchEmbedContent")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"batches\.create_embeddings\(\) is experimental")
        client.batches.create_embeddings(model="gemini-embedding-2", src=source)
    client.close()
    assert (len(emulator.jobs()), emulator.bill.batch.repeated) == (3, 1)


@pytest.mark.slow
def test_googles_client_for_javascript_has_texts_embedded(run_node: RunNode) -> None:
    printed = run_node((Path(__file__).parent / "batches.mjs").read_text("utf-8"))
    assert [json.loads(told) for told in printed.splitlines() if told.startswith("[")] == [
        ["made", "JOB_STATE_PENDING"],
        ["got", ["JOB_STATE_SUCCEEDED", "mine", "models/gemini-embedding-2"]],
        ["answers", [["a", 4], ["b", 4]]],
        ["inline", [3, 3]],
        ["list", ["inline", "by file"]],
        ["deleted", 404],
    ]


CAPTURED_INLINE = """
{"name":"batches/pq1j","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch",
 "model":"models/gemini-embedding-2","displayName":"d","output":{"inlinedResponses":{"inlinedResponses":[
  {"response":{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":81}},"metadata":{"key":"sha256:aaa"}}]}},
 "createTime":"2026-07-25T00:15:48.588771827Z","endTime":"2026-07-25T00:17:11.340704784Z",
 "batchStats":{"requestCount":"5","successfulRequestCount":"5"},"state":"BATCH_STATE_SUCCEEDED","name":"batches/pq1j"},
 "done":true,"response":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch",
 "inlinedResponses":{"inlinedResponses":[
  {"response":{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":81}},"metadata":{"key":"sha256:aaa"}}]}}}
"""
"""A Rust client's tests: captured on 2026-07-25, vectors shortened here."""
CAPTURED_LINES = {
    "gemini-embedding-001": '{"response":{"tokenCount":"1","embedding":{"values":[0.5]}},"key":"request_1"}',
    "gemini-embedding-2": '{"key":"h1","response":{"embedding":{"values":[0.5]}}}',
}
"""Google's cookbook, September 2025, and a Go client, September 2026."""


def shape(value: Any) -> Any:
    """The names of a reply, in their order, and the kinds of its values; of a list its first."""
    if isinstance(value, dict):
        return [(name, shape(inner)) for name, inner in value.items()]
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


def test_an_inline_job_has_the_captured_shape(jobs: JobCalls) -> None:
    request = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 4}
    made = jobs.create({"requests": {"requests": [{"request": request, "metadata": {"key": "k"}}]}}).json()
    assert shape(jobs.get(made["name"])) == shape(json.loads(CAPTURED_INLINE))


@pytest.mark.parametrize("model", CAPTURED_LINES)
def test_a_line_of_results_has_the_captured_shape(emulator: Emulator, jobs: JobCalls, model: str) -> None:
    emulator.usage = False
    (answer,) = jobs.answers(jobs.of_texts("a", model=model))
    assert shape(answer) == shape(json.loads(CAPTURED_LINES[model]))
