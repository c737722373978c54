"""Batches that are embedded while the next are read. They are awaited and written in order.

What is embedded is paid for, so it is written whatever happens to the rest, or goes with the error that says why not.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gemini_embed.engine import Steps
from gemini_embed.errors import Completed, GeminiEmbedError, RefusedItemsError
from gemini_embed.indexing.batches import AddBatch, Waiting, finished
from gemini_embed.indexing.writing import Writer
from gemini_embed.metering import Budget
from gemini_embed.result import OnError, Usage

if TYPE_CHECKING:
    from gemini_embed.calls import Submitted
    from gemini_embed.embedder import Embedder

logger = logging.getLogger(__name__)

Skip = Callable[[Sequence[int], str | None, str], None]
"""Told the positions of items that are left out, their source as far as known, and why."""


class UnderWay:
    """The batches of one add that are embedded and not yet written."""

    def __init__(self, embedder: Embedder, budget: Budget, on_error: OnError, writer: Writer, skip: Skip) -> None:
        self._embedder, self._budget, self._on_error = embedder, budget, on_error
        self._writer, self._skip = writer, skip
        self._batches: deque[tuple[AddBatch, Submitted]] = deque()
        self._records: dict[str, Waiting] = {}
        self._refusals: list[RefusedItemsError] = []

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def size_bytes(self) -> int:
        """Of the media in memory, about."""
        return sum(batch.size_bytes for batch, _ in self._batches)

    def get(self, id_: str) -> Waiting | None:
        """The record of this id, if it is under way."""
        return self._records.get(id_)

    def start(self, new: Sequence[Waiting]) -> None:
        """Have loaded records embedded; none is no batch."""
        if not new:
            return
        batch = AddBatch(new)
        try:
            embedding = self._embedder.submit(batch.contents, on_error=self._on_error, budget=self._budget)
        except GeminiEmbedError as error:
            raise error.relocated(batch.places) from error.__cause__
        self._batches.append((batch, embedding))
        self._records |= {one.record.id: one for one in new}

    def finish_first(self) -> Steps[None]:
        """Wait for the oldest batch and write it, or what it had finished before it failed; then it leaves."""
        batch, embedding = self._batches[0]
        try:
            result = yield embedding.pending
        except GeminiEmbedError as error:
            if not isinstance(error, RefusedItemsError):
                self._writer.nothing_but(batch, error.completed)
            if error.completed is not None:
                self._writer.write(batch, error.completed)
            self._leave(batch)
            relocated = error.relocated(batch.places)
            if not isinstance(relocated, RefusedItemsError):
                raise relocated from error.__cause__
            self._refusals.append(relocated)
            return
        self._writer.write(batch, finished(result))
        for refused in result.refused:
            for one in batch.of(refused):
                self._skip(one.positions, one.record.source, refused.message)
        self._leave(batch)

    def check_refusals(self) -> None:
        """Raise RefusedItemsError of all that was refused so far, if anything was."""
        if self._refusals:
            refused = [item for refusal in self._refusals for item in refusal.refused]
            raise RefusedItemsError.of(refused, self._refusals[0])

    def finish_rest(self) -> Steps[None]:
        """After a failure: what is under way is awaited and written, and further failures are logged."""
        while self._batches:
            try:
                yield from self.finish_first()
            except GeminiEmbedError as error:
                if self._writer.has_failed(error):
                    logger.exception("what was under way when adding failed could not be written")
                    self._stopped()  # and so left
                else:
                    logger.info("adding had failed already; another part failed too: %s", error)

    def write_what_is_finished(self) -> None:
        """End all; what each batch had finished by now is written."""
        try:
            for batch, completed in self._stopped():
                self._writer.write(batch, completed)
        except GeminiEmbedError:
            logger.exception("what was finished when adding was interrupted could not be written")

    def unwritten(self) -> Completed | None:
        """End all, which cannot be written; what is finished of it, in the caller's positions."""
        finished = [completed.relocated(batch.places) for batch, completed in self._stopped()]
        if not finished:
            return None
        positions = [position for one in finished for position in one.positions]
        usage = sum((one.usage for one in finished), Usage())
        return Completed(positions, np.concatenate([one.values for one in finished]), usage)

    def _stopped(self) -> list[tuple[AddBatch, Completed]]:
        """End what is under way; what each batch had finished."""
        ended = [(batch, embedding.stop()) for batch, embedding in self._batches]
        self._batches.clear()
        for batch, completed in ended:
            self._writer.nothing_but(batch, completed)
        return [(batch, completed) for batch, completed in ended if completed is not None]

    def _leave(self, batch: AddBatch) -> None:
        self._batches.popleft()
        for one in batch.records:
            del self._records[one.record.id]
