"""One call tried until it is answered: `retries` decides, waits are logged, and what is final carries our hint."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gemini_embed.calls.advice import hint_for
from gemini_embed.calls.retries import RetryPolicy, Sift, Split, Wait, WithoutCompact, decide
from gemini_embed.errors import ApiError, ConnectionFailedError, QuotaError, RequestError
from gemini_embed.media import FetchPolicy
from gemini_embed.metering import Budget
from gemini_embed.models import ModelFacts
from gemini_embed.preparing import Batch, Entry
from gemini_embed.quota import AbandonedError, Waits
from gemini_embed.result import Usage
from gemini_embed.service import Connection, HttpSession, ServiceName
from gemini_embed.wire import CODECS, Options, Reply
from gemini_embed.wire.replies import read_token_count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gemini_embed.cache import VectorCache

logger = logging.getLogger(__name__)

T = TypeVar("T")

Check: TypeAlias = Callable[[Sequence[Entry], Reply], "NDArray[np.float32]"]
"""The vectors of a reply for these items, float32, shape (n, d), as served. Raises ReplyError."""

BYTES_PER_VALUE = 64
"""More than one number of a reply takes: 22 were seen in pretty-printed replies. Bounds what is read."""
LARGEST_VECTOR = 16_384
"""Values of a vector whose size nobody has told yet."""


@dataclass(frozen=True)
class Request:
    """What holds for every call of one job."""

    connection: Connection
    service: ServiceName
    facts: ModelFacts
    options: Options
    retry: RetryPolicy
    fetch: FetchPolicy
    budget: Budget
    """Asked before every call that is paid for."""
    cache: VectorCache | None = None
    max_items: int | None = None
    max_tokens: int | None = None
    lookahead: int = 17
    """Calls made ready at once: those in flight, and one to take the first free slot."""
    task: str | None = None
    """What the vectors are for, which their result says."""
    count_tokens: bool = False
    """Whether the exact count is asked of texts that could be too long."""


class Caller:
    """Makes the calls of one job, each tried until it is answered. Once `failed` is set, none begins and none is tried
    again. `check` makes vectors of a reply, or raises ReplyError: a reply that cannot be right is no answer."""

    def __init__(self, session: HttpSession, request: Request, check: Check) -> None:
        self.failed = asyncio.Event()
        self._session = session
        self._request = request
        self._check = check
        self._codec = CODECS[request.facts.endpoint]
        self._counted = Usage()
        self._retries = 0
        self._waits = Waits()

    @property
    def usage(self) -> Usage:
        """What the service counted so far, the retries and the waits."""
        return self._counted + Usage(retries=self._retries, waited_s=self._waits.seconds)

    async def embed(self, batch: Batch) -> NDArray[np.float32] | Split | ApiError:
        """The vectors of a batch, as served, float32, shape (n, d); or what keeps them from coming: the service wants
        calls of fewer items, or refuses some of these.

        Raises:
            RequestError: for good; with the positions, the model and our hint.
            BudgetError: its likely price is more than is left.
            AbandonedError: another call of the job has failed meanwhile.
        """
        return await self._answered(lambda: self._embedded(batch), batch)

    async def count_tokens(self, item: Entry, body: bytes) -> int:
        """What countTokens answers to `body`, which is about this item. No quota of the model counts it.

        Raises:
            RequestError, AbandonedError: as `embed`.
        """

        async def counted() -> int:
            async with self._session.gate.slot():
                return read_token_count(await self._post("countTokens", body, max_reply_bytes=2**20))

        answer = await self._answered(counted, Batch.of([item]))
        if isinstance(answer, ApiError):
            raise answer
        assert isinstance(answer, int)  # noqa: S101  # one item cannot be split; tells the type checker
        return answer

    async def _answered(self, attempt: Callable[[], Awaitable[T]], batch: Batch) -> T | Split | ApiError:
        """The outcome of the first attempt that succeeds, unless what fails it is not mended by another one."""
        clock = asyncio.get_running_loop().time
        first_failure: float | None = None  # waiting for the quota before a first try is no failing
        number = 0
        while True:
            number += 1
            compact = self._session.learned.compact
            try:
                return await attempt()
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

    async def _embedded(self, batch: Batch) -> NDArray[np.float32]:
        """One attempt to embed a batch, when the quota has room for it."""
        gate = self._session.gate
        room = gate.media.taken(batch.size_bytes) if batch.has_media else nullcontext()
        async with room, gate.paced_slot(len(batch.items), batch.tokens, self.failed, self._waits) as ticket:
            body = self._codec.encode(batch.items, self._request.options)
            with self._request.budget.call(batch.items) as call:
                data = await self._post(
                    self._request.facts.endpoint, body, max_reply_bytes=self._most_bytes(len(batch.items))
                )
                reply = self._codec.decode(data)
                call.answered(reply.usage)
        if reply.usage.prompt_tokens is not None:
            gate.counted(ticket, reply.usage.prompt_tokens)
        self._counted += reply.usage
        return self._check(batch.items, reply)

    async def _post(self, method: str, body: bytes, *, max_reply_bytes: int) -> bytes:
        if self.failed.is_set():
            raise AbandonedError
        model = self._request.facts.name
        url = self._request.connection.url(model, method)
        return await self._session.post(url, body, model=model, max_reply_bytes=max_reply_bytes)

    def _most_bytes(self, items: int) -> int:
        longest = max(self._request.options.dimensions or 0, self._request.facts.max_dimensions or LARGEST_VECTOR)
        return 2**20 + items * longest * BYTES_PER_VALUE

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
