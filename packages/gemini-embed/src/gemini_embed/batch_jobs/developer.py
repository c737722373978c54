"""Batch jobs on the Developer API: its JSON over our own session, files uploaded by google-genai."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO, Any

from gemini_embed.batch_jobs.asking import Before, JobCalls
from gemini_embed.batch_jobs.downloading import blocks_of
from gemini_embed.batch_jobs.names import OURS
from gemini_embed.batch_jobs.service import INLINE_BYTES
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.uploads import Uploads
from gemini_embed.errors import ApiError, NotFoundError
from gemini_embed.preparing import Entry
from gemini_embed.service import HttpSession
from gemini_embed.service.sdk import Sdk
from gemini_embed.transport import HttpOptions
from gemini_embed.wire.batch_jobs import JobReport, create_body, read_job, read_page
from gemini_embed.wire.batch_lines import line_of

LINES_TYPE = "application/jsonl"


class DeveloperJobs(JobCalls):
    """See `service.JobService`."""

    def __init__(self, session: HttpSession, request: Request, http: HttpOptions) -> None:
        super().__init__(session, request, read_job)
        self._sdk = Sdk(request.connection, http)
        self._http = http

    async def create(self, display_name: str, input_ref: str, before: Before) -> JobReport:
        """See `JobService.create`."""
        url = self._connection.url(self._model, "asyncBatchEmbedContent")
        return await self._created(display_name, url, create_body(display_name, input_ref), before)

    def pages(self) -> AsyncGenerator[JobReport, None]:
        """See `JobService.pages`."""
        return self._listed(self._url("batches"), read_page)

    async def delete(self, name: str) -> None:
        """See `JobService.delete`."""
        await self._gone(self._url(name))

    async def put(self, file: IO[bytes], display_name: str) -> str:
        """See `JobService.put`."""
        config = {"mime_type": LINES_TYPE, "display_name": display_name.replace("/", " ")}
        plain = getattr(file, "file", file)  # on Windows it is wrapped, and google-genai takes that for a path

        def upload(client: Any) -> Any:
            plain.seek(0)
            return client.files.upload(file=plain, config=config)

        return str((await self._sdk.ask(upload, what="Files API")).name)

    async def referred(self, entry: Entry) -> tuple[Entry, list[str]]:
        """See `JobService.referred`."""
        uploads = Uploads(self._connection, self._http)
        try:
            smaller = await uploads.without_large_parts(entry, INLINE_BYTES)
        except BaseException:
            await uploads.done()
            raise
        return smaller, uploads.handed_over()

    async def discard(self, ref: str) -> None:
        """See `JobService.discard`."""
        try:
            await self._gone(self._url(ref))
        except ApiError as e:
            if e.code != 403 or "may not exist" not in e.message:  # which is how the Files API says that it is gone
                raise

    async def results(self, report: JobReport) -> AsyncGenerator[bytes, None]:
        """See `JobService.results`."""
        if report.output is None:
            return
        url = f"{self._url(report.output)}:download?alt=media"  # what google-genai sends, too

        def stream(start: int) -> AsyncGenerator[bytes, None]:
            return self._session.stream(url, model=self._model, start=start)

        async with aclosing(blocks_of(stream, self._request.retry)) as blocks:
            async for block in blocks:
                yield block

    def line(self, entry: Entry, key: bytes) -> bytes:
        """See `JobService.line`."""
        return line_of(entry, key, self._request.options)

    def _is_ours(self, report: JobReport) -> bool:
        return report.embeds and report.display_name.startswith(OURS) and report.model in ("", self._model)

    async def _gone(self, url: str) -> None:
        try:
            await self._ask("DELETE", url)
        except NotFoundError:
            return
