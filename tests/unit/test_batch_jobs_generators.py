"""Answers and lists that are read in part only: what reads them is closed then, not when somebody tidies up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gemini_embed.batch_jobs.asking import JobCalls
from gemini_embed.batch_jobs.collecting import Collector
from gemini_embed.errors import CacheError
from gemini_embed.wire.batch_jobs import JobReport


class Endless:
    """Gives the same for ever, and knows whether it was closed."""

    def __init__(self, given: Any) -> None:
        self._given, self.is_closed = given, False

    async def __call__(self, *_: Any) -> AsyncGenerator[Any, None]:
        try:
            while True:
                yield self._given
        finally:
            self.is_closed = True


async def test_results_are_closed_when_the_disk_is_full() -> None:
    """The connection goes with them."""

    def no_room(lines: Iterable[bytes]) -> None:
        raise CacheError("no room")

    results = Endless(b"{}\n")
    collector = cast(Any, SimpleNamespace(service=SimpleNamespace(results=results)))
    with pytest.raises(CacheError) as caught:
        await Collector._hold(collector, JobReport(name="batches/1"), cast(Any, SimpleNamespace(take=no_room)))
    assert results.is_closed
    del caught  # it held the frames, and so what was open there


async def test_a_list_is_closed_once_a_job_is_found() -> None:
    pages = Endless(JobReport(name="batches/1", display_name="gemini-embed/a/0/0123456789abcdef"))
    calls = cast(Any, SimpleNamespace(_perhaps=pages))
    assert (await JobCalls.find(calls, "gemini-embed/a/0/0123456789abcdef")) is not None
    assert pages.is_closed
