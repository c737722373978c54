"""Calls about jobs, each tried until it is answered, as `RetryPolicy` says. That which creates a job is sent once."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gemini_embed.calls.retries import RetryPolicy, Wait, WithoutCompact, decide
from gemini_embed.errors import ApiError, ConnectionFailedError, RequestError, UnclearCreateError
from gemini_embed.service import HttpSession

logger = logging.getLogger(__name__)

T = TypeVar("T")


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


async def created(
    display_name: str,
    attempt: Callable[[], Awaitable[bytes]],
    read: Callable[[bytes], T],
    session: HttpSession,
    policy: RetryPolicy,
) -> T:
    """What the one request tells that creates a job; one that was not sent is tried again.

    Raises:
        UnclearCreateError, ApiError, ConnectionFailedError: as `JobService.create`.
    """
    try:
        return read(await tried(attempt, session, policy, not_sent))
    except RequestError as e:
        if _is_clear(e):
            raise
        raise UnclearCreateError(f"no answer tells whether {display_name} was created: {e}") from e


def _is_clear(error: RequestError) -> bool:
    """Whether a request that failed so has changed nothing, for certain."""
    if isinstance(error, ConnectionFailedError):
        return not error.sent
    return isinstance(error, ApiError) and error.code != 408 and error.code < 500


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
