"""Jobs for what an index lacks: submitted a portion at a time, and waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gemini_embed.engine import Pending, Steps
from gemini_embed.errors import BatchFailedError, GeminiEmbedError, InputError, QuotaUsedUpError
from gemini_embed.indexing.items import ItemLike
from gemini_embed.indexing.lacking import lacking
from gemini_embed.indexing.options import How
from gemini_embed.metering import Budget, UsageTracker, track_usage
from gemini_embed.notices import counted, warn
from gemini_embed.result import Usage
from gemini_embed.stores import Store

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.portions import Portions
    from gemini_embed.batch_jobs.run import BatchRun
    from gemini_embed.embedder import Embedder

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Jobs:
    """The jobs of one add, and what they used."""

    def __init__(self, embedder: Embedder, how: How, budget: Budget) -> None:
        self.began_at = time.monotonic()
        self._embedder, self._how, self._budget = embedder, how, budget
        self._trackers: list[UsageTracker] = []

    @property
    def usage(self) -> Usage:
        """What was used until now: by jobs that were collected, and by calls that verify their answers."""
        return sum((tracker.usage for tracker in self._trackers), Usage())

    def bring(self, store: Store, items: Iterable[ItemLike]) -> Steps[None]:
        """Submit, and wait; see both. Where a deadline is told and the queue has no room until then, what is not
        submitted is left to ordinary calls."""
        portions = self._embedder.batches.portions(None, self._budget, self._how.deadline_s)
        try:
            yield from self.submit(store, items, portions)
        except QuotaUsedUpError as error:
            if self._how.deadline_s is None:
                raise
            warn(f"what is not submitted is embedded online: {error}")
        yield from self.wait(portions.run)

    def submit(self, store: Store, items: Iterable[ItemLike], portions: Portions) -> Steps[BatchRun]:
        """Submit what an open store lacks of `items`; no content is held longer than its portion.

        Raises:
            InputError: what comes only once, or cannot be indexed.
        """
        if isinstance(items, Iterator):
            raise InputError(
                f'price="batch" reads the items twice, first for the jobs and then for the store, and a '
                f"{type(items).__name__} comes once: pass a list, a folder, or an object whose __iter__ begins anew"
            )
        for portion in lacking(self._embedder, store, items, self._how, portions.max_items):
            try:
                yield self._tracked(partial(portions.submit, portion.contents, self._how.on_error))
            except GeminiEmbedError as error:
                raise error.relocated(portion.places) from error.__cause__
        return portions.run

    def wait(self, run: BatchRun) -> Steps[None]:
        """Wait until the cache has what the jobs of a run bring. What it has not by the deadline is left to ordinary
        calls, and jobs that go on are cancelled.

        Raises:
            BatchFailedError: the service gave a job up, and no deadline says that its contents are embedded online.
            BatchMismatchError: a job's vectors belong to other contents.
        """
        deadline_s = self._how.deadline_s
        if deadline_s is not None:
            deadline_s = max(deadline_s - (time.monotonic() - self.began_at), 0.0)
        run, progress = run.within(self._budget), self._how.progress
        try:
            _, notes = yield self._tracked(
                partial(run.waiting, deadline_s=deadline_s, fallback=None, progress=progress)
            )
        except BatchFailedError as error:
            if deadline_s is None:
                raise
            notes = [f"what these jobs lack is embedded online: {error}"]
        except GeneratorExit:
            logger.warning('the jobs of %r go on: the same call, with price="batch", goes on with them', run)
            raise
        if deadline_s is not None:
            notes = [*notes, *(yield from self._given_up(run))]
        for note in notes:
            warn(note)

    def _given_up(self, run: BatchRun) -> Steps[list[str]]:
        """Cancel jobs that have not ended; what to say of them."""
        status = yield run.refreshing()
        left = status.jobs.get("pending", 0) + status.jobs.get("running", 0)
        if not left:
            return []
        yield self._tracked(partial(run.cancelling, foreign=False))
        return [f"{counted(left, 'job')} had not ended by the deadline: what is missing is embedded online"]

    def _tracked(self, start: Callable[[], Pending[T]]) -> Pending[T]:
        with track_usage() as tracker:
            self._trackers.append(tracker)
            return start()
