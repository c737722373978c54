"""How calls start: contents checked and conditioned in the caller's thread, then handed to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from gemini_embed.calls import Submitted, embed
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.call import Call
from gemini_embed.calls.overflow import warn_of_long_texts
from gemini_embed.calls.refused import RefusedItems
from gemini_embed.calls.rows import Rows
from gemini_embed.calls.uploads import Uploads
from gemini_embed.checks import one_of, whole
from gemini_embed.content import Content, ContentLike, contents_of, said_of_flat_mix
from gemini_embed.embedder.configured import Configured
from gemini_embed.fingerprint import scaled_to_unit
from gemini_embed.metering import Budget, ObservedCall, observed
from gemini_embed.models import checked_dimensions
from gemini_embed.notices import warn
from gemini_embed.preparing import Prepared, Purpose, prepare
from gemini_embed.result import OnError
from gemini_embed.tasks import Side, parse_task
from gemini_embed.wire import Options


class Starting(Configured):
    """The part of `Embedder` that starts what its doors wait for."""

    def submit(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        on_error: OnError = "raise",
        budget: Budget | None = None,
    ) -> Submitted:
        """`embed`, started and not waited for; `budget` takes the place of the embedder's, which it should be within.

        Bad input raises here, what comes later from `.pending`.
        """
        return self._submit(self._prepared(contents_of(contents), side, task, None, on_error), budget=budget)

    def ready(
        self, contents: Sequence[ContentLike], *, side: Side = "document", task: str | None = None
    ) -> Callable[[], Submitted]:
        """`submit` in two steps, for who starts several: bad input raises here, and calling what comes back starts."""
        return partial(self._submit, self._prepared(contents_of(contents), side, task, None))

    def _prepared(
        self,
        contents: Iterable[Content],
        side: Side,
        task: str | None,
        dimensions: int | None,
        on_error: OnError = "raise",
    ) -> Call:
        """Check and condition everything, in the caller's thread: bad input raises before any request."""
        self._connection = self._connection.ready()
        purpose = Purpose(parse_task(task) if task else self.task, one_of("side", side, Side), self.condition_media)
        size = checked_dimensions(dimensions, self.facts) or self.dimensions
        refused = RefusedItems(one_of("on_error", on_error, OnError))
        prepared = prepare(contents, purpose, self.facts, self._fetch, refused.bad_input)
        return Call(prepared, purpose, size, refused)

    async def _aprepared(self, contents: list[Content], *how: Any) -> Call:
        """`_prepared`, off the caller's loop where media are looked into: files are read."""
        if any(content.has_media for content in contents):
            return await asyncio.to_thread(self._prepared, contents, *how)
        return self._prepared(contents, *how)

    def _warn_of_flat_mix(self, likes: Sequence[ContentLike], contents: Sequence[Content]) -> None:
        if not self._has_warned_of_mix and (said := said_of_flat_mix(likes, contents)):
            self._has_warned_of_mix = True
            warn(said)

    def _submit(self, call: Call, batch_size: int | None = None, budget: Budget | None = None) -> Submitted:
        """Start a call."""
        size, items, count = call.dimensions, call.prepared.entries, call.prepared.count
        self._warn_of_call(call)
        uploads = Uploads(self._connection, self._http, self._kept_files)
        request = self._request(call, batch_size, budget)
        rows = Rows(
            count,
            dimensions=self.facts.size(size),
            unit_length=scaled_to_unit(self.facts, size, self.normalize),
            model=self.facts.name,
        )
        job = partial(embed, request=request, items=items, rows=rows, refused=call.refused, uploads=uploads)
        told = ObservedCall(self.facts, self._connection.base_url, call.purpose.task, call.purpose.side, size, count)
        return Submitted(self._engine.start(observed(told, job, rows)), rows)

    def _warn_of_call(self, call: Call) -> None:
        warn_of(call.prepared)
        if self.overflow == "warn":
            warn_of_long_texts(call.prepared.entries, self.facts)

    def _request(self, call: Call, batch_size: int | None = None, budget: Budget | None = None) -> Request:
        """What holds for every request of a call."""
        return Request(
            connection=self._connection,
            service=self._service,
            facts=self.facts,
            options=Options(
                model=self.facts.name,
                dimensions=call.dimensions,
                auto_truncate=False if self.overflow == "error" and self.facts.endpoint == "predict" else None,
            ),
            retry=self.retry,
            fetch=self._fetch,
            cache=self.cache,
            budget=budget or self.budget,
            max_items=self._max_items(whole("batch_size", batch_size)),
            max_tokens=self.rate_limits.max_tokens if self.rate_limits else None,
            lookahead=self._http.concurrency + 1,
            task=call.purpose.task,
            count_tokens=self.overflow == "error",
        )

    def _max_items(self, batch_size: int | None) -> int | None:
        """Contents a call: as asked for, and no more than a minute's quota has room for."""
        wanted = (batch_size or self.batch_size, self.rate_limits.max_items if self.rate_limits else None)
        return min(filter(None, wanted), default=None)


def warn_of(prepared: Prepared) -> None:
    """Say what was noticed while it was conditioned."""
    for warning in prepared.warnings:
        warn(warning)
