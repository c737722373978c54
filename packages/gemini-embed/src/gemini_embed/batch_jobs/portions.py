"""A run submitted a portion at a time, for contents that are too many, or too large, to be in memory together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from gemini_embed.batch_jobs.host import Host
from gemini_embed.batch_jobs.names import checked_run_name
from gemini_embed.batch_jobs.orders import Order
from gemini_embed.batch_jobs.run import BatchRun
from gemini_embed.batch_jobs.submitting import submit
from gemini_embed.content import Content
from gemini_embed.engine import Pending
from gemini_embed.metering import Budget
from gemini_embed.result import OnError
from gemini_embed.service import HttpSession


class Portions:
    """One run, whose jobs are made as its portions come; no content is held once its line is written.

    Args:
        host: the embedder, as jobs see it. name: of the run; None makes one up.
        budget: asked before every job; it is within the embedder's.
        deadline_s: how long to wait for room in the queue, from now on and for all portions together.

    Raises:
        ConfigurationError: there is no cache, or no place for files on Vertex AI; a name that a run cannot have.
    """

    def __init__(self, host: Host, name: str | None, budget: Budget, deadline_s: float | None = None) -> None:
        host.check()
        self._host = replace(host, budget=budget)
        self._name = checked_run_name(name)
        self._until = None if deadline_s is None else time.monotonic() + deadline_s
        self._wanted: dict[bytes, None] = {}
        self._is_begun = False

    @property
    def max_items(self) -> int:
        """Contents of a portion that fill a job."""
        return self._host.limits.max_items

    def submit(self, contents: Sequence[Content], on_error: OnError) -> Pending[None]:
        """Make jobs of what neither the cache nor a job under way has of these; what is bad is left out, or raises.

        Raises:
            InputError: a content that cannot be embedded; `.position` is its place among these.
        """
        call = self._host.prepared(contents, "document", None, None, on_error)
        request = self._host.request(call, None, self._host.budget)
        self._host.warn_of(call)
        order = Order(
            call=call,
            request=request,
            run=self._name,
            service=self._host.service_name(request),
            budget=self._host.budget,
            deadline_s=None if self._until is None else max(self._until - time.monotonic(), 0.0),
            begins=not self._is_begun,
        )
        self._is_begun = True
        return self._host.engine.start(lambda session: self._submitted(session, order))

    async def _submitted(self, session: HttpSession, order: Order) -> None:
        self._wanted |= dict.fromkeys(await submit(session, self._host, order))

    @property
    def run(self) -> BatchRun:
        """What was submitted so far."""
        return BatchRun(self._host, self._name, list(self._wanted))
