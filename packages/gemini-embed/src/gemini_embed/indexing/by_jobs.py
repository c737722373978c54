"""Adding by jobs of the Batch API: what an index lacks is submitted, and added out of the cache once it is there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack

from gemini_embed.engine import Steps, arun
from gemini_embed.engine import run as run_steps
from gemini_embed.indexing.held import Held

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.run import BatchRun
    from gemini_embed.embedder import Embedder
    from gemini_embed.indexing.items import ItemLike, Place
    from gemini_embed.indexing.options import AddOptions
    from gemini_embed.indexing.report import AddReport, Tally


class ByJobs(Held):
    """The part of `MultimodalIndex` for who submits now and comes back later."""

    embedder: Embedder

    @abstractmethod
    def _asked(self, options: AddOptions) -> AddOptions:
        """The options of one add, with what holds for all."""

    @abstractmethod
    def _changing(self, steps: Steps[AddReport]) -> Steps[AddReport]:
        """Steps that change what is held."""

    def add_told(self, items: Iterable[ItemLike] | Place, tally: Tally, **options: Unpack[AddOptions]) -> AddReport:
        """`add`, which also tells `tally` what became of each item: it grows with their number."""
        from gemini_embed.indexing.steps import add_steps

        return run_steps(self._changing(add_steps(self.embedder, self._opened, items, self._asked(options), tally)))

    def submit(
        self, items: Iterable[ItemLike] | Place, *, name: str | None = None, **options: Unpack[AddOptions]
    ) -> BatchRun:
        """Have jobs of the Batch API embed what `add` would, at half the price; returns when the jobs are made.

        Items are read, cut and conditioned as `add` does it, and nothing is written to the store: `collect` does that,
        today or tomorrow, in this process or another one with the same cache. What is submitted again, by a process
        that was killed for example, is not paid again.

        Args:
            items: as those of `add`; read again by `collect`.
            name: of the run, for `embedder.batches.get(name)`; None: one is made up, `BatchRun.name` tells it.
            options: those of `add`.

        Raises:
            ConfigurationError: the embedder has no `cache=`.
            InputError: an item cannot be indexed; jobs that were made by then go on.
            BudgetError: the next job would cost more than is left.
        """
        from gemini_embed.indexing.steps import submit_steps

        return run_steps(submit_steps(self.embedder, self._opened, items, self._asked(options), name))

    async def asubmit(
        self, items: Iterable[ItemLike] | Place, *, name: str | None = None, **options: Unpack[AddOptions]
    ) -> BatchRun:
        """`submit`, without blocking the loop."""
        from gemini_embed.indexing.steps import submit_steps

        return await arun(submit_steps(self.embedder, self._opened, items, self._asked(options), name))

    def collect(self, run: BatchRun, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]) -> AddReport:
        """Wait for a run, then add the same items, whose vectors are in the cache by then.

        What the run has not brought (refused there, changed since, too late for `deadline_s`) is embedded online.
        `options` are those of `add`, and should be those of `submit`: a window that is cut elsewhere is another one.
        """
        from gemini_embed.indexing.steps import collect_steps

        return run_steps(self._changing(collect_steps(self.embedder, self._opened, run, items, self._asked(options))))

    async def acollect(
        self, run: BatchRun, items: Iterable[ItemLike] | Place, **options: Unpack[AddOptions]
    ) -> AddReport:
        """`collect`, without blocking the loop."""
        from gemini_embed.indexing.steps import collect_steps

        return await arun(self._changing(collect_steps(self.embedder, self._opened, run, items, self._asked(options))))
