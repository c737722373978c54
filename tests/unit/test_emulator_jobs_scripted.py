"""Batch jobs that go wrong where that is scripted, and what is billed of them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest
from fix_emulator_jobs import JobCalls, inline, line, result_of
from gemini_embed_emulator import Emulator, Fault, JobPlan, Quota

DAY_S = 24 * 3600


def test_a_job_is_made_for_every_call(jobs: JobCalls) -> None:
    config = {"file_name": jobs.upload(json.dumps(line("a")).encode())}
    assert jobs.create(config).json()["name"] != jobs.create(config).json()["name"]


@pytest.mark.parametrize("fault", [Fault.lost(503), Fault.lost()], ids=["503", "no answer"])
def test_a_job_may_be_made_although_nobody_is_told(emulator: Emulator, jobs: JobCalls, fault: Fault) -> None:
    emulator.faults.push(fault, action="asyncBatchEmbedContent")
    config = {"fileName": jobs.upload(json.dumps(line("a")).encode())}
    if fault.error:
        assert jobs.create(config).status_code == 503
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            jobs.create(config)
    (name,) = jobs.names()
    assert jobs.get(name)["metadata"]["displayName"] == "a job"


TEN = [f"text {i}" for i in range(10)]


def of_plan(emulator: Emulator, jobs: JobCalls, plan: JobPlan) -> list[dict[str, Any]]:
    emulator.batches.push(plan)
    return jobs.answers(jobs.of_texts(*TEN))


def test_scripted_answers_are_under_wrong_keys(emulator: Emulator, jobs: JobCalls) -> None:
    answers = of_plan(emulator, jobs, JobPlan(swapped=2))
    right = {text: jobs.online(text) for text in TEN}
    wrong = {one["key"] for one in answers if one["response"]["embedding"]["values"] != right[one["key"]]}
    assert [one["key"] for one in answers] == TEN
    assert len(wrong) == 4


def test_scripted_answers_are_missing_doubled_failed_or_cut_off(emulator: Emulator, jobs: JobCalls) -> None:
    assert len(of_plan(emulator, jobs, JobPlan(missing=3))) == 7
    doubled = [one["key"] for one in of_plan(emulator, jobs, JobPlan(doubled=2))]
    assert (len(doubled), len({*doubled})) == (12, 10)
    failed = of_plan(emulator, jobs, JobPlan(failed=4, failed_code=8, failed_message="later"))
    assert [one["error"] for one in failed if "error" in one] == [{"code": 8, "message": "later"}] * 4
    emulator.batches.push(JobPlan(kept=0.55))
    lines = jobs.download(jobs.of_texts(*TEN)).split(b"\n")
    assert [json.loads(one)["key"] for one in lines[:-1]] == TEN[:5]
    assert lines[-1].startswith(b'{"key":"text 5"')
    assert not lines[-1].endswith(b"}")
    # missing and failed lines are not billed, doubled ones once
    assert emulator.bill.batch.items == 7 + 10 + 6 + 10


def test_scripted_answers_come_as_a_function_has_them(emulator: Emulator, jobs: JobCalls) -> None:
    answers = of_plan(emulator, jobs, JobPlan(arrange=lambda entries: entries[::-1]))
    assert [one["key"] for one in answers] == TEN[::-1]


def test_scripted_lines_are_what_a_function_makes_of_them(emulator: Emulator, jobs: JobCalls) -> None:
    def spoil(answer: dict[str, Any]) -> None:
        if answer["key"] == "text 3":
            answer["key"] = "nobody's"
            answer["response"]["embedding"]["values"] = [float("nan")]

    answers = of_plan(emulator, jobs, JobPlan(edit=spoil))
    assert [one["key"] for one in answers if one["key"] not in TEN] == ["nobody's"]
    assert [len(one["response"]["embedding"]["values"]) for one in answers].count(1) == 1


def test_rules_are_asked_what_becomes_of_a_job(emulator: Emulator, jobs: JobCalls) -> None:
    emulator.batches.rule = lambda job: JobPlan(end="FAILED", message=job.display_name) if job.number == 2 else None
    names = [jobs.of_texts("a", displayName=f"job {i}") for i in (1, 2, 3)]
    assert [jobs.get(name).get("error") for name in names] == [None, {"code": 13, "message": "job 2"}, None]


@pytest.mark.parametrize("end", ["PENDING", "RUNNING"])
def test_a_job_that_never_ends_is_expired_after_two_days(emulator: Emulator, jobs: JobCalls, end: Any) -> None:
    emulator.batches.push(JobPlan(end=end))
    name = jobs.of_texts("a")
    emulator.clock.advance(2 * DAY_S - 1)
    assert jobs.state(name) == end
    emulator.clock.advance(2)
    job = jobs.get(name)
    assert (job["metadata"]["state"], job["done"], job["error"]["code"]) == ("BATCH_STATE_EXPIRED", True, 4)
    assert "output" not in job["metadata"]
    assert emulator.bill.batch.items == 0


@pytest.mark.parametrize("partial", [0.0, 0.5])
def test_a_job_that_is_cancelled_has_a_part_of_its_answers_or_none(
    emulator: Emulator, jobs: JobCalls, partial: float
) -> None:
    emulator.batches.push(JobPlan(batch_s=100, partial=partial))
    name = jobs.of_texts(*TEN)
    assert jobs.http.post(f"/v1beta/{name}:cancel").json() == {}
    job = jobs.get(name)
    assert (job["metadata"]["state"], job["done"], job["error"]["code"]) == ("BATCH_STATE_CANCELLED", True, 1)
    assert "response" not in job
    assert [one["key"] for one in (jobs.answers(name) if "output" in job["metadata"] else [])] == TEN[
        : int(10 * partial)
    ]
    assert emulator.bill.batch.items == int(10 * partial)


def test_a_deleted_job_is_gone_from_the_list_and_billed_all_the_same(emulator: Emulator, jobs: JobCalls) -> None:
    emulator.batch_s, emulator.quota = 100, Quota(enqueued_tokens=2)
    name = jobs.of_texts("a", "b")
    assert jobs.http.delete(f"/v1beta/{name}").json() == {}
    assert jobs.names() == []
    assert jobs.create(inline("c")).status_code == 429
    emulator.clock.advance(101)
    assert emulator.bill.batch.items == 2


def test_the_bill_tells_how_often_each_content_was_paid(emulator: Emulator, jobs: JobCalls) -> None:
    jobs.of_texts("a", "b", "two words")
    jobs.of_texts("b")
    jobs.online("a", size=8)
    bill = emulator.bill
    assert (bill.batch.items, bill.batch.tokens, bill.batch.distinct, bill.batch.repeated) == (4, 5, 3, 1)
    assert (bill.online.items, bill.online.tokens, bill.both) == (1, 1, 1)
    assert [bill.times(text) for text in ("a", "b", "two words", "c")] == [2, 2, 1, 0]
    assert emulator.requests.items_billed == 1


def test_a_download_may_break_off_half_way(emulator: Emulator, jobs: JobCalls) -> None:
    """And is the same at the next attempt."""
    name = jobs.of_texts(*(f"text {i}" for i in range(1000)))
    emulator.faults.push(Fault.drop_mid_body(), action="download")
    got = bytearray()
    path = f"/v1beta/{result_of(name)}:download?alt=media"
    with jobs.http.stream("GET", path) as reply, contextlib.suppress(httpx.RemoteProtocolError):
        for piece in reply.iter_raw():
            got += piece
    whole = jobs.download(name)
    assert whole.startswith(got)
    assert 0.4 < len(got) / len(whole) < 0.6


def test_jobs_are_scripted_over_http_too(emulator: Emulator, jobs: JobCalls) -> None:
    def control(method: str, name: str, payload: Any = None) -> httpx.Response:
        return jobs.http.request(method, f"/__emulator__/{name}", json=payload)

    pushed = control("POST", "batches", {"push": [{"end": "FAILED", "message": "no"}, None], "rule": {"missing": 1}})
    assert pushed.json() == {"queued": 2, "rule": True, "jobs": []}
    names = [jobs.of_texts("a", "b") for _ in range(3)]
    assert jobs.get(names[0])["error"]["message"] == "no"
    assert [len(jobs.answers(name)) for name in names[1:]] == [2, 1]
    shown = control("GET", "batches").json()["jobs"]
    assert [(job["state"], job["items"]) for job in shown] == [("SUCCEEDED", 2), ("SUCCEEDED", 2), ("FAILED", 2)]
    bill = control("GET", "bill").json()
    assert bill["batch"] == {"items": 3, "tokens": 3, "distinct": 2, "repeated": 1}
    lost = {"push": [{"lost": 503}, "queue_full"], "action": "asyncBatchEmbedContent"}
    assert control("POST", "faults", lost).json()["queued"] == 2
    assert (jobs.create(inline("a")).status_code, len(emulator.jobs())) == (503, 4)
    assert (jobs.create(inline("a")).status_code, len(emulator.jobs())) == (429, 4)
    control("DELETE", "faults")
    assert control("DELETE", "batches").json()["rule"] is False
    assert control("DELETE", "bill").json()["batch"]["items"] == 0
    assert control("POST", "clock", {"advance_s": 60}).json()["ahead_s"] == 60
    assert control("DELETE", "clock").json()["ahead_s"] == 0
    wrong = {"push": [{"partial": 2}]}
    assert "partial: 2.0 is not possible: 0 to 1." in control("POST", "batches", wrong).json()["error"]["message"]
    assert control("POST", "clock", {"advance_s": -1}).status_code == 400
    control("POST", "clock", {"advance_s": 60})
    control("POST", "reset")
    assert (emulator.clock.ahead_s, emulator.jobs()) == (0, [])
