"""Small batch jobs: made at the beginning, so that they run while other things are asked; deleted in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from fix_media import png
from gemini_embed.batch_jobs.names import JobName
from gemini_embed.wire.batch_jobs import JobReport, read_job

from .asking import Answer, Service, UndecidedError
from .limits import picture

TEXT, SIZE = "The boiler is in the cellar, behind the grey door.", 768
LONGEST_NAME = str(JobName("r" * 64, 999_999_999, "0" * 16))


def line(key: str, *parts: Any) -> dict[str, Any]:
    """A line of an input file."""
    return {"key": key, "request": {"content": {"parts": list(parts)}, "outputDimensionality": SIZE}}


@dataclass(eq=False)
class Job:
    """A job of some lines. Made when it is first asked for; UndecidedError where it cannot be."""

    service: Service
    lines: list[dict[str, Any]]
    name: str = ""
    files: list[str] = field(default_factory=list)

    @cached_property
    def created(self) -> Answer:
        """The answer to its making."""
        data = "".join(json.dumps(one) + "\n" for one in self.lines).encode()
        self.files.append(upload(self.service, "application/jsonl", data)["name"])
        body = {"batch": {"displayName": LONGEST_NAME, "inputConfig": {"file_name": self.files[-1]}}}
        answer = self.service.ask("POST", "/v1beta/models/gemini-embedding-2:asyncBatchEmbedContent", body)
        if answer.status == 200:
            self.name = str(answer.json.get("name", ""))
        return answer

    def look(self, **query: str) -> Answer:
        """What is told of it now."""
        if self.created.status != 200 or not self.name:
            raise UndecidedError(f"no job: {self.created.words}")
        return self.service.ask("GET", f"/v1beta/{self.name}", query=query)

    @cached_property
    def ended(self) -> tuple[Answer, JobReport]:
        """What is told of it in the end, as it is and as we read it; UndecidedError where that is too far."""
        while True:
            answer = self.look()
            if answer.status != 200:
                raise UndecidedError(answer.words)
            report = read_job(answer.body)
            if report.is_over:
                return answer, report
            if not self.service.pause(self.service.poll_s):
                raise UndecidedError(f"the job is still {report.state} after {self.service.wait_s:g} s")

    @cached_property
    def answers(self) -> dict[str, Any]:
        """Lines of its results by key."""
        _, report = self.ended
        if report.output is None:
            raise UndecidedError(f"the job is {report.state} without results: {report.error}")
        answer = self.service.ask("GET", f"/v1beta/{report.output}:download", query={"alt": "media"})
        if answer.status != 200:
            raise UndecidedError(answer.words)
        return {one["key"]: one for one in map(json.loads, answer.body.splitlines())}

    def delete(self) -> Answer | None:
        """Away with it, and with what was uploaded for it; a running one is cancelled first."""
        for name in self.files:
            self.service.ask("DELETE", f"/v1beta/{name}")
        if not self.name:
            return None
        self.service.ask("POST", f"/v1beta/{self.name}:cancel", {})
        return self.service.ask("DELETE", f"/v1beta/{self.name}")


def upload(service: Service, mime_type: str, data: bytes) -> Any:
    """A new file of the Files API, as JSON."""
    command = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    kind = {"x-goog-upload-header-content-type": mime_type, "x-goog-upload-header-content-length": str(len(data))}
    started = service.ask(
        "POST",
        "/upload/v1beta/files",
        {"file": {"mimeType": mime_type}},
        headers={**service.headers, **command, **kind},
    )
    address = started.headers.get("x-goog-upload-url", "")
    if started.status != 200 or not address:
        raise UndecidedError(f"no upload: {started.words}")
    path, _, query = address.removeprefix(service.base_url).partition("?")
    headers = {"x-goog-upload-offset": "0", "x-goog-upload-command": "upload, finalize"}
    sent = service.ask("POST", path, data, query=dict(parse_qsl(query)), headers={**service.headers, **headers})
    if sent.status != 200:
        raise UndecidedError(f"no upload: {sent.words}")
    return sent.json["file"]


class Jobs:
    """The jobs of one run: of text and media, of a line that must fail, and one to cancel."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.made: list[Job] = []
        self.begun: list[str] = []
        """The requests of `begin`."""

    @cached_property
    def mixed(self) -> Job:
        """A text, a picture inline, a picture as a file."""
        file = upload(self.service, "image/png", png())
        by_file = {"fileData": {"mimeType": "image/png", "fileUri": file["uri"]}}
        job = self._job(line("text", {"text": TEXT}), line("inline", picture()), line("file", by_file))
        job.files.append(file["name"])
        return job

    @cached_property
    def failing(self) -> Job:
        """A text, and a picture that is none."""
        broken = {"inlineData": {"mimeType": "image/png", "data": "bm8gcGljdHVyZQ=="}}
        return self._job(line("good", {"text": TEXT}), line("bad", broken))

    @cached_property
    def cancelled(self) -> Job:
        """A text."""
        return self._job(line("text", {"text": TEXT}))

    def _job(self, *lines: dict[str, Any]) -> Job:
        self.made.append(Job(self.service, list(lines)))
        return self.made[-1]


_OF: WeakKeyDictionary[Service, Jobs] = WeakKeyDictionary()


def of(service: Service) -> Jobs:
    """The jobs of this run."""
    return _OF.setdefault(service, Jobs(service))


def begin(service: Service) -> None:
    """Make the jobs, so that they run while other things are asked; what goes wrong is told when they are needed."""
    for make in (lambda: of(service).mixed.created, lambda: of(service).failing.created):
        _quietly(make)
    of(service).begun = list(service.sent)


def end(service: Service) -> list[str]:
    """Delete all that was made; what could not be, in words."""
    return [f"{job.name or job.files}: {why}" for job in of(service).made if (why := _quietly(job.delete))]


def _quietly(ask: Callable[[], object]) -> str:
    try:
        ask()
    except UndecidedError as error:
        return str(error)
    return ""
