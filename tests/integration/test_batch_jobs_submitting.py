"""Batch jobs submitted: what is sent, what is not, and what becomes of a create whose answer was lost."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_media import drawn, film, wav
from gemini_embed import (
    Audio,
    BatchError,
    BudgetError,
    ConfigurationError,
    ConnectionFailedError,
    Content,
    Embedder,
    Image,
    InputError,
    NotFoundError,
    QuotaUsedUpError,
    Video,
)
from gemini_embed.batch_jobs import leases, queueing
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed_emulator import Emulator, Fault, Quota
from gemini_embed_emulator.http import ReceivedRequest

CREATE = "asyncBatchEmbedContent"
TEXTS = [f"text {i}" for i in range(30)]
SMALL = {"max_items": 10, "look_again_s": 0.2}

Make = Callable[..., Embedder]


@pytest.fixture
def make(make_embedder: Make, tmp_path: Path) -> Make:
    """Embedders with one cache between them."""

    def made(model: str = "gemini-embedding-2", **options: Any) -> Embedder:
        options = {"cache": tmp_path / "vectors.db", "dimensions": 128, "batch_limits": SMALL, **options}
        return make_embedder(model, **options)

    return made


def ledger_of(embedder: Embedder) -> Ledger:
    assert embedder.cache is not None
    return Ledger(embedder.cache)


def rows_of(embedder: Embedder, *, under_way: bool = False) -> list[JobRow]:
    return ledger_of(embedder).rows("developer emulator", embedder.model, under_way=under_way)


def creates(emulator: Emulator) -> int:
    return sum(request.path.endswith(CREATE) for request in emulator.requests)


def sent_lines(emulator: Emulator) -> list[dict[str, Any]]:
    uploads = [one.body for one in emulator.requests if "upload_id" in str(one.query) and one.body]
    return [json.loads(line) for body in uploads for line in body.splitlines()]


def billed_twice(emulator: Emulator) -> int:
    """Texts that two jobs had."""
    return emulator.bill.batch.repeated


def test_jobs_are_created_of_what_is_wanted(make: Make, emulator: Emulator) -> None:
    embedder = make()
    run = embedder.batches.submit_documents(TEXTS, name="corpus")
    rows = rows_of(embedder)
    told = [(row.run, row.part, row.state, row.items) for row in rows]
    assert told == [("corpus", part, "created", 10) for part in range(3)]
    assert {row.name for row in rows} == {job["name"] for job in emulator.jobs()}
    assert [len(row.checks) for row in rows] == [4, 4, 4]
    assert emulator.bill.batch.items == len(TEXTS)
    assert (emulator.bill.online.items, emulator.bill.both) == (12, 12)
    assert [one.name for one in embedder.batches.list()] == [run.name] == ["corpus"]


@pytest.mark.parametrize("model", ["gemini-embedding-2", "gemini-embedding-001"])
def test_lines_hold_what_online_calls_send(model: str, make: Make, emulator: Emulator) -> None:
    make(model).batches.submit_documents(["wheat", "rye"], ["Grain", None], verify=0)
    lines = sent_lines(emulator)
    emulator.requests.clear()
    make(model, cache=None).embed_documents(["wheat", "rye"], ["Grain", None])
    (online,) = [request.json["requests"] for request in emulator.requests]
    for one in online:
        del one["model"]
    assert [line["request"] for line in lines] == online


def test_equal_contents_are_one_line(make: Make, emulator: Emulator) -> None:
    make().batches.submit(["a", "b", "a", Content("b")], verify=0)
    assert len(sent_lines(emulator)) == 2


def test_what_the_cache_has_is_not_sent(make: Make, emulator: Emulator) -> None:
    embedder = make()
    embedder.embed_documents(TEXTS[:25])
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert len(sent_lines(emulator)) == 5


def test_what_is_under_way_is_adopted(make: Make, emulator: Emulator) -> None:
    """By the same object, by another one, and in part."""
    emulator.batch_s = 1000
    embedder = make()
    embedder.batches.submit_documents(TEXTS, verify=0)
    embedder.batches.submit_documents(TEXTS, verify=0)
    make().batches.submit_documents([*TEXTS, "one more"], verify=0)
    assert [row.items for row in rows_of(embedder)] in ([10, 10, 10, 1], [1, 10, 10, 10])


def test_the_other_door_does_the_same(make: Make, emulator: Emulator) -> None:
    async def both() -> list[str]:
        batches = make().batches
        one = await batches.asubmit_documents(TEXTS[:5], ["t"] * 5, name="one")
        other = await batches.asubmit([Content("x")], side="query", name="other")
        assert (await batches.aget("one")).name == one.name
        return [one.name, other.name, *(run.name for run in await batches.alist())]

    assert asyncio.run(both()) == ["one", "other", "other", "one"]


def test_runs_are_found_without_the_ledger(make: Make, tmp_path: Path, emulator: Emulator) -> None:
    """As from another machine; jobs of others and empty pages stand between."""
    emulator.batch_other_jobs, emulator.batch_empty_pages = 3, 2
    make().batches.submit_documents(TEXTS, name="here", verify=0)
    there = make(cache=tmp_path / "elsewhere.db").batches
    assert [run.name for run in there.list()] == ["here"]
    assert there.get("here").name == "here"
    with pytest.raises(BatchError, match=r"no run is called 'nowhere'; .*: here"):
        there.get("nowhere")


def test_no_cache_no_jobs(make_embedder: Make) -> None:
    batches = make_embedder().batches
    for call in (lambda: batches.submit(["a"]), batches.list, lambda: batches.get("x")):
        with pytest.raises(ConfigurationError, match="batch jobs need cache=: their answers come hours later"):
            call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"name": "a/b"}, "name='a/b' must be 1 to 64 letters", id="name"),
        pytest.param({"verify": -1}, "verify=-1 must be a whole number", id="verify"),
        pytest.param({"deadline_s": 0}, "deadline_s=0 must be a positive number", id="deadline"),
        pytest.param({"max_cost_usd": 0}, "max_cost_usd=0 must be a positive number", id="cost"),
        pytest.param({"side": "left"}, "side='left' must be one of", id="side"),
    ],
)
def test_arguments_that_cannot_be_honoured(options: dict[str, Any], said: str, make: Make) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make().batches.submit(["a"], **options)


def test_bad_input_is_said_before_anything_is_sent(make: Make, emulator: Emulator) -> None:
    with pytest.raises(InputError, match="input 1: the text is empty"):
        make().batches.submit(["a", " "])
    assert not emulator.requests
    make().batches.submit(["a", " "], on_error="skip", verify=0)
    assert len(sent_lines(emulator)) == 1


@pytest.mark.parametrize(
    ("fault", "is_made"),
    [
        pytest.param(Fault.lost(503), True, id="done-and-503"),
        pytest.param(Fault.lost(499), True, id="done-and-499"),
        pytest.param(Fault.lost(), True, id="done-and-dropped"),
        pytest.param(Fault.drop_mid_body(), True, id="done-and-cut"),
        pytest.param(Fault.status(503), False, id="503"),
        pytest.param(Fault.status(499), False, id="499"),
        pytest.param(Fault.drop_before(), False, id="dropped"),
        pytest.param(Fault.garbage(), False, id="garbage"),
        pytest.param(Fault.html(502), False, id="proxy"),
    ],
)
def test_a_create_whose_answer_was_lost(fault: Fault, is_made: bool, make: Make, emulator: Emulator) -> None:
    """It is looked for, and created again only where no list shows it."""
    emulator.faults.push(None, fault, action=CREATE)
    embedder = make()
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert creates(emulator) == (3 if is_made else 4)
    rows = rows_of(embedder, under_way=True)
    assert {row.name for row in rows} == {job["name"] for job in emulator.jobs()}
    assert sorted(key for row in rows for key in row.keys) == sorted({key for row in rows for key in row.keys})
    assert (emulator.bill.batch.items, billed_twice(emulator)) == (30, 0)


def test_a_job_that_is_listed_late_is_found(make: Make, emulator: Emulator) -> None:
    emulator.batch_listed_after_s = 0.3
    emulator.faults.push(Fault.lost(503), action=CREATE)
    make(batch_limits={"look_again_s": 0.6}).batches.submit_documents(TEXTS, verify=0)
    assert (creates(emulator), len(emulator.jobs())) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Fault.status(404, "Requested entity was not found."), NotFoundError, id="404"),
        pytest.param(Fault.rate_limited("day"), QuotaUsedUpError, id="day"),
    ],
)
def test_a_refused_create_leaves_nothing_behind(
    fault: Fault, error: type[Exception], make: Make, emulator: Emulator
) -> None:
    """Its keys are free, its file is gone, its price is not held; what was created before goes on."""
    emulator.batch_s = 1000
    emulator.faults.push(None, fault, action=CREATE)
    embedder = make()
    with pytest.raises(error):
        embedder.batches.submit_documents(TEXTS, verify=0)
    assert [row.state for row in rows_of(embedder)] == ["created", "lost"]
    assert embedder.budget.in_flight_usd == pytest.approx(rows_of(embedder)[0].usd)
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert [row.items for row in rows_of(embedder, under_way=True)] == [10, 10, 10]


def test_other_calls_about_jobs_are_tried_again(make: Make, emulator: Emulator) -> None:
    emulator.faults.push(Fault.status(503), Fault.drop_before())
    assert make().batches.list() == []


def test_no_connection_is_no_job(make: Make, emulator: Emulator) -> None:
    embedder = make(retry={"max_attempts": 2, "first_wait_s": 0.01})
    embedder.batches.submit_documents(TEXTS[:5], verify=0)
    emulator.stop()
    with pytest.raises(ConnectionFailedError):
        embedder.batches.submit_documents(TEXTS, verify=1)
    assert [row.items for row in rows_of(embedder)] == [5]
    assert embedder.budget.in_flight_usd == pytest.approx(rows_of(embedder)[0].usd)


def test_money_is_held_until_a_job_is_collected(make: Make, emulator: Emulator) -> None:
    embedder = make()
    embedder.batches.submit_documents(TEXTS, verify=0)
    rows = rows_of(embedder)
    assert embedder.budget.in_flight_usd == pytest.approx(sum(row.usd for row in rows))
    assert rows[0].usd == pytest.approx(rows[0].tokens * 0.20e-6 / 2)
    assert embedder.budget.spent_usd == 0


@pytest.mark.parametrize("where", ["embedder", "run"])
def test_a_limit_holds_before_the_first_job(where: str, make: Make, emulator: Emulator) -> None:
    price = 30 * 7 * 0.20e-6 / 2
    embedder = make(max_cost_usd=price / 2 if where == "embedder" else None)
    with pytest.raises(BudgetError, match="max_cost_usd"):
        embedder.batches.submit_documents(TEXTS, max_cost_usd=price / 2 if where == "run" else None)
    assert not [request for request in emulator.requests if request.method == "POST"]
    assert embedder.budget.in_flight_usd == 0
    embedder.batches.submit_documents(TEXTS[:5], verify=0)


def quick(monkeypatch: pytest.MonkeyPatch, *, least_tokens: int = 20) -> None:
    """Queues in small."""
    monkeypatch.setattr(queueing, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(queueing, "LONGEST_LOOK_S", 0.05)
    monkeypatch.setattr(queueing, "LEAST_TOKENS", least_tokens)


def test_a_full_queue_is_waited_for(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    """Jobs are created as others end, and the size that was refused is not tried again."""
    quick(monkeypatch)
    emulator.quota, emulator.batch_s = Quota(enqueued_tokens=200), 1000
    looked = itertools.count(1)

    def look(asked: ReceivedRequest) -> None:  # jobs end by looks at the list, whatever else the machine does
        if asked.method == "GET" and "/batches" in asked.path and next(looked) % 5 == 0:
            emulator.clock.advance(1000)

    emulator.faults.rule = look
    embedder = make(batch_limits={"max_items": 10, "look_again_s": 20})  # what is learned is believed for 100 s
    embedder.batches.submit_documents([f"text {i}" for i in range(100)], verify=0)
    rows = [row for row in rows_of(embedder) if row.state != "lost"]
    assert sum(row.items for row in rows) == 100
    assert creates(emulator) - len(rows) <= 3
    assert "collected" in {row.state for row in rows}, "while it waits"
    assert ledger_of(embedder).learned("developer emulator", embedder.model) is not None
    emulator.clock.advance(1000)
    assert (emulator.bill.batch.items, billed_twice(emulator)) == (100, 0)


def test_a_job_that_is_too_large_is_halved(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    quick(monkeypatch)
    emulator.quota = Quota(enqueued_tokens=100)
    embedder = make(batch_limits={"look_again_s": 0.01})
    embedder.batches.submit_documents([f"text {i}" for i in range(64)], verify=2)
    rows = rows_of(embedder, under_way=True)
    assert sum(row.items for row in rows) == 64
    assert max(row.tokens for row in rows) <= 100
    assert (emulator.bill.batch.items, billed_twice(emulator)) == (64, 0)


def test_a_told_queue_is_never_overfilled(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    quick(monkeypatch)
    emulator.quota, emulator.batch_s = Quota(enqueued_tokens=400), 0.1
    embedder = make(batch_limits={"max_enqueued_tokens": 330, "max_items": 10})
    embedder.batches.submit_documents([f"text {i}" for i in range(60)], verify=0)
    assert creates(emulator) == len(rows_of(embedder))


def test_no_more_jobs_than_the_service_takes(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    quick(monkeypatch)
    emulator.max_batch_jobs, emulator.batch_s = 3, 0.1
    embedder = make(batch_limits={"max_jobs": 3, "max_items": 5})
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert creates(emulator) == len(rows_of(embedder)) == 6


@pytest.mark.parametrize("under_way", [True, False], ids=["ours-under-way", "nothing-of-ours"])
def test_a_deadline_says_what_is_known(
    under_way: bool, monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator
) -> None:
    quick(monkeypatch, least_tokens=1000)
    emulator.batch_s = 1000
    embedder = make(batch_limits={"max_items": 10, "look_again_s": 0.05})
    if under_way:
        embedder.batches.submit_documents(["first"], verify=0)
    emulator.quota = Quota(enqueued_tokens=10)
    with pytest.raises(QuotaUsedUpError, match=r"deadline_s=0\.3: .* was refused; .*: submit the same contents again"):
        embedder.batches.submit_documents(TEXTS, verify=0, deadline_s=0.3)
    emulator.quota = None
    embedder.batches.submit_documents(TEXTS, verify=0)
    assert sum(row.items for row in rows_of(embedder, under_way=True)) == 30 + under_way


def test_two_at_once_share_the_work(make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two objects with one cache, as two processes have it."""
    emulator.latency_s = 0.02
    embedders = [make() for _ in range(3)]
    failed: list[BaseException] = []

    def work(embedder: Embedder) -> None:
        try:
            embedder.batches.submit_documents(TEXTS, verify=1)
        except BaseException as e:
            failed.append(e)

    threads = [threading.Thread(target=work, args=(embedder,)) for embedder in embedders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert emulator.bill.batch.repeated == 0
    wanted = {key for row in rows_of(embedders[0], under_way=True) for key in row.keys}
    assert len(wanted) + len(set(embedders[0].cache.held(list(wanted)) if embedders[0].cache else ())) >= 27


def test_a_worker_that_died_is_taken_over(make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that was intended and sent by a process that is gone, whose job exists."""
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    emulator.batch_s = 1000
    embedder = make()
    embedder.batches.submit_documents(TEXTS[:10], verify=0, name="dead")
    (row,) = rows_of(embedder)
    with_db = ledger_of(embedder)
    with_db._update(row.display_name, state="intended", name=None, owner="gone", lease=time.time() + 0.3)
    embedder.batches.submit_documents(TEXTS[:10], verify=0)
    assert (creates(emulator), rows_of(embedder)[0].name) == (1, row.name)


MEDIA = [
    Image(drawn("red circle")),
    Audio(wav((440, 100))),  # more than 1 MiB
    Video(film((drawn("blue square"), 1))),
]


def test_media_go_inline_or_by_reference(make: Make, emulator: Emulator) -> None:
    """What is larger than 1 MiB is uploaded, and kept until its job is over; the key is that of online calls."""
    embedder = make()
    embedder.batches.submit(MEDIA, verify=0)
    kinds = [next(iter(line["request"]["content"]["parts"][0])) for line in sent_lines_of_media(emulator)]
    assert kinds == ["inlineData", "fileData", "inlineData"]
    (row,) = rows_of(embedder)
    assert len(row.refs) == 1
    online = make()
    online.embed(MEDIA)
    assert embedder.cache is not None
    assert embedder.cache.held(row.keys) == {*row.keys}
    assert emulator.bill.batch.items == 3


def sent_lines_of_media(emulator: Emulator) -> list[dict[str, Any]]:
    bodies = [one.body for one in emulator.requests if "upload_id" in str(one.query) and one.body[:8] == b'{"key":"']
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_equal_bytes_in_two_files_are_one_line(make: Make, emulator: Emulator, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        drawn("red circle").save(tmp_path / name)
    make().batches.submit([Image(tmp_path / "a.png"), Image(tmp_path / "b.png")], verify=0)
    assert len(sent_lines(emulator)) == 1


def test_interrupted_while_the_queue_is_full(monkeypatch: pytest.MonkeyPatch, make: Make, emulator: Emulator) -> None:
    """What was created is known, and the rest is sent when it is submitted again."""
    quick(monkeypatch)
    emulator.batch_s, emulator.max_batch_jobs = 1000, 1
    embedder = make()

    async def interrupted() -> None:
        task = asyncio.create_task(embedder.batches.asubmit_documents(TEXTS, verify=0))
        while len(rows_of(embedder)) < 2 or rows_of(embedder)[1].is_sent:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    emulator.max_batch_jobs = 100
    embedder.batches.submit_documents(TEXTS, verify=0)
    rows = rows_of(embedder, under_way=True)
    assert [row.state for row in rows] == ["created"] * len(rows)
    assert sum(row.items for row in rows) == 30


def test_a_process_that_slept_leaves_its_job_to_others(make: Make, emulator: Emulator) -> None:
    """A computer that was put to sleep while it uploaded: another one has taken the texts over meanwhile, and they are
    in one job only."""
    emulator.faults.rule = lambda asked: Fault.latency(1.5) if "upload_id" in asked.query else None
    sleeping = make()
    slept = threading.Thread(target=lambda: sleeping.batches.submit_documents(TEXTS[:10], verify=0))
    slept.start()
    while not any("upload_id" in asked.query for asked in emulator.requests):
        time.sleep(0.01)
    emulator.faults.clear()
    other = make()
    assert other.cache is not None
    other.cache.use(lambda db: db.execute("UPDATE batch_jobs SET lease = 0").connection.commit())
    other.batches.submit_documents(TEXTS[:10], verify=0)
    slept.join()
    assert creates(emulator) == 1
    assert [row.items for row in rows_of(other, under_way=True)] == [10]
    result = sleeping.batches.submit_documents(TEXTS[:10], verify=0).wait()
    assert result is not None
    assert (emulator.bill.batch.items, emulator.bill.online.items) == (10, 0)
    assert emulator.jobs() == []
