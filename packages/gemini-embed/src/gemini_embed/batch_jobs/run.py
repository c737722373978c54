"""A batch run: the vectors that are wanted, and the jobs that bring them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, TypedDict, TypeVar, Unpack, get_args

from gemini_embed.batch_jobs.following import Known
from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.batch_jobs.status import BatchStatus
from gemini_embed.batch_jobs.waiting import Fallback, Patience
from gemini_embed.batch_jobs.watching import Progress
from gemini_embed.batch_jobs.work import Work
from gemini_embed.checks import seconds, switch
from gemini_embed.engine import Pending
from gemini_embed.errors import ConfigurationError
from gemini_embed.metering import Budget
from gemini_embed.notices import warn
from gemini_embed.result import EmbeddingResult

T = TypeVar("T")


class WaitOptions(TypedDict, total=False):
    """Of every wait, with its defaults; see `BatchRun.wait`."""

    deadline_s: float | None
    fallback: Fallback | None
    progress: Progress
    keep: bool


class BatchRun:
    """Jobs under way, see `Batches.submit`.

    Everything it brings goes into the cache of its embedder, so an ordinary call finds it there, whoever waited for it.
    The jobs go on without this object and without this process: `embedder.batches.get(name)` finds them again.

    Args:
        host: the embedder, as jobs see it.
        name: of the run.
        wanted: keys in the cache that its vectors will have; None where only the jobs' own files tell, as on another
            machine.
        order: what was submitted, and how; its entries have their keys. None for a run that was found again.
    """

    def __init__(
        self, host: Host, name: str, wanted: Sequence[bytes] | None = None, order: Order | None = None
    ) -> None:
        self.name = name
        self._host, self._order = host, order
        self._known = Known(wanted=None if wanted is None else frozenset(wanted))

    def refresh(self) -> BatchStatus:
        """How far it is: the jobs are looked at, by one request for a hundred of them, and nothing is collected.

        Raises:
            RequestError: the service cannot be asked. CacheError: the cache's file cannot be used.
        """
        return self.refreshing().result()

    async def arefresh(self) -> BatchStatus:
        """`refresh`, awaited."""
        return await self.refreshing()

    def refreshing(self) -> Pending[BatchStatus]:
        """`refresh`, started."""
        return self._started(Work.refresh)

    def wait(
        self,
        timeout_s: float | None = None,
        *,
        deadline_s: float | None = None,
        fallback: Fallback | None = "online",
        progress: Progress = None,
        keep: bool = False,
    ) -> EmbeddingResult | None:
        """Collect what jobs have brought into the cache, until all have ended; then the vectors, in the order of what
        was submitted, shape (n, d). None when the time is over, and for a run that was found without its contents.

        Jobs are looked at at once, then after 1, 2, 4, 8, 16 and every 30 seconds. The answers of each are checked
        line by line, and some compared with online vectors, before anything of it enters the cache. A line without an
        answer is put into another job, twice at most, and then asked for online. Ctrl-C leaves the jobs running.

        Args:
            timeout_s: after this time None is returned, and the jobs go on; 0 collects what is there now.
            deadline_s: after this time `fallback` decides.
            fallback: "online" embeds by ordinary calls, at full price, what jobs have not brought by the deadline, or
                could not bring, and cancels those that are left; "raise" raises BatchDeadlineError, and None returns
                None: the jobs go on. Without `deadline_s` nothing of a job that FAILED is embedded online.
            progress: a bar on stderr; None shows it on a terminal and in a notebook. Or a function, which is called
                with a `BatchStatus` after each look.
            keep: leave jobs and their files at the service once they are collected; `delete` takes them away. Those
                that were collected while `submit` waited for room are left where it was told so.

        Raises:
            BatchMismatchError: a job's vectors are not those of its texts; nothing of it is used, and it is kept.
            BatchFailedError: the service gave a job up, with its reason; what others brought is in the cache.
            BatchDeadlineError: see `fallback`.
            RefusedItemsError: the service refuses some contents; `.completed` has all others.
            CacheError: vectors cannot be written, as on a full disk. Nothing is lost: wait again.
        """
        pending = self.waiting(timeout_s, deadline_s=deadline_s, fallback=fallback, progress=progress, keep=keep)
        try:
            result, notes = pending.result()
        except KeyboardInterrupt:
            sys.stderr.write(f"\nThe jobs go on. To collect them later:\n  {self._host.line_to_go_on(self.name)}\n")
            raise
        for note in notes:
            warn(note)
        return result

    async def awaited(self, timeout_s: float | None = None, **options: Unpack[WaitOptions]) -> EmbeddingResult | None:
        """`wait`, awaited, with its options: `await run.awaited()`. Whatever cancels it leaves the jobs running."""
        result, notes = await self.waiting(timeout_s, **options)
        for note in notes:
            warn(note)
        return result

    def waiting(
        self,
        timeout_s: float | None = None,
        *,
        deadline_s: float | None = None,
        fallback: Fallback | None = "online",
        progress: Progress = None,
        keep: bool = False,
    ) -> Pending[tuple[EmbeddingResult | None, list[str]]]:
        """`wait`, started: its result, and what the caller should be warned of."""
        if fallback is not None and fallback not in get_args(Fallback):
            raise ConfigurationError(f"fallback={fallback!r} must be 'online', 'raise' or None")
        if progress is not None and not callable(progress):
            switch("progress", progress)
        patience = Patience(seconds("timeout_s", timeout_s), seconds("deadline_s", deadline_s), fallback)
        is_kept = switch("keep", keep)
        return self._started(lambda work: work.wait(patience, progress, is_kept))

    def cancel(self) -> BatchStatus:
        """Cancel all jobs of the run that have not ended, by one call of this. What they have brought is collected
        where they end at once; what had not begun to run costs nothing. How far the run is then.

        Jobs that other runs need too are cancelled with it.
        """
        return self.cancelling().result()

    async def acancel(self) -> BatchStatus:
        """`cancel`, awaited."""
        return await self.cancelling()

    def cancelling(self, *, foreign: bool = True) -> Pending[BatchStatus]:
        """`cancel`, started. `foreign`: also jobs that another machine has created, which may wait for them."""
        return self._started(lambda work: work.cancel(foreign=foreign))

    def delete(self) -> None:
        """Cancel the jobs, take them and their files away from the service, and forget them. What is in the cache
        stays; answers that were not collected are lost, and paid."""
        self._started(Work.delete).result()

    async def adelete(self) -> None:
        """`delete`, awaited."""
        await self._started(Work.delete)

    def within(self, budget: Budget) -> BatchRun:
        """This run, whose costs are those of `budget`, which is within the embedder's."""
        run = BatchRun(replace(self._host, budget=budget), self.name, order=self._order)
        run._known = self._known
        return run

    def _started(self, door: Callable[[Work], Coroutine[Any, Any, T]]) -> Pending[T]:
        """One of the doors of `Work`, on the engine's loop."""
        self._host.check()
        host, order = self._host, self._order
        request = host.plain_request() if order is None else host.request(order.call, None, host.budget)
        work = partial(Work, host, self.name, self._known, order, request)
        return self._host.engine.start(lambda session: door(work(session)))

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} holds an embedder's connections and is not pickled: send its name, {self.name!r}, and call "
            "embedder.batches.get(name) where it arrives"
        )

    def __repr__(self) -> str:
        return f"BatchRun({self.name!r})"
