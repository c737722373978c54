"""`embedder.batches`: runs submitted, listed, found again."""

from __future__ import annotations

from typing import TypeAlias

from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.names import JobName
from gemini_embed.batch_jobs.run import BatchRun
from gemini_embed.calls.attempts import Request
from gemini_embed.errors import BatchError
from gemini_embed.service import HttpSession

Runs: TypeAlias = list[BatchRun]
"""`list` is a method below."""


class Batches:
    """Jobs of the Batch API for one embedder, at half price: what they embed goes into its cache, where every other
    call finds it. See `Embedder.batches`.

    All methods but `__repr__` raise ConfigurationError where `cache=` is missing, or on Vertex AI `staging=`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def list(self) -> Runs:
        """The runs of this model that the project's jobs or the cache's file know of, newest first.

        Jobs that another machine has created are among them; they are collected like one's own.
        """
        request = self._request()
        return self._host.engine.run(lambda session: self._runs(session, request))

    async def alist(self) -> Runs:
        """`list`, awaited."""
        request = self._request()
        return await self._host.engine.start(lambda session: self._runs(session, request))

    def get(self, name: str) -> BatchRun:
        """The run of this name, as `BatchRun.name` tells it, of this machine or another one.

        Raises:
            BatchError: neither the service nor the cache's file knows it.
        """
        return self._named(name, self.list())

    async def aget(self, name: str) -> BatchRun:
        """`get`, awaited."""
        return self._named(name, await self.alist())

    def __repr__(self) -> str:
        return f"Batches({self._host.facts.name!r})"

    def _request(self) -> Request:
        self._host.check()
        return self._host.plain_request()

    async def _runs(self, session: HttpSession, request: Request) -> Runs:
        names: dict[str, None] = {}
        async for report in self._host.service(session, request).pages():
            if job := JobName.parse(report.display_name):
                names[job.run] = None
        return [BatchRun(self._host, name) for name in names]

    def _named(self, name: str, runs: Runs) -> BatchRun:
        for run in runs:
            if run.name == name:
                return run
        known = ", ".join(run.name for run in runs[:5]) or "none"
        raise BatchError(f"no run is called {name!r}: jobs of the last two days are listed by .list() (now: {known})")
