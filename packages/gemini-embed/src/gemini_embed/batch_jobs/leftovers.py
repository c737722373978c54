"""What killed processes have left that no run would come to again: a job whose vectors are all in the cache, but which
is not noted as collected."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from gemini_embed.errors import BatchMismatchError, RequestError

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.collecting import Collector
    from gemini_embed.batch_jobs.following import Following
    from gemini_embed.batch_jobs.ledger import JobRow, Ledger
    from gemini_embed.cache import VectorCache

logger = logging.getLogger(__name__)

KEYS_AT_ONCE = 500
"""The first of a job's keys tell nearly always that it is not in the cache."""


async def take_up(ledger: Ledger, cache: VectorCache, of: tuple[str, str], following: Following, by: Collector) -> None:
    """Finish what is left of jobs of this service and model; nothing is asked where nothing is left.

    What the service refuses now is left for the next time: it keeps nobody from their own jobs.
    """
    try:
        rows = await asyncio.to_thread(_all_held, ledger, cache, of)
        await following.look(rows)
        for row in rows:
            if following.is_over(row):
                await by.collect(row.display_name)
    except (RequestError, BatchMismatchError) as e:
        logger.warning("what an earlier process has left of its batch jobs is still there: %s", e)


def _all_held(ledger: Ledger, cache: VectorCache, of: tuple[str, str]) -> list[JobRow]:
    """Jobs under way, as far as is noted, that would bring nothing new."""
    return [row for row in ledger.rows(*of) if row.state == "created" and row.keys and _is_held(row.keys, cache)]


def _is_held(keys: tuple[bytes, ...], cache: VectorCache) -> bool:
    parts = (keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE))
    return all(len(cache.held(part)) == len(part) for part in parts)
