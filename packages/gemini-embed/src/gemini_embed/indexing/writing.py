"""Records written with their vectors, and what the store makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from gemini_embed.errors import Completed, GeminiEmbedError, StoreError
from gemini_embed.indexing.batches import AddBatch
from gemini_embed.indexing.counting import Counts
from gemini_embed.indexing.said import Unsaid
from gemini_embed.records import Record
from gemini_embed.stores import FloatArray, Store


class Writer:
    """Writes to one store during one add."""

    def __init__(self, store: Store, counts: Counts) -> None:
        self._store, self._counts = store, counts
        self._is_writing = False
        self._unsaid = Unsaid()

    def has_failed(self, error: Exception) -> TypeGuard[GeminiEmbedError]:
        """Whether the error is the store's, so that nothing more can be written."""
        return isinstance(error, StoreError) or (self._is_writing and isinstance(error, GeminiEmbedError))

    def nothing_but(self, batch: AddBatch, completed: Completed | None) -> None:
        """No more of a batch comes than what is `completed`; windows whose sentences it lacks are not written."""
        self._unsaid.note(batch, completed)

    def write(self, batch: AddBatch, completed: Completed) -> None:
        """Write what is completed of a batch, and count it."""
        waiting, vectors = self._unsaid.without(*batch.rows(completed))
        self.upsert([one.record for one in waiting], vectors)
        self._counts.used(completed.usage)  # once, though a store's own exception has the batch written again
        self._counts.wrote(waiting)

    def upsert(self, records: Sequence[Record], vectors: FloatArray) -> None:
        """Write to the store; whatever it raises, the vectors that are paid for go with it."""
        self._is_writing = True
        try:
            self._store.upsert(records, vectors)
        except GeminiEmbedError:
            raise
        except Exception as error:  # of a store of the user's own
            raise StoreError(f"{self._store}: {error!r}") from error
        self._is_writing = False
