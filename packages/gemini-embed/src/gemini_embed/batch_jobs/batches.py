"""`embedder.batches`: runs submitted, listed, found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias, TypedDict, Unpack

from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.names import JobName, checked_run_name
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.batch_jobs.planning import VERIFIED
from gemini_embed.batch_jobs.portions import Portions
from gemini_embed.batch_jobs.run import BatchRun
from gemini_embed.batch_jobs.runs import RunNames
from gemini_embed.batch_jobs.submitting import submit
from gemini_embed.calls.attempts import Request
from gemini_embed.checks import positive_number, switch
from gemini_embed.content import Content, ContentLike, contents_of, document_contents
from gemini_embed.engine import Pending
from gemini_embed.errors import BatchError, ConfigurationError
from gemini_embed.metering import Budget
from gemini_embed.result import OnError
from gemini_embed.service import HttpSession
from gemini_embed.tasks import Side

Runs: TypeAlias = list[BatchRun]
"""`list` is a method below."""


class SubmitOptions(TypedDict, total=False):
    """Of every `submit`, with its defaults; see `Batches.submit`."""

    task: str | None
    name: str | None
    on_error: OnError
    max_cost_usd: float | None
    verify: int
    deadline_s: float | None
    keep: bool


class Batches:
    """Jobs of the Batch API for one embedder, at half price: what they embed goes into its cache, where every other
    call finds it. See `Embedder.batches`.

    Every method raises ConfigurationError where `cache=` is missing, or on Vertex AI `staging=`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def submit(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
        max_cost_usd: float | None = None,
        verify: int = VERIFIED,
        deadline_s: float | None = None,
        keep: bool = False,
    ) -> BatchRun:
        """Create the jobs that embed `contents`; each element is one vector, as in `Embedder.embed`.

        It returns when every job has its name, which takes as long as the queue is full. What the cache has is not
        sent; what is in a job under way, of this process or another one with the same cache, is not sent again. So
        after whatever has ended it (Ctrl-C, a kill, an error) the same call goes on from there.

        Args:
            name: of the run, by which `get` finds it; None makes a dated one.
            max_cost_usd: the most that these jobs may cost, beside the embedder's own limit.
            verify: so many texts of each job are embedded online too, at full price, and its answers are compared with
                them before anything of it enters the cache; at most half of a small job. 0 trusts them.
            deadline_s: how long to wait for room in the queue; None waits as long as jobs end now and then.
            keep: leave at the service what is collected while the queue is full, as `BatchRun.wait(keep=True)` does.

        Raises:
            InputError: something cannot be embedded; before anything is sent.
            BudgetError: the jobs would cost more than is left; before the first one.
            QuotaUsedUpError: the queue had no room until the deadline.
            RequestError: the service refused, or could not be reached, after the retries. What was created goes on.
        """
        options = SubmitOptions(
            task=task,
            name=name,
            on_error=on_error,
            max_cost_usd=max_cost_usd,
            verify=verify,
            deadline_s=deadline_s,
            keep=keep,
        )
        return self._started(self._ordered(contents_of(contents), side, **options)).result()

    async def asubmit(
        self, contents: Sequence[ContentLike], *, side: Side = "document", **options: Unpack[SubmitOptions]
    ) -> BatchRun:
        """`submit`, awaited."""
        how = partial(self._ordered, contents_of(contents), side, **options)
        return await self._started(await asyncio.to_thread(how))

    def submit_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        **options: Unpack[SubmitOptions],
    ) -> BatchRun:
        """`submit` for documents, with its options: `titles[i]`, if any, goes with `texts[i]`, as in
        `Embedder.embed_documents`."""
        given = list(document_contents(texts, titles))
        return self._started(self._ordered(given, "document", **options)).result()

    async def asubmit_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        **options: Unpack[SubmitOptions],
    ) -> BatchRun:
        """`submit_documents`, awaited."""
        how = partial(self._ordered, list(document_contents(texts, titles)), "document", **options)
        return await self._started(await asyncio.to_thread(how))

    def portions(self, name: str | None, budget: Budget, deadline_s: float | None = None) -> Portions:
        """A run that is submitted a portion at a time, as `MultimodalIndex.submit` does; see `Portions`."""
        return Portions(self._host, name, budget, deadline_s)

    def list(self) -> Runs:
        """The runs of this model that the project's jobs or the cache's file know of, newest first.

        Jobs that another machine has created are among them, and are collected like one's own.
        """
        return self._host.engine.run(self._listed(self._request()))

    async def alist(self) -> Runs:
        """`list`, awaited."""
        return await self._host.engine.start(self._listed(await asyncio.to_thread(self._request)))

    def get(self, name: str) -> BatchRun:
        """The run of this name, as `BatchRun.name` tells it, of this machine or another one.

        Raises:
            BatchError: neither the service nor the cache's file knows it.
        """
        return _named(name, self.list())

    async def aget(self, name: str) -> BatchRun:
        """`get`, awaited."""
        return _named(name, await self.alist())

    def __repr__(self) -> str:
        return f"Batches({self._host.facts.name!r})"

    def _ordered(
        self,
        contents: Sequence[Content],
        side: Side,
        *,
        task: str | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
        max_cost_usd: float | None = None,
        verify: int = VERIFIED,
        deadline_s: float | None = None,
        keep: bool = False,
    ) -> Order:
        """Checked and conditioned, in the caller's thread."""
        host = self._host
        host.check()
        if type(verify) is not int or verify < 0:
            raise ConfigurationError(f"verify={verify!r} must be a whole number, 0 for none")
        if deadline_s is not None:
            positive_number("deadline_s", deadline_s)
        run = checked_run_name(name)
        call = host.prepared(contents, side, task, None, on_error)
        request = host.request(call)
        return Order(
            call=call,
            request=request,
            run=run,
            service=host.service_name(request),
            budget=host.budget if max_cost_usd is None else Budget(host.facts, max_cost_usd, within=host.budget),
            verify=verify,
            deadline_s=deadline_s,
            keep=switch("keep", keep),
            begins=True,
        )

    def _started(self, order: Order) -> Pending[BatchRun]:
        host = self._host
        host.warn_of(order.call)

        async def job(session: HttpSession) -> BatchRun:
            wanted = await submit(session, host, order)
            return BatchRun(replace(host, budget=order.budget), order.run, wanted, order)

        return host.engine.start(job)

    def _request(self) -> Request:
        self._host.check()
        return self._host.plain_request()

    def _listed(self, request: Request) -> Callable[[HttpSession], Coroutine[Any, Any, Runs]]:
        host = self._host

        async def job(session: HttpSession) -> Runs:
            begun: dict[str, float] = {}
            service = await asyncio.to_thread(host.service_name, request)
            begun |= await asyncio.to_thread(RunNames(host.vectors, (service, host.facts.name)).recent)
            for row in await asyncio.to_thread(partial(host.ledger.rows, service, host.facts.name, light=True)):
                begun[row.run] = max(begun.get(row.run, 0.0), row.created_at)
            async with aclosing(host.service(session, request).pages()) as reports:
                async for report in reports:
                    if of := JobName.parse(report.display_name):
                        at = report.created_at.timestamp() if report.created_at else 0.0
                        begun[of.run] = max(begun.get(of.run, 0.0), at)
            return [BatchRun(host, name) for name in sorted(begun, key=lambda name: begun[name], reverse=True)]

        return job


def _named(name: str, runs: Runs) -> BatchRun:
    for run in runs:
        if run.name == name:
            return run
    known = ", ".join(run.name for run in runs[:5]) or "none"
    raise BatchError(f"no run is called {name!r}; those under way or of the last two days: {known}")
