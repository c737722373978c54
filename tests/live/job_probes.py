"""Batch jobs: what three small ones tell."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from gemini_embed.wire.batch_jobs import read_job, read_page, read_time

from .asking import Service, UndecidedError
from .facts import IMAGE_TOKENS, Outcome, Probes, cosine, usd
from .jobs import LONGEST_NAME, SIZE, TEXT, of
from .limits import picture

PROBES = Probes()
_LISTED_S = 60.0
_JOBS, _ANSWERS = "gemini_embed/wire/batch_jobs.py", "gemini_embed/wire/batch_answers.py"


@PROBES.add("job-taken", "gemini_embed/batch_jobs/names.py: JobName", usd(text=100, image=2 * IMAGE_TOKENS))
def _job_taken(service: Service) -> Outcome:
    """A batch job of gemini-embedding-2 is taken from this key, with a name of 104 characters.

    Sends: asyncBatchEmbedContent, three lines.
    """
    answer = of(service).mixed.created
    if answer.status != 200:
        return Outcome("refuted", answer.words)
    told = read_job(answer.body)
    good = told.display_name == LONGEST_NAME and "EmbedContentBatch" in str(answer.json["metadata"].get("@type"))
    return Outcome("confirmed" if good else "refuted", f"{answer.json['metadata'].get('@type')}, {told.display_name!r}")


@PROBES.add("job-in-list", "gemini_embed/batch_jobs/limits.py: look_again_s", usd(text=20))
def _job_in_list(service: Service) -> Outcome:
    """A new job is in the list within 60 s.

    Sends: asyncBatchEmbedContent, then GET batches until it is there.
    """
    job = of(service).cancelled
    job.look()
    started = time.monotonic()
    while True:
        page = service.ask("GET", "/v1beta/batches", query={"pageSize": "100"})
        if page.status != 200:
            return Outcome("refuted", page.words)
        waited = time.monotonic() - started
        if job.name in [one.name for one in read_page(page.body, "")[0]]:
            return Outcome("confirmed", f"seen after {waited:.1f} s")
        if waited >= min(_LISTED_S, service.wait_s) or not service.pause(service.poll_s):
            return Outcome("refuted", f"not on the first page after {waited:.1f} s")


@PROBES.add("job-cancelled", f"{_JOBS}: _CANCELLED", 0.0)
def _job_cancelled(service: Service) -> Outcome:
    """A job that is cancelled ends as CANCELLED.

    Sends: POST batches/...:cancel, then GET until it is over.
    """
    job = of(service).cancelled
    job.look()
    answer = service.ask("POST", f"/v1beta/{job.name}:cancel", {})
    last, report = job.ended
    seen = (
        f"{answer.status}; then {last.json['metadata'].get('state')}, error {last.json.get('error')}, "
        f"output {report.output}"
    )
    if report.state == "succeeded":
        raise UndecidedError(f"it was done before it could be cancelled: {seen}")
    return Outcome("confirmed" if report.state == "cancelled" else "refuted", seen)


@PROBES.add("job-fields", "gemini_embed_emulator/api/query.py: fields", 0.0)
def _job_fields(service: Service) -> Outcome:
    """`fields=` makes a look at a job small.

    Sends: GET batches/...?fields=name,metadata.state.
    """
    answer = of(service).mixed.look(fields="name,metadata.state")
    if answer.status != 200:
        return Outcome("refuted", answer.words)
    good = set(answer.json) == {"name", "metadata"} and set(answer.json["metadata"]) <= {"state", "@type"}
    return Outcome("confirmed" if good else "refuted", f"200 {json.dumps(answer.json)[:200]}")


@PROBES.add("job-media", "gemini_embed/batch_jobs/service.py: INLINE_BYTES", 0.0)
def _job_media(service: Service) -> Outcome:
    """A line may hold media, inline and as a file.

    Sends: The results of the job.
    """
    answers = of(service).mixed.answers
    seen = {
        key: "a vector" if _values(answers.get(key)) else json.dumps(answers.get(key))[:200]
        for key in ("inline", "file")
    }
    return Outcome("confirmed" if set(seen.values()) == {"a vector"} else "refuted", str(seen))


@PROBES.add("job-usage", f"{_ANSWERS}: tokenCount", 0.0)
def _job_usage(service: Service) -> Outcome:
    """A line of results tells its tokens: usageMetadata, or tokenCount.

    Sends: The results of the job.
    """
    response = of(service).mixed.answers.get("text", {}).get("response", {})
    told = {name: response[name] for name in ("usageMetadata", "tokenCount") if name in response}
    return Outcome(
        "confirmed" if told else "refuted", json.dumps(told) if told else f"only {', '.join(response) or 'nothing'}"
    )


@PROBES.add("job-equals-online", "gemini_embed/batch_jobs/verifying.py: 0.999", usd(text=20, image=IMAGE_TOKENS))
def _job_equals_online(service: Service) -> Outcome:
    """A vector of a batch job is that of an online call (cosine 0.999).

    Sends: embedContent of the job's text and picture, then its results.
    """
    answers = of(service).mixed.answers
    seen = {}
    for key, sent in (("text", TEXT), ("inline", picture())):
        online, batch = service.embed(sent, outputDimensionality=SIZE), _values(answers.get(key))
        if online.status != 200 or not batch:
            raise UndecidedError(f"{key}: {online.words if online.status != 200 else 'no vector in the results'}")
        seen[key] = round(cosine(online.rows[0], batch), 6)
    return Outcome("confirmed" if min(seen.values()) >= 0.999 else "refuted", f"cosine {seen}")


@PROBES.add("job-failed-line", f"{_ANSWERS}: LineError", usd(text=20, image=IMAGE_TOKENS))
def _job_failed_line(service: Service) -> Outcome:
    """A line that cannot be embedded is answered with its key and an error of code and message.

    Sends: asyncBatchEmbedContent: a text, and a picture that is none.
    """
    job = of(service).failing
    _, report = job.ended
    if report.output is None:
        return Outcome("refuted", f"the whole job is {report.state}: {report.error}")
    told = job.answers.get("bad")
    error = (told or {}).get("error")
    good = isinstance(error, dict) and "code" in error and "message" in error and bool(_values(job.answers.get("good")))
    return Outcome("confirmed" if good else "refuted", json.dumps(told)[:300])


@PROBES.add("job-results-kept", "gemini_embed/batch_jobs/collecting.py: 48 hours", 0.0)
def _job_results_kept(service: Service) -> Outcome:
    """The file of results is kept for 48 hours.

    Sends: GET of the file of results.
    """
    _, report = of(service).mixed.ended
    answer = service.ask("GET", f"/v1beta/{report.output}")
    told = answer.json if answer.status == 200 else {}
    begun, over = read_time(told.get("createTime")), read_time(told.get("expirationTime"))
    if not isinstance(begun, datetime) or not isinstance(over, datetime):
        raise UndecidedError(f"no times are told: {answer.words}")
    hours = (over - begun).total_seconds() / 3600
    return Outcome("confirmed" if 47 <= hours <= 49 else "refuted", f"{hours:.1f} hours")


@PROBES.add("job-deleted", "gemini_embed/batch_jobs/developer.py: delete", 0.0)
def _job_deleted(service: Service) -> Outcome:
    """A job that is deleted is gone.

    Sends: DELETE batches/..., then GET.
    """
    job = of(service).mixed
    _ = job.ended
    answer = job.delete()
    of(service).made.remove(job)
    after = service.ask("GET", f"/v1beta/{job.name}")
    seen = f"{answer.status if answer else '-'}; then {after.words}"
    return Outcome("confirmed" if after.status == 404 else "refuted", seen[:300])


def _values(told: Any) -> list[float]:
    """The vector of a line of results; [] where it has none."""
    response = (told or {}).get("response") or {}
    values: list[float] = (response.get("embedding") or {}).get("values") or []
    return values
