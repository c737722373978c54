"""What a service of batch jobs does, whichever it is: the Developer API or Vertex AI."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import IO, Protocol

from gemini_embed.batch_jobs.asking import Before
from gemini_embed.preparing import Entry
from gemini_embed.wire.batch_jobs import JobReport

INLINE_BYTES = 2**20
"""Media of more bytes than this go by reference, not into the line."""


class JobService(Protocol):
    """Jobs of one model. All but `create` are tried again as usual (`RetryPolicy`).

    `asked` is how many requests were made so far, by which looks are paced.
    """

    asked: int

    async def create(self, display_name: str, input_ref: str, before: Before) -> JobReport:
        """Create a job of the lines at `input_ref`, by ONE request: a second one would be a second job, and a bill.
        `before` is awaited right before it is sent, and again where it was not sent and is tried once more.

        Raises:
            UnclearCreateError: nobody knows whether it was done.
            ApiError: it was refused; nothing was created. QuotaError: the queue is full.
            ConnectionFailedError: it was not sent.
        """
        ...

    async def look(self, name: str) -> JobReport:
        """What is told of a job, with its output and counts. NotFoundError: it is gone."""
        ...

    def pages(self) -> AsyncGenerator[JobReport, None]:
        """Jobs that this library made for this model, newest first. Their output and counts are not told."""
        ...

    async def find(self, display_name: str) -> JobReport | None:
        """The job of this name, None where the service shows none."""
        ...

    async def cancel(self, name: str) -> None:
        """Ask for its end. What is over already stays as it is, and what is gone is fine."""
        ...

    async def delete(self, name: str) -> None:
        """Take its record away; that does not end a job. What is gone is fine."""
        ...

    async def put(self, file: IO[bytes], display_name: str) -> str:
        """Upload a file of lines, all of it; what `create` is to be given for it."""
        ...

    async def referred(self, entry: Entry) -> tuple[Entry, list[str]]:
        """The entry with media of more than `INLINE_BYTES` by reference, and what to `discard` once its job is over."""
        ...

    async def discard(self, ref: str) -> None:
        """Take away what `put` or `referred` has left, or a job's output. What is gone is fine."""
        ...

    def results(self, report: JobReport) -> AsyncGenerator[bytes, None]:
        """A job's answers, streamed: whole lines, about a megabyte of them at a time; `report` is of `look`."""
        ...

    def line(self, entry: Entry, key: bytes) -> bytes:
        """One line of the input, with its line break. Media are loaded."""
        ...
