"""Batch jobs on the Developer API: its JSON over our own session, files uploaded by google-genai."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import IO, Any
from urllib.parse import urlencode

from gemini_embed.batch_jobs.asking import created, tried
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
PAGE_JOBS = 100


class DeveloperJobs:
    """See `service.JobService`."""

    def __init__(self, session: HttpSession, request: Request, http: HttpOptions) -> None:
        self.asked = 0
        self._session = session
        self._request = request
        self._how = (session, request.retry)
        self._connection = request.connection
        self._model = request.facts.name
        self._sdk = Sdk(request.connection, http)
        self._http = http

    async def create(self, display_name: str, input_ref: str) -> JobReport:
        """See `JobService.create`."""
        url = self._connection.url(self._model, "asyncBatchEmbedContent")
        body = create_body(display_name, input_ref)
        return await created(display_name, lambda: self._ask_once("POST", url, body), read_job, *self._how)

    async def look(self, name: str) -> JobReport:
        """See `JobService.look`."""
        return read_job(await self._ask("GET", self._url(name)))

    async def pages(self) -> AsyncIterator[JobReport]:
        """See `JobService.pages`."""
        token = ""
        while True:
            query = {"pageSize": PAGE_JOBS, **({"pageToken": token} if token else {})}
            reports, token = read_page(await self._ask("GET", f"{self._url('batches')}?{urlencode(query)}"), OURS)
            for report in reports:
                if self._is_ours(report):
                    yield report
            if not token:
                return

    async def find(self, display_name: str) -> JobReport | None:
        """See `JobService.find`."""
        async for report in self.pages():
            if report.display_name == display_name:
                return report
        return None

    async def cancel(self, name: str) -> None:
        """See `JobService.cancel`."""
        try:
            await self._ask("POST", f"{self._url(name)}:cancel", b"{}")
        except NotFoundError:
            return
        except ApiError as e:
            if e.code != 400 or not (await self.look(name)).is_over:
                raise

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

    async def results(self, report: JobReport) -> AsyncIterator[bytes]:
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

    def _url(self, name: str) -> str:
        return f"{self._connection.base_url}/{self._connection.api_version}/{name}"

    async def _gone(self, url: str) -> None:
        try:
            await self._ask("DELETE", url)
        except NotFoundError:
            return

    async def _ask(self, method: str, url: str, body: bytes = b"") -> bytes:
        return await tried(lambda: self._ask_once(method, url, body), *self._how)

    async def _ask_once(self, method: str, url: str, body: bytes) -> bytes:
        self.asked += 1
        async with self._session.gate.slot():
            return await self._session.ask(method, url, body, model=self._model)
