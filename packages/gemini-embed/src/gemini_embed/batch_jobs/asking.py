"""Calls about jobs, each tried until it is answered, as `RetryPolicy` says. That which creates a job is sent once.

`JobCalls` has what services of jobs do alike.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias, TypeVar
from urllib.parse import urlencode

from gemini_embed.batch_jobs.names import OURS
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.retries import RetryPolicy, Wait, WithoutCompact, decide
from gemini_embed.errors import ApiError, ConnectionFailedError, NotFoundError, RequestError, UnclearCreateError
from gemini_embed.service import HttpSession
from gemini_embed.wire.batch_jobs import JobReport

logger = logging.getLogger(__name__)

T = TypeVar("T")
Before: TypeAlias = Callable[[], Awaitable[None]]
"""Awaited right before a request is sent; what it raises keeps that from being sent."""

ReadPage: TypeAlias = Callable[[bytes, str], tuple[list[JobReport], str]]
"""(body, word of ours) -> (jobs, token of the next page)."""

PAGE_JOBS = 100
MAY_BE_DONE = (408, 499)
"""Refusals that tell nothing: the time was over, or the connection ended, while the service may have been at work."""


def any_error(error: RequestError) -> bool:
    """What is asked may be asked twice."""
    return True


def not_sent(error: RequestError) -> bool:
    """Nothing came of the attempt, for certain: no connection, or an option that this address does not know."""
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    return isinstance(error, ApiError) and error.code == 400 and "prettyPrint" in error.message


async def tried(
    attempt: Callable[[], Awaitable[T]],
    session: HttpSession,
    policy: RetryPolicy,
    again: Callable[[RequestError], bool] = any_error,
) -> T:
    """The outcome of the first attempt that succeeds. `again`: after which errors there may be another one.

    Raises:
        RequestError: no other attempt helps, or none is left.
    """
    clock = asyncio.get_running_loop().time
    began_at, number = clock(), 0
    while True:
        number += 1
        compact = session.learned.compact
        try:
            return await attempt()
        except RequestError as e:
            if not again(e):
                raise
            decision = decide(
                e,
                policy,
                attempt=number,
                elapsed_s=clock() - began_at,
                items=1,
                random=random.random(),  # noqa: S311 - jitter
            )
            if isinstance(decision, WithoutCompact) and compact:
                session.learned.compact = False
            elif isinstance(decision, Wait):
                logger.warning("attempt %d failed (%s); next try in %.1f s", number, _brief(e), decision.seconds)
                await asyncio.sleep(decision.seconds)
            else:
                raise


class JobCalls(ABC):
    """Calls about the jobs of one model; `read` tells what an answer says of a job. See `service.JobService`."""

    def __init__(self, session: HttpSession, request: Request, read: Callable[[bytes], JobReport]) -> None:
        self.asked = 0
        self._session = session
        self._request = request
        self._how = (session, request.retry)
        self._connection = request.connection
        self._model = request.facts.name
        self._read = read

    async def look(self, name: str) -> JobReport:
        """See `JobService.look`."""
        return self._read(await self._ask("GET", self._url(name)))

    @abstractmethod
    def pages(self) -> AsyncGenerator[JobReport, None]:
        """See `JobService.pages`."""

    async def find(self, display_name: str) -> JobReport | None:
        """See `JobService.find`."""
        async with aclosing(self._perhaps(display_name)) as reports:
            async for report in reports:
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

    async def _created(self, display_name: str, url: str, body: bytes, before: Before) -> JobReport:
        """What the one request tells that creates a job; one that was not sent is tried again.

        Raises:
            UnclearCreateError, ApiError, ConnectionFailedError: as `JobService.create`.
        """
        try:
            return self._read(await tried(lambda: self._ask_once("POST", url, body, before), *self._how, not_sent))
        except RequestError as e:
            if _is_clear(e):
                raise
            raise UnclearCreateError(f"no answer tells whether {display_name} was created: {e}") from e

    def _perhaps(self, display_name: str) -> AsyncGenerator[JobReport, None]:
        """Jobs among which one of this name is."""
        return self.pages()

    async def _listed(self, url: str, read_page: ReadPage, **told: str) -> AsyncGenerator[JobReport, None]:
        """Our jobs of this model, page after page."""
        token = ""
        while True:
            query = {**told, "pageSize": PAGE_JOBS, **({"pageToken": token} if token else {})}
            reports, token = read_page(await self._ask("GET", f"{url}?{urlencode(query)}"), OURS)
            for report in reports:
                if self._is_ours(report):
                    yield report
            if not token:
                return

    @abstractmethod
    def _is_ours(self, report: JobReport) -> bool:
        """Whether this library has made a job, for this model."""

    def _url(self, name: str) -> str:
        return f"{self._connection.base_url}/{self._connection.api_version}/{name}"

    async def _ask(self, method: str, url: str, body: bytes = b"") -> bytes:
        return await tried(lambda: self._ask_once(method, url, body), *self._how)

    async def _ask_once(self, method: str, url: str, body: bytes, before: Before | None = None) -> bytes:
        async with self._session.gate.slot():
            if before is not None:
                await before()
            self.asked += 1
            return await self._session.ask(method, url, body, model=self._model)


def _is_clear(error: RequestError) -> bool:
    """Whether a request that failed so has changed nothing, for certain."""
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    return isinstance(error, ApiError) and error.code not in MAY_BE_DONE and error.code < 500


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
