"""The Developer API's batch jobs of embeddings: create, get, list, cancel, delete, change; their files of results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gemini_embed_emulator.batches import Job, JobStore, JsonLines, NewJob
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.http import Streamed
from gemini_embed_emulator.models import MODELS
from gemini_embed_emulator.settings import Settings

from . import job_shapes as shapes
from . import schema
from .developer import DeveloperApi
from .files import FileStore
from .job_lines import LineReader, file_form, inline_form
from .paging import page_of
from .query import wants_media, whole_number
from .reply import Reply

_PAGE_SIZE = 50
_ID = re.compile(r"[a-z0-9]{12,}")
"""What can be parsed as one: "test-batch" was refused as none."""
_METHOD = "asyncBatchEmbedContent"


class DeveloperJobs:
    """Answers calls of batch jobs; raises ApiError for what the service refuses."""

    def __init__(self, settings: Settings, store: JobStore, developer: DeveloperApi, files: FileStore) -> None:
        self._settings = settings
        self._store = store
        self._developer = developer
        self._files = files

    def create(self, name: str, version: str, body: Any) -> Reply:
        """A new job for every call, whether or not it was asked for before."""
        batch = schema.read(schema.ASYNC_BATCH_EMBED_CONTENT, body).get("batch", {})
        model = self._developer.model(name, version, _METHOD, "AsyncBatchEmbedContentRequest.batch.model")
        if batch.get("model", f"models/{name}") != f"models/{name}":
            message = f"* AsyncBatchEmbedContentRequest.batch.model: must match the model in the path, models/{name}\n"
            raise ApiError(400, message)
        config = batch.get("inputConfig", {})
        by_file = "fileName" in config
        rows, expires = self._input(config)
        asked = NewJob(
            model=model.name,
            display_name=batch.get("displayName", ""),
            rows=rows,
            read=LineReader(self._developer, model, self._settings, by_file=by_file),
            by_file=by_file,
            priority=batch.get("priority", 0),
            input_name=config.get("fileName", ""),
            input_expires=expires,
        )
        return Reply(shapes.created(self._store.create(asked)))

    def get(self, name: str) -> Reply:
        """The job as it is now, with its answers where they were asked for inline."""
        other = shapes.other_job(name, self._settings.batch_other_jobs, self._store.now)
        return Reply(other or self._operation(self._found(name)))

    def list_jobs(self, query: Mapping[str, str]) -> Reply:
        """A page of all jobs, newest first; others' among them, and empty pages before, where that is scripted."""
        empty, start = self._settings.batch_empty_pages, whole_number(query, "pageToken", 0)
        if start < empty:
            return Reply({"nextPageToken": str(start + 1)})
        now = self._store.now
        ours = [shapes.listed(job, now) for job in self._store.listed()]
        rows = shapes.mixed(ours, shapes.other_jobs(self._settings.batch_other_jobs, now))
        page = page_of(rows, {**query, "pageToken": str(start - empty)}, "operations", _PAGE_SIZE)
        if "nextPageToken" in page:
            page["nextPageToken"] = str(int(page["nextPageToken"]) + empty)
        return Reply(page)

    def cancel(self, name: str) -> Reply:
        """End a job that is not over; nothing happens to one that is."""
        self._store.cancel(self._found(name))
        return Reply({})

    def delete(self, name: str) -> Reply:
        """Take a job off the list. One that runs goes on."""
        self._store.delete(self._found(name))
        return Reply({})

    def update(self, name: str, query: Mapping[str, str], body: Any) -> Reply:
        """Change a job's priority, the one field that can be."""
        job, told = self._found(name), schema.read(schema.EMBED_CONTENT_BATCH, body)
        mask = [field for field in query.get("updateMask", "priority").split(",") if field]
        if mask != ["priority"]:
            raise ApiError(400, f"Only priority can be updated, not {', '.join(mask) or 'nothing'}.")
        job.priority = told.get("priority", 0)
        return Reply(shapes.batch(job, self._store.now))

    def download(self, name: str, query: Mapping[str, str]) -> Reply | None:
        """The lines of a file of results, their vectors made as they are sent; None for a file that is none."""
        job = self._result(name)
        if job is None:
            return None
        if not wants_media(query):
            return Reply({})
        now, form = self._store.now, file_form(MODELS[job.model])
        headers = {"content-type": "application/octet-stream"}
        return Reply(None, streamed=Streamed(job.pieces(now, form), job.n_pieces(now), headers))

    def file(self, name: str) -> Reply | None:
        """A file of results as the Files API shows it; None for a file that is none."""
        job = self._result(name)
        return Reply(self._resource(job)) if job else None

    def files(self) -> list[dict[str, Any]]:
        """All files of results, the latest first."""
        return [self._resource(job) for job in self._store.results() if job.by_file]

    def delete_file(self, name: str) -> Reply:
        """Delete a file of results, or an upload, which jobs that have not run yet then lack."""
        job = self._result(name)
        if job is None:
            reply = self._files.delete(name)
            self._store.lose_input(name)
            return reply
        self._store.discard(job)
        return Reply({})

    def _input(self, config: Mapping[str, Any]) -> tuple[Sequence[Any], float | None]:
        """The requests of a job, and when the file that holds them is gone."""
        if "fileName" in config and "requests" in config:
            message = "Invalid value at 'batch.input_config' (oneof), oneof field 'source' is already set."
            raise ApiError(400, message)
        if "fileName" in config:
            data, expires = self._files.content(config["fileName"])
            return JsonLines(data), expires
        requests = config.get("requests", {}).get("requests", [])
        if not requests:
            raise ApiError(400, "* AsyncBatchEmbedContentRequest.batch.input_config: the input is not specified\n")
        return requests, None

    def _operation(self, job: Job) -> dict[str, Any]:
        now = self._store.now
        inline = None
        if not job.by_file and job.answered(now) and job.rows:
            inline = list(job.responses(now, inline_form))
        return shapes.operation(job, now, inline)

    def _resource(self, job: Job) -> dict[str, Any]:
        return shapes.result_file(job, self._store.expires(job))

    def _result(self, name: str) -> Job | None:
        job = self._store.result(name.removeprefix(shapes.RESULT))
        return job if job and job.by_file and name.startswith(shapes.RESULT) else None

    def _found(self, name: str) -> Job:
        if not _ID.fullmatch(name):
            raise ApiError(400, "Could not parse the batch name")
        job = self._store.find(name)
        if job is None:
            raise ApiError(404, "Requested entity was not found.")
        return job
