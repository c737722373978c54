"""Batch jobs on Vertex AI, what is its own: objects in a bucket, filters, states, a job that is ended early."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import ApiError, BatchFailedError, Embedder, Image
from gemini_embed_emulator import Emulator, Fault, JobPlan, ReceivedRequest
from PIL.Image import effect_noise

TEXTS = [f"text number {n}" for n in range(12)]
JOBS = "/batchPredictionJobs"

Make = Callable[..., Embedder]
Matches = Callable[[ReceivedRequest], bool]


@pytest.fixture
def make(make_embedder: Make, fake_credentials: Any, tmp_path: Path) -> Make:
    """Makes embedders on Vertex AI, with one cache."""

    def made(**options: Any) -> Embedder:
        told = {"dimensions": 32, "cache": tmp_path / "vectors.db", "staging": "gs://bucket/prefix/"}
        return make_embedder(vertexai=True, project="p", credentials=fake_credentials, **{**told, **options})

    return made


def first(emulator: Emulator, matches: Matches, *faults: Fault | None) -> None:
    """What happens to the first requests that match."""
    left = iter(faults)
    emulator.faults.rule = lambda request: next(left, None) if matches(request) else None


def is_chunk(request: ReceivedRequest) -> bool:
    return request.method == "PUT"


def is_download(request: ReceivedRequest) -> bool:
    return request.query.get("alt") == "media"


def paths(emulator: Emulator, method: str, end: str = "") -> list[str]:
    return [one.path for one in emulator.requests if one.method == method and one.path.endswith(end)]


def test_everything_of_a_job_is_below_its_name_in_the_bucket(make: Make, emulator: Emulator) -> None:
    emulator.batch_s = 60
    run = make().batches.submit_documents(TEXTS, name="nightly")
    (job,) = emulator.jobs()
    (folder,) = (name.removesuffix("/input.jsonl") for name in emulator.objects)
    assert folder.rpartition("/")[0] == f"gs://bucket/prefix/{job['displayName']}", "of its own: names are used twice"
    (created,) = (one for one in emulator.requests if one.method == "POST" and one.path.endswith(JOBS))
    destination = created.json["outputConfig"]["gcsDestination"]["outputUriPrefix"]
    assert destination == f"{folder}/output"
    emulator.clock.advance(60)
    run.wait(0, keep=True)
    assert [name.rpartition("/")[2] for name in emulator.objects] == ["input.jsonl", "predictions.jsonl"]
    assert all(name.startswith(folder) for name in emulator.objects)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([None, Fault.status(503)], id="refused"),
        pytest.param([None, Fault.drop_before()], id="not-received"),
        pytest.param([None, Fault.lost()], id="received-and-not-answered"),
        pytest.param([None, None, Fault.lost()], id="the-last-one-not-answered"),
    ],
)
def test_an_upload_goes_on_from_the_byte_that_it_had_come_to(
    faults: list[Fault | None], make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks, of which none is sent in vain but one that was not received."""
    monkeypatch.setattr("gemini_embed.batch_jobs.objects.CHUNK_BYTES", 2**18)
    texts = [f"{n} " + "word " * 1000 for n in range(120)]
    emulator.batch_s = 60
    first(emulator, is_chunk, *faults)
    make().batches.submit(texts, task="raw", verify=0)
    (kept,) = emulator.objects.values()
    assert kept.count(b"\n") == len(texts)
    sent = sum(len(one.body) for one in emulator.requests if is_chunk(one))
    assert len(kept) <= sent <= len(kept) + 2**18
    assert len(paths(emulator, "POST", "/o")) == 1, "one upload"


def test_a_download_goes_on_from_the_byte_that_it_had_come_to(make: Make, emulator: Emulator) -> None:
    run = make().batches.submit_documents(TEXTS)
    first(emulator, is_download, Fault.drop_mid_body(), Fault.status(503))
    result = run.wait()
    assert result is not None
    assert np.array_equal(result.values, make(cache=None).embed_documents(TEXTS).values)
    begun = [one.headers.get("range", "") for one in emulator.requests if is_download(one)]
    assert begun[0] == ""
    assert begun[1] == begun[2]
    assert begun[1].startswith("bytes=")


def test_a_token_that_is_refused_for_a_download_is_renewed(
    make: Make, emulator: Emulator, fake_credentials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs take longer than tokens live."""
    monkeypatch.setattr(fake_credentials, "refresh", lambda request: setattr(fake_credentials, "token", "another"))
    run = make().batches.submit_documents(TEXTS)
    first(emulator, is_download, Fault.status(401))
    assert run.wait() is not None


def test_a_job_whose_creation_is_not_answered_is_found_by_one_call(make: Make, emulator: Emulator) -> None:
    """However many jobs there are: the list is filtered by the display name."""
    first(emulator, lambda one: one.method == "POST" and one.path.endswith(JOBS), Fault.lost(504))
    make().batches.submit_documents(TEXTS)
    first_of_all, asked, last_of_all = (one for one in emulator.requests if one.method == "GET")
    for one in (first_of_all, last_of_all):
        assert one.query["filter"] == 'display_name:"gemini-embed/*"', "whether another machine has created it"
    (job,) = emulator.jobs()
    assert asked.query["filter"] == f'display_name="{job["displayName"]}"'


def test_jobs_of_others_are_not_listed(make: Make, emulator: Emulator) -> None:
    """Neither other programs' nor other models'."""
    make().batches.submit_documents(TEXTS, name="ours")
    emulator.batches.rule = None
    theirs = dict(next(one for one in emulator.requests if one.method == "POST" and one.path.endswith(JOBS)).json)
    import httpx

    url = f"{emulator.base_url}/v1beta1/projects/p/locations/global{JOBS}"
    httpx.post(url, json={**theirs, "displayName": "theirs"}, headers={"authorization": "Bearer t"}, verify=False)  # noqa: S501 - plain http
    assert len(emulator.jobs()) == 2
    assert [run.name for run in make().batches.list()] == ["ours"]


@pytest.mark.parametrize("shown", ["QUEUED", "PENDING", "RUNNING", "PAUSED", "UPDATING", "CANCELLING", "A_NEW_ONE"])
def test_a_job_goes_on_in_whatever_state_that_is_no_end(shown: str, make: Make, emulator: Emulator) -> None:
    states = ("QUEUED", "PENDING", "RUNNING")
    emulator.batches.push(JobPlan(batch_s=60, shown_as=dict.fromkeys(states, shown)))
    run = make().batches.submit_documents(TEXTS)
    assert run.wait(0) is None
    assert run.refresh().pending > 0
    emulator.clock.advance(60)
    assert run.wait(0) is not None


def test_rows_that_fail_are_asked_again_and_those_that_are_refused_told(make: Make, emulator: Emulator) -> None:
    """A row's status is text, with the HTTP status in it."""
    emulator.batches.push(
        JobPlan(failed=8, failed_code=8, shown_as={"SUCCEEDED": "PARTIALLY_SUCCEEDED"}),
        JobPlan(failed=8, failed_code=3, failed_message="It cannot be embedded."),
    )
    result = make().batches.submit(TEXTS, on_error="skip", verify=0).wait()
    assert result is not None
    assert len(result.refused) == 8
    assert all("It cannot be embedded." in refused.message for refused in result.refused)


def test_a_job_that_is_being_cancelled_brings_what_was_done(make: Make, emulator: Emulator) -> None:
    """It takes a while, and it is charged for what was done."""
    emulator.batches.push(JobPlan(batch_s=100, cancelling_s=30, partial=0.5))
    run = make().batches.submit_documents(TEXTS, name="nightly", verify=0)
    emulator.clock.advance(60)
    run.cancel()
    assert run.refresh().pending == 12
    emulator.clock.advance(30)
    with pytest.raises(BatchFailedError, match="6 of 12 items have no vector; all others are in the cache"):
        make().batches.get("nightly").wait(0)
    assert emulator.bill.batch.items == run.refresh().done == 6


def test_a_job_that_is_deleted_is_waited_for_until_it_has_ended(
    make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be deleted before; what it has written goes with it."""
    monkeypatch.setattr("gemini_embed.batch_jobs.vertex.ENDING_WAITS_S", (0.0,) * 5)
    emulator.batches.push(JobPlan(batch_s=100, cancelling_s=30, partial=0.5))
    run = make().batches.submit_documents(TEXTS, verify=0)
    emulator.clock.advance(60)
    looks = iter([None, lambda: emulator.clock.advance(30)])

    def advance(request: ReceivedRequest) -> None:
        if request.method == "GET" and JOBS in request.path and (is_cancelled := next(looks, None)):
            is_cancelled()

    emulator.faults.rule = advance
    run.delete()
    assert (emulator.jobs(), emulator.objects) == ([], {})


def test_a_job_whose_input_is_gone_fails_in_words(make: Make, emulator: Emulator) -> None:
    emulator.gcs_buckets = ["bucket"]
    first(emulator, lambda one: one.method == "POST" and one.path.endswith(JOBS), None)
    emulator.batches.push(JobPlan(end="FAILED", message="input.jsonl was not found", batch_s=0))
    emulator.batches.rule = lambda job: JobPlan(end="FAILED", message="input.jsonl was not found")
    with pytest.raises(BatchFailedError, match=r"input\.jsonl was not found"):
        make().batches.submit_documents(TEXTS).wait()


def test_a_bucket_that_is_not_there_is_told_before_a_job_is_created(make: Make, emulator: Emulator) -> None:
    emulator.gcs_buckets = ["another"]
    with pytest.raises(ApiError, match="bucket does not exist") as refused:
        make().batches.submit_documents(TEXTS)
    assert "Cloud Storage" in str(refused.value)
    assert paths(emulator, "POST", JOBS) == []


def test_ctrl_c_prints_a_line_that_collects(make: Make, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Project, location and place are in it."""
    emulator.batch_s = 3600
    run = make().batches.submit_documents(TEXTS, name="nightly")
    main = threading.get_ident()
    with pytest.raises(KeyboardInterrupt):
        run.wait(progress=lambda status: signal.pthread_kill(main, signal.SIGINT))
    told = capsys.readouterr().err
    assert "project='p', location='global', staging='gs://bucket/prefix', base_url=" in told
    assert ".batches.get('nightly').wait()" in told


def test_media_by_gs_address_are_not_uploaded(make: Make, emulator: Emulator, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    effect_noise((20, 20), 90).save(picture)
    emulator.gcs = {"gs://theirs/picture.png": picture.read_bytes()}
    result = make().batches.submit([Image("gs://theirs/picture.png")], verify=0).wait()
    assert result is not None
    assert np.array_equal(result.values, make(cache=None).embed([Image(picture)]).values)
    assert [*emulator.objects] == ["gs://theirs/picture.png"], "it is not ours to delete"


def test_cloud_storage_may_have_another_address(
    make: Make, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the place or, as to Google's own clients, by the environment; our own headers stay at home."""
    with Emulator(gcs_buckets=["bucket"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"127.0.0.1:{storage.port}")
        make(headers={"x-secret": "s"}).batches.submit_documents(TEXTS[:6], verify=0)
        make(staging=f"{storage.base_url}/bucket/p").batches.submit_documents(TEXTS[6:], verify=0)
        assert len(storage.objects) == 2
        assert all("x-secret" not in one.headers for one in storage.requests)
        assert all(one.headers["authorization"].startswith("Bearer ") for one in storage.requests)
    assert emulator.objects == {}
