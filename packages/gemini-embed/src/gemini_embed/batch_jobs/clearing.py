"""What jobs leave at the service: their input, their media, their answers, their record; taken away once they are over.

The ledger tells what is left, so what a killed process has not taken away whoever works next with the file does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from gemini_embed.batch_jobs.leases import Lease
from gemini_embed.batch_jobs.ledger import JobRow, Ledger
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.errors import GeminiEmbedError, NotFoundError
from gemini_embed.wire.batch_jobs import JobReport

logger = logging.getLogger(__name__)


async def cleared_away(service: JobService, ledger: Ledger, row: JobRow, report: JobReport | None = None) -> bool:
    """Take away all of a job that is over, or never was; its record last, which tells where its answers are.

    `report` is asked for where it is not told; a job that is not over by that is cancelled. False: something cannot be
    taken away; it is logged, and left to another time.
    """
    try:
        if report is None and row.name:
            report = await _last_told(service, row.name)
            if report is not None and not report.is_over:
                await service.cancel(row.name)
        output = report.output if report else None
        is_done = await discarded(service, filter(None, (row.input_ref, *row.refs, output)))
        if row.name:
            await service.delete(row.name)
    except GeminiEmbedError as e:
        logger.warning("%s is over, but could not be deleted: %s", row.name, e)
        return False
    if is_done:
        await asyncio.to_thread(ledger.cleared, row.display_name)
    return is_done


async def clear_left_over(service: JobService, ledger: Ledger, lease: Lease, of: tuple[str, str]) -> None:
    """Take away what jobs of this service and model have left whose collecting was interrupted right at its end."""
    for row in await asyncio.to_thread(ledger.left_over, *of):
        if await lease.take(row.display_name):
            await cleared_away(service, ledger, row)
            await lease.release(row.display_name)


async def discarded(service: JobService, refs: Iterable[str]) -> bool:
    """Take away what was uploaded; whether all of it is gone. What cannot be is told: files expire after 48 hours,
    objects in a bucket stay."""
    is_done = True
    for ref in refs:
        try:
            await service.discard(ref)
        except GeminiEmbedError as e:
            is_done = False
            expires = "it stays in the bucket" if ref.startswith("gs://") else "it expires after 48 hours"
            logger.warning("%s could not be deleted, %s: %s", ref, expires, e)
    return is_done


async def _last_told(service: JobService, name: str) -> JobReport | None:
    try:
        return await service.look(name)
    except NotFoundError:
        return None
