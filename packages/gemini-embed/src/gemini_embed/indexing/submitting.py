"""Jobs for what an index lacks: submitted a portion at a time, and waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gemini_embed.engine import Steps
from gemini_embed.errors import BatchFailedError, GeminiEmbedError, InputError, QuotaUsedUpError
from gemini_embed.indexing.items import ItemLike
from gemini_embed.indexing.lacking import lacking
from gemini_embed.indexing.options import How
from gemini_embed.metering import Budget
from gemini_embed.notices import warn
from gemini_embed.result import Usage
from gemini_embed.stores import Store

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.portions import Portions
    from gemini_embed.batch_jobs.run import BatchRun
    from gemini_embed.embedder import Embedder

logger = logging.getLogger(__name__)


def by_jobs(embedder: Embedder, store: Store, items: Iterable[ItemLike], how: How, budget: Budget) -> Steps[Usage]:
    """Have jobs embed what an open store lacks of `items`, and wait until that is in the cache, or the deadline is
    over; what the service counted.
    """
    began_at = time.monotonic()
    portions = embedder.batches.portions(None, budget, how.deadline_s)
    try:
        yield from submitted(portions, embedder, store, items, how)
    except QuotaUsedUpError as error:
        if how.deadline_s is None:
            raise
        warn(f"not all could be submitted, so the rest is embedded online: {error}")
    return (yield from awaited(portions.run, how, time.monotonic() - began_at))


def submitted(
    portions: Portions, embedder: Embedder, store: Store, items: Iterable[ItemLike], how: How
) -> Steps[BatchRun]:
    """Submit what an open store lacks of `items`; no content is held longer than its portion.

    Raises:
        InputError: what comes only once, or cannot be indexed.
    """
    if isinstance(items, Iterator):
        raise InputError(
            f'price="batch" reads the items twice, first for the jobs and then for the store, and a '
            f"{type(items).__name__} comes once: pass a list, a folder, or an object whose __iter__ begins anew"
        )
    for portion in lacking(embedder, store, items, how, portions.max_items):
        try:
            yield portions.submit(portion.contents, how.on_error)
        except GeminiEmbedError as error:
            raise error.relocated(portion.places) from error.__cause__
    return portions.run


def awaited(run: BatchRun, how: How, spent_s: float = 0.0) -> Steps[Usage]:
    """Wait until the cache has what the jobs of a run bring, or the deadline is over; what the service counted.

    Of the time until the deadline `spent_s` are gone. What is not there then is left to ordinary calls, and jobs that
    go on are cancelled.

    Raises:
        BatchFailedError: the service gave a job up, and no deadline says that its contents are embedded online then.
        BatchMismatchError: a job's vectors belong to other contents.
    """
    deadline_s = None if how.deadline_s is None else max(how.deadline_s - spent_s, 0.0)
    try:
        _, notes = yield run.waiting(deadline_s=deadline_s, fallback=None, progress=how.progress)
    except BatchFailedError as error:
        if deadline_s is None:
            raise
        notes = [f"what these jobs lack is embedded online: {error}"]
    except GeneratorExit:
        logger.warning('the jobs of %r go on: the same call, with price="batch", goes on with them', run)
        raise
    status = yield run.refreshing()
    if not status.is_over:
        notes = [*notes, f"{status.pending:,} items had no vector by the deadline, and are embedded online"]
        status = yield run.cancelling()
    for note in notes:
        warn(note)
    return Usage(prompt_tokens=status.tokens)
