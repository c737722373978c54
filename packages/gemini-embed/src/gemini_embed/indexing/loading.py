"""New records loaded: their contents made, and their media described, which may bring sentences too."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import Repr

from gemini_embed.describing import Description
from gemini_embed.errors import InputError
from gemini_embed.indexing.batches import Waiting
from gemini_embed.indexing.counting import Counts
from gemini_embed.indexing.describing import STOPS, Says, described
from gemini_embed.indexing.said import sentences_of
from gemini_embed.indexing.under_way import Skip
from gemini_embed.result import OnError
from gemini_embed.stores import Store

_SHORT = Repr()
_SHORT.maxother = 300
"""Of an error that is the user's: it may hold the whole medium."""


class Loading:
    """Loads the records of one add. `digest` is that of the fingerprint."""

    def __init__(
        self, store: Store, on_error: OnError, says: Says | None, digest: str, counts: Counts, skip: Skip
    ) -> None:
        self._store, self._on_error, self._says, self._digest = store, on_error, says, digest
        self._counts, self._skip = counts, skip
        self._said: list[Waiting] = []
        self._last_failure: Exception | None = None

    def loaded(self, new: Sequence[Waiting]) -> list[Waiting]:
        """Those of the new records whose contents could be made and described, and that the store takes."""
        failed: set[Waiting] = set()
        for one in new:
            try:
                one.load()
                self._store.check_new(one.record)
            except InputError as error:
                self._failed(one, error)
                failed.add(one)
        readable = [one for one in new if one not in failed]
        for one, said in described(readable, self._says) if self._says else ():
            if isinstance(said, STOPS):
                raise said
            if isinstance(said, Exception):
                self._failed(one, said)
                failed.add(one)
            else:
                self._described(one, said)
        return [one for one in new if one not in failed]

    def sentences(self) -> list[Waiting]:
        """What was said in the windows that were described last."""
        said, self._said = self._said, []
        self._counts.expect(len(said))
        return said

    def _described(self, one: Waiting, said: Description) -> None:
        one.described(said.text)
        self._said += sentences_of(one, said, self._digest)
        if said.problem is not None:
            self._counts.undescribed(one, said.problem)

    def _failed(self, one: Waiting, error: Exception) -> None:
        """A window could not be made or described."""
        if self._on_error == "skip":
            if error is self._last_failure:  # a file that brought its child down is not asked for its other windows
                self._counts.done(len(one.positions))
                return
            self._last_failure = error
            reason = error.problem if isinstance(error, InputError) else f"describe= failed: {_SHORT.repr(error)}"
            self._skip(one.positions, one.record.source, reason)
            return
        if isinstance(error, InputError):
            raise error.at(one.positions[0]) from error.__cause__
        error.add_note(f"raised by describe= for input {one.positions[0]}: {one.record}")
        raise error
