"""Batch jobs on Vertex AI: its `batchPredictionJobs`, with files in a bucket of the user's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from io import BytesIO
from secrets import token_hex
from typing import IO

from gemini_embed.batch_jobs.asking import Before, JobCalls
from gemini_embed.batch_jobs.names import OURS
from gemini_embed.batch_jobs.objects import Objects
from gemini_embed.batch_jobs.service import INLINE_BYTES
from gemini_embed.batch_jobs.staging import Staging
from gemini_embed.calls.attempts import Request
from gemini_embed.errors import ApiError, ConfigurationError, NotFoundError
from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Entry
from gemini_embed.preparing.plan import base64_size, inline_data
from gemini_embed.service import Connection, HttpSession
from gemini_embed.wire.batch_jobs import JobReport
from gemini_embed.wire.prediction_jobs import create_body, line_of, read_job, read_page

logger = logging.getLogger(__name__)

LINES_TYPE = "application/jsonl"
ENDING_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Between looks at a job that is being cancelled, before it can be deleted."""
_INPUT, _OUTPUT = "input.jsonl", "output"


class VertexJobs(JobCalls):
    """See `service.JobService`. All of a job is below `<staging>/<its display name>/<a token>/`: another machine may
    have made a job of this name."""

    def __init__(self, session: HttpSession, request: Request, staging: Staging) -> None:
        super().__init__(session, request, read_job)
        self._staging = staging
        self._objects = Objects(session, staging.base_url, request.retry)

    async def create(self, display_name: str, input_ref: str, before: Before) -> JobReport:
        """See `JobService.create`."""
        destination = f"{input_ref.rpartition('/')[0]}/{_OUTPUT}"
        body = create_body(display_name, self._model, input_ref, destination)
        return await self._created(display_name, self._jobs_url(), body, before)

    def pages(self) -> AsyncGenerator[JobReport, None]:
        """See `JobService.pages`."""
        return self._listed(self._jobs_url(), read_page, filter=f'display_name:"{OURS}*"')

    def _perhaps(self, display_name: str) -> AsyncGenerator[JobReport, None]:
        """By one call: the list is filtered here."""
        return self._listed(self._jobs_url(), read_page, filter=f'display_name="{display_name}"')

    async def delete(self, name: str) -> None:
        """See `JobService.delete`. A job has to be over for that, which takes one a while that was cancelled."""
        try:
            await self._ask("DELETE", self._url(name))
        except NotFoundError:
            return
        except ApiError as e:
            if e.code != 400:
                raise
            await self._delete_once_over(name)

    async def _delete_once_over(self, name: str) -> None:
        for wait_s in ENDING_WAITS_S:
            report = await self.look(name)
            if report.is_over:
                if report.output:
                    await self.discard(report.output)
                await self._ask("DELETE", self._url(name))
                return
            await asyncio.sleep(wait_s)
        logger.warning("%s has not ended yet, so its record stays, and in the bucket what it will have written", name)

    async def put(self, file: IO[bytes], display_name: str) -> str:
        """See `JobService.put`."""
        uri = self._staging.uri(f"{display_name}/{token_hex(4)}/{_INPUT}")
        await self._objects.upload(file, uri, LINES_TYPE)
        return uri

    async def referred(self, entry: Entry) -> tuple[Entry, list[str]]:
        """See `JobService.referred`. Each medium has an object of its own, since each job takes its own away."""
        parts, size_bytes, uris = [*entry.parts], entry.size_bytes, list[str]()
        try:
            for place, part in enumerate(entry.parts):
                data = inline_data(part)
                if data is None or len(data) <= INLINE_BYTES:
                    continue
                assert isinstance(part, dict)  # noqa: S101  # it has data; tells the type checker
                mime_type = part["inlineData"]["mimeType"]
                uris.append(self._staging.uri(f"{OURS}media/{token_hex(16)}"))
                await self._objects.upload(BytesIO(data), uris[-1], mime_type)
                rest = {name: value for name, value in part.items() if name != "inlineData"}
                parts[place] = {"fileData": {"fileUri": uris[-1], "mimeType": mime_type}, **rest}
                size_bytes -= base64_size(data)
        except BaseException:
            for uri in uris:
                await self.discard(uri)
            raise
        return replace(entry, parts=parts, size_bytes=size_bytes), uris

    async def discard(self, ref: str) -> None:
        """See `JobService.discard`. A job's output is a folder."""
        if not ref.endswith(f"/{_INPUT}") and f"/{OURS}media/" not in ref:
            for uri in await self._objects.names(ref):
                await self._objects.delete(uri)
        else:
            await self._objects.delete(ref)

    async def results(self, report: JobReport) -> AsyncGenerator[bytes, None]:
        """See `JobService.results`. There may be several files."""
        if report.output is None:
            return
        for uri in await self._objects.names(report.output):
            if not uri.endswith(".jsonl"):
                continue
            async with aclosing(self._objects.blocks(uri)) as blocks:
                async for block in blocks:
                    yield block

    def line(self, entry: Entry, key: bytes) -> bytes:
        """See `JobService.line`."""
        return line_of(entry, key, self._request.options)

    def _is_ours(self, report: JobReport) -> bool:
        return report.display_name.startswith(OURS) and report.model == self._model

    def _jobs_url(self) -> str:
        place = self._connection
        return self._url(f"projects/{place.project}/locations/{place.location}/batchPredictionJobs")


def check_place(connection: Connection, facts: ModelFacts) -> None:
    """Raise ConfigurationError where Vertex AI is known to have no batch jobs of this model, or in this way."""
    if connection.is_express:
        raise ConfigurationError("batch jobs of Vertex AI need a project: pass project= and no API key")
    places = facts.batch_locations
    if places is None or connection.location in places:
        return
    if not places:
        raise ConfigurationError(
            f"{facts.name} has no batch jobs here; gemini-embedding-2 and gemini-embedding-001 have"
        )
    raise ConfigurationError(
        f"location={connection.location!r}: batch jobs of {facts.name} run in {', '.join(sorted(places))}; pass one of "
        "them as location=, or facts={'batch_locations': [...]} if there are more by now"
    )
