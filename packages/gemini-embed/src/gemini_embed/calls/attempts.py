"""One call tried until it is answered: `pacing` decides, waits are logged, and what is final carries our hint."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gemini_embed.calls.advice import hint_for
from gemini_embed.calls.retries import RetryPolicy, Sift, Split, Wait, WithoutCompact, decide
from gemini_embed.errors import ApiError, ConnectionFailedError, QuotaError, RequestError
from gemini_embed.media.fetch import FetchPolicy
from gemini_embed.metering.budget import Budget
from gemini_embed.models import ModelFacts
from gemini_embed.preparing.plan import Batch
from gemini_embed.quota.gate import AbandonedError
from gemini_embed.quota.waits import Waits
from gemini_embed.result import Usage
from gemini_embed.service.connection import Connection
from gemini_embed.service.session import HttpSession
from gemini_embed.wire import Codec, Options, Reply

if TYPE_CHECKING:
    from gemini_embed.cache import VectorCache

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What holds for every call of one job."""

    connection: Connection
    facts: ModelFacts
    options: Options
    retry: RetryPolicy
    fetch: FetchPolicy
    budget: Budget
    """Asked before every call that is paid for."""
    cache: VectorCache | None = None
    max_items: int | None = None
    max_tokens: int | None = None
    lookahead: int = 9
    """Calls made ready at once: those in flight, and one to take the first free slot."""
    count_tokens: bool = False
    """Whether the exact count is asked of texts that could be too long."""


class Caller:
    """Makes the calls of one job. Once `failed` is set, none begins and none is tried again."""

    def __init__(self, session: HttpSession, request: Request) -> None:
        self.failed = asyncio.Event()
        self._retries = 0
        self._waits = Waits()
        self._session = session
        self._request = request

    @property
    def usage(self) -> Usage:
        """Retries and waits so far; what the service counts is in the replies."""
        return Usage(retries=self._retries, waited_s=self._waits.seconds)

    async def post(self, method: str, body: bytes, *, max_reply_bytes: int) -> bytes:
        """One attempt of a call that no quota of the model counts, in one of the session's slots.

        Raises:
            RequestError: see `HttpSession.post`.
            AbandonedError: the job had failed before its turn came.
        """
        async with self._session.gate.slot():
            return await self._post(method, body, max_reply_bytes)

    async def embed(self, batch: Batch, codec: Codec, *, max_reply_bytes: int) -> Reply:
        """One attempt to embed a batch, when the quota has room for it.

        Raises:
            RequestError: see `HttpSession.post`.
            BudgetError: its likely price is more than is left.
            AbandonedError: the job had failed before its turn came.
        """
        gate = self._session.gate
        room = gate.media.taken(batch.size_bytes) if batch.has_media else nullcontext()
        async with room, gate.paced_slot(len(batch.items), batch.tokens, self.failed, self._waits) as ticket:
            body = codec.encode(batch.items, self._request.options)
            with self._request.budget.call(batch.items) as call:
                data = await self._post(self._request.facts.endpoint, body, max_reply_bytes)
                reply = codec.decode(data)
                call.answered(reply.usage)
        if reply.usage.prompt_tokens is not None:
            gate.counted(ticket, reply.usage.prompt_tokens)
        return reply

    async def _post(self, method: str, body: bytes, max_reply_bytes: int) -> bytes:
        if self.failed.is_set():
            raise AbandonedError
        model = self._request.facts.name
        url = self._request.connection.url(model, method)
        return await self._session.post(url, body, model=model, max_reply_bytes=max_reply_bytes)

    async def persist(self, attempt: Callable[[], Awaitable[None]], batch: Batch) -> Split | ApiError | None:
        """Run `attempt` until it succeeds (None), the service wants calls of fewer items, or refuses some of `batch`.

        Raises:
            RequestError: for good; with the positions, the model and our hint.
            AbandonedError: another call of the job has failed meanwhile.
        """
        clock = asyncio.get_running_loop().time
        first_failure: float | None = None  # waiting for the quota before a first try is no failing
        number = 0
        while True:
            number += 1
            compact = self._session.learned.compact
            try:
                await attempt()
            except RequestError as e:
                self._explain(e, batch.positions)
                first_failure = clock() if first_failure is None else first_failure
                decision = decide(
                    e,
                    self._request.retry,
                    attempt=number,
                    elapsed_s=clock() - first_failure,
                    items=len(batch.items),
                    tokens=batch.tokens,
                    random=random.random(),  # noqa: S311  # jitter, not a secret
                )
                if isinstance(decision, Wait):
                    await self._wait(decision.seconds, e, number)
                elif isinstance(decision, Split):
                    self._learn(decision, e)
                    return decision
                elif isinstance(decision, Sift) and isinstance(e, ApiError):
                    return e
                elif isinstance(decision, WithoutCompact) and compact:
                    self._session.learned.compact = False
                else:
                    raise
                self._retries += 1
            else:
                return None

    def _explain(self, error: RequestError, positions: Sequence[int]) -> None:
        error.positions = positions
        error.model = self._request.facts.name
        if isinstance(error, ApiError):
            error.hint = hint_for(error, self._request.facts, self._request.connection)

    async def _wait(self, seconds: float, error: RequestError, number: int) -> None:
        logger.warning(
            "%s: attempt %d failed (%s); next try in %.1f s", self._request.facts.name, number, _brief(error), seconds
        )
        with self._waits.counted(_reason(error)):
            try:
                await asyncio.wait_for(self.failed.wait(), seconds)
            except TimeoutError:
                return
        raise AbandonedError

    def _learn(self, decision: Split, error: RequestError) -> None:
        logger.warning(
            "%s: %s; sending at most %d at a time", self._request.facts.name, _brief(error), decision.max_items
        )
        if decision.remember:
            self._session.learned.max_batch_items = decision.max_items


async def all_of(jobs: Iterable[Awaitable[T]]) -> list[T]:
    """Await all; the first failure is raised when none is left running, so that no finished work is lost."""
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, AbandonedError):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def _reason(error: RequestError) -> str:
    """Why the next try waits, in the words of `Usage.waited_s`."""
    if isinstance(error, QuotaError):
        return "quota"
    return "connection" if isinstance(error, ConnectionFailedError) else "server"


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
