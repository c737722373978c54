"""Calls about jobs, each tried until it is answered, as `RetryPolicy` says. Creating a job is not one of them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gemini_embed.calls.retries import RetryPolicy, Wait, WithoutCompact, decide
from gemini_embed.errors import ApiError, ConnectionFailedError, ReplyError, RequestError, UnclearCreateError
from gemini_embed.service import HttpSession

logger = logging.getLogger(__name__)

T = TypeVar("T")


async def tried(attempt: Callable[[], Awaitable[T]], session: HttpSession, policy: RetryPolicy) -> T:
    """The outcome of the first attempt that succeeds.

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


async def created(display_name: str, ask: Callable[[], Awaitable[bytes]], read: Callable[[bytes], T]) -> T:
    """What the one request tells that creates a job.

    Raises:
        UnclearCreateError, ApiError, ConnectionFailedError: as `JobService.create`.
    """
    try:
        return read(await ask())
    except (ApiError, ConnectionFailedError, ReplyError) as e:
        if isinstance(e, ApiError) and e.code != 408 and e.code < 500:
            raise
        if isinstance(e, ConnectionFailedError) and not e.sent:
            raise
        raise UnclearCreateError(f"no answer tells whether {display_name} was created: {e}") from e


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
