"""The emulator's batch jobs: their life, their list, and their results."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from fix_emulator_jobs import JobCalls, inline, line, result_of
from gemini_embed_emulator import Emulator, JobPlan

DAY_S = 24 * 3600
TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch"
NANOSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


def test_a_job_is_pending_then_runs_then_has_succeeded(emulator: Emulator, jobs: JobCalls) -> None:
    """`done` is absent until it is true, numbers are text, times have nanoseconds, the output is there twice."""
    emulator.batch_s = 100
    name = jobs.of_texts("a", "b")
    states, pending = [], jobs.get(name)
    for _ in range(3):
        states.append(jobs.state(name))
        emulator.clock.advance(51)
    assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert "done" not in pending
    assert pending["metadata"]["batchStats"] == {"requestCount": "2", "pendingRequestCount": "2"}
    assert NANOSECONDS.fullmatch(pending["metadata"]["updateTime"])
    assert "endTime" not in pending["metadata"]
    job = jobs.get(name)
    assert NANOSECONDS.fullmatch(job["metadata"].pop("createTime"))
    assert NANOSECONDS.fullmatch(job["metadata"].pop("endTime"))
    assert job == {
        "name": name,
        "metadata": {
            "@type": TYPE,
            "model": "models/gemini-embedding-2",
            "displayName": "a job",
            "output": {"responsesFile": result_of(name)},
            "batchStats": {"requestCount": "2", "successfulRequestCount": "2"},
            "state": "BATCH_STATE_SUCCEEDED",
            "name": name,
        },
        "done": True,
        "response": {"@type": TYPE, "responsesFile": result_of(name)},
    }


def test_a_job_is_done_at_once_unless_told_and_its_making_says_pending(emulator: Emulator, jobs: JobCalls) -> None:
    made = jobs.create(inline("a")).json()
    assert (made["metadata"]["state"], "done" in made) == ("BATCH_STATE_PENDING", False)
    assert jobs.state(made["name"]) == "SUCCEEDED"
    assert [job["state"] for job in emulator.jobs()] == ["SUCCEEDED"]


@pytest.mark.parametrize("before", ["", "/download"])
def test_results_have_the_keys_and_the_vectors_of_online_calls(jobs: JobCalls, before: str) -> None:
    """Both spellings are read, each line has the size that it asks for."""
    snake = {"key": "s", "request": {"content": {"parts": [{"text": "snake"}]}, "output_dimensionality": 3}}
    name = jobs.made([line("a", size=8), snake, line("c", key="a key")])
    answers = [json.loads(one) for one in jobs.download(name, before).splitlines()]
    assert [(one["key"], one["response"]["embedding"]["values"]) for one in answers] == [
        ("a", jobs.online("a", 8)),
        ("s", jobs.online("snake", 3)),
        ("a key", jobs.online("c", 4)),
    ]


@pytest.mark.parametrize(
    ("model", "keys", "usage"),
    [
        pytest.param("gemini-embedding-2", ["key", "response"], {"usageMetadata": {"promptTokenCount": 2}}, id="2"),
        pytest.param("gemini-embedding-001", ["response", "key"], {"tokenCount": "2"}, id="001"),
    ],
)
def test_each_model_has_its_own_shape_of_a_line(jobs: JobCalls, model: str, keys: list[str], usage: Any) -> None:
    (answer,) = jobs.answers(jobs.of_texts("two words", model=model))
    values = answer["response"].pop("embedding")["values"]
    assert ([*answer], answer["response"], values) == (keys, usage, jobs.online("two words", model=model))


def test_an_inline_result_is_indented_and_there_twice(jobs: JobCalls) -> None:
    name = jobs.create(inline("a", "b")).json()["name"]
    text = jobs.http.get(f"/v1beta/{name}").text
    job = json.loads(text)
    answers = job["response"]["inlinedResponses"]["inlinedResponses"]
    assert job["metadata"]["output"]["inlinedResponses"]["inlinedResponses"] == answers
    assert [(one["metadata"], one["response"]["embedding"]["values"]) for one in answers] == [
        ({"key": "a"}, jobs.online("a")),
        ({"key": "b"}, jobs.online("b")),
    ]
    assert answers[0]["response"]["usageMetadata"] == {"promptTokenCount": 1}
    assert len(text.splitlines()) > 2 * 2 * 4


def test_answers_of_large_inline_jobs_are_shuffled_those_of_files_are_not(emulator: Emulator, jobs: JobCalls) -> None:
    texts = [str(i) for i in range(1001)]

    def order(name: str) -> list[str]:
        answers = jobs.get(name)["response"]["inlinedResponses"]["inlinedResponses"]
        return [one["metadata"]["key"] for one in answers]

    few = order(jobs.create(inline(*texts[:1000], size=1)).json()["name"])
    many = order(jobs.create(inline(*texts, size=1)).json()["name"])
    assert few == texts[:1000]
    assert many != texts
    assert sorted(many) == sorted(texts)
    assert [one["key"] for one in jobs.answers(jobs.of_texts(*texts))] == texts
    emulator.batches.push(JobPlan(shuffle=True))
    assert [one["key"] for one in jobs.answers(jobs.of_texts(*texts[:10]))] != texts[:10]


def test_the_list_is_newest_first_in_pages_and_says_less_than_the_job(emulator: Emulator, jobs: JobCalls) -> None:
    """Entries have no output, and the counts of the beginning."""
    names = [jobs.of_texts("a") for _ in range(3)]
    assert jobs.names() == names[::-1]
    first = jobs.listed(pageSize=2)
    second = jobs.listed(pageSize=2, pageToken=first["nextPageToken"])
    assert [len(page["operations"]) for page in (first, second)] == [2, 1]
    assert "nextPageToken" not in second
    entry = second["operations"][0]
    assert (entry["name"], entry["done"], entry["response"]) == (names[0], True, {"@type": TYPE})
    assert "output" not in entry["metadata"]
    assert entry["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"
    assert entry["metadata"]["batchStats"] == {"requestCount": "1", "pendingRequestCount": "1"}


def test_the_list_has_empty_pages_and_other_jobs_where_that_is_scripted(emulator: Emulator, jobs: JobCalls) -> None:
    assert jobs.listed() == {}
    emulator.batch_empty_pages, emulator.batch_other_jobs = 2, 2
    name = jobs.of_texts("a")
    assert jobs.listed() == {"nextPageToken": "1"}
    assert jobs.listed(pageToken="1") == {"nextPageToken": "2"}
    page = jobs.listed(pageToken="2", pageSize=2)
    assert [one["metadata"]["@type"].rpartition(".")[2] for one in page["operations"]] == [
        "EmbedContentBatch",
        "GenerateContentBatch",
    ]
    assert page["operations"][0]["name"] == name
    last = jobs.listed(pageToken=page["nextPageToken"])
    other = last["operations"][0]
    assert ("nextPageToken" in last, jobs.get(other["name"])["name"]) == (False, other["name"])


def test_a_new_job_is_in_the_list_after_a_while(emulator: Emulator, jobs: JobCalls) -> None:
    emulator.batch_listed_after_s = 30
    name = jobs.of_texts("a")
    assert (jobs.names(), jobs.state(name)) == ([], "SUCCEEDED")
    emulator.clock.advance(31)
    assert jobs.names() == [name]


def test_cancelling_what_is_over_changes_nothing(jobs: JobCalls) -> None:
    name = jobs.of_texts("a")
    assert jobs.http.post(f"/v1beta/{name}:cancel", json={}).json() == {}
    assert jobs.state(name) == "SUCCEEDED"


def test_the_priority_of_a_job_can_be_changed(jobs: JobCalls) -> None:
    name = jobs.of_texts("a", priority="7")
    assert jobs.get(name)["metadata"]["priority"] == "7"
    path = f"/v1beta/{name}:updateEmbedContentBatch"
    changed = jobs.http.patch(path, params={"updateMask": "priority"}, json={"priority": "-3"}).json()
    assert (changed["priority"], changed["state"]) == ("-3", "BATCH_STATE_SUCCEEDED")
    refused = jobs.http.patch(path, params={"updateMask": "displayName"}, json={"displayName": "x"})
    assert (refused.status_code, "Only priority" in refused.text) == (400, True)


def test_results_are_files_that_are_generated_and_live_two_days(emulator: Emulator, jobs: JobCalls) -> None:
    first, second = jobs.of_texts("a"), jobs.of_texts("b")
    file = jobs.http.get(f"/v1beta/{result_of(first)}").json()
    assert (file["source"], file["state"], file["name"]) == ("GENERATED", "ACTIVE", result_of(first))
    sources = [one["source"] for one in jobs.http.get("/v1beta/files").json()["files"]]
    assert sorted(sources) == ["GENERATED", "GENERATED", "UPLOADED", "UPLOADED"]
    assert jobs.http.delete(f"/v1beta/{result_of(first)}").json() == {}
    jobs.http.delete(f"/v1beta/{second}")
    assert jobs.http.get(f"/v1beta/{result_of(first)}").status_code == 403
    assert jobs.state(first) == "SUCCEEDED"
    assert len(jobs.answers(second)) == 1
    emulator.clock.advance(2 * DAY_S + 1)
    assert jobs.http.get(f"/v1beta/{result_of(second)}:download?alt=media").status_code == 403


def test_media_stand_in_lines_as_they_do_online(emulator: Emulator, jobs: JobCalls) -> None:
    """Those by file too, which may be gone when the answers are asked for."""
    by_hand = {"inline_data": {"mime_type": "image/png", "data": PIXEL}}
    file = jobs.upload(base64.b64decode(PIXEL))
    by_file = {"fileData": {"mimeType": "image/png", "fileUri": f"https://host/v1beta/{file}"}}
    parts = {"inline": by_hand, "file": by_file, "gone": {"fileData": {"mimeType": "image/png", "fileUri": "files/no"}}}
    name = jobs.made([{"key": key, "request": {"content": {"parts": [part]}}} for key, part in parts.items()])
    jobs.http.delete(f"/v1beta/{file}")
    inlined, referenced, gone = jobs.answers(name)
    assert inlined["response"] == referenced["response"]
    assert inlined["response"]["usageMetadata"] == {"promptTokenCount": 258}
    assert (gone["key"], gone["error"]["code"]) == ("gone", 7)
