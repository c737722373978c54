"""Inputs of one call that cannot be embedded, and what becomes of them: an error at its end, or gaps in its result."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from gemini_embed.errors import ApiError, InputError, RefusedItemsError
from gemini_embed.result import OnError, RefusedItem

TRIAL_ITEMS = 5
"""As many inputs refused one by one, all in the same words, and none answered yet: then it is not the inputs."""


class RefusedItems:
    """Collects them. `answered`: the service has embedded something of this call, so it is well but for some items."""

    def __init__(self, on_error: OnError) -> None:
        self.answered = False
        self._skip = on_error == "skip"
        self._items: list[RefusedItem] = []
        self._first: ApiError | None = None
        self._alone = 0
        self._words: set[str] = set()

    def bad_input(self, error: InputError, positions: Sequence[int]) -> None:
        """A check here found the input at `positions` wrong. Raises it, unless such are skipped."""
        if not self._skip:
            raise error
        self._items += [RefusedItem(position, error.problem) for position in positions]

    def refused(self, error: ApiError, positions: Sequence[int]) -> None:
        """The service refused one content, which stands at `positions`, in a call of its own.

        Raises:
            ApiError: it has refused whatever it was sent so far, in the same words, so the fault is not in the items.
        """
        self._items += [RefusedItem(position, error.message.strip()) for position in positions]
        self._first = self._first or error
        self._alone += 1
        self._words.add(error.message)
        if self._alone >= TRIAL_ITEMS and len(self._words) == 1 and not self.answered:
            error.hint = error.hint or f"Hint: {self._alone} inputs sent one by one were all refused, so it is not them"
            raise error

    def refused_before(self, error: ApiError, positions: Sequence[int]) -> None:
        """The service has refused the content at `positions` in a batch job, so it is not sent in this call."""
        self._items += [RefusedItem(position, error.message.strip()) for position in positions]
        self._first = self._first or error

    def copied(self) -> RefusedItems:
        """What was found so far, for another call with the same contents."""
        other = copy(self)
        other._items, other._words = self._items.copy(), self._words.copy()
        return other

    @property
    def items(self) -> tuple[RefusedItem, ...]:
        """All of them, in the caller's order."""
        return tuple(sorted(self._items, key=lambda item: item.position))

    def check(self) -> None:
        """Raise RefusedItemsError when the service refused something and such is not skipped."""
        if self._first is not None and not self._skip:
            raise RefusedItemsError.of(self.items, self._first)
