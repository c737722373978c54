"""Calls about jobs, each tried until it is answered, as `RetryPolicy` says. Creating a job is not one of them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gemini_embed.calls.retries import RetryPolicy, Wait, WithoutCompact, decide
from gemini_embed.errors import RequestError
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


def _brief(error: RequestError) -> str:
    return str(error).splitlines()[0][:200]
