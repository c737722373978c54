"""What both stages have in common: what they hold travels as settings, and is opened once in each worker."""

from __future__ import annotations

import pickle
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gemini_embed.scale.columns import Columns
from gemini_embed.scale.opening import Closes, kept, let_go
from gemini_embed.scale.sharing import Beats, Broker, Share, checked_share

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

T = TypeVar("T", bound=Closes)


class Stage(ABC, Generic[T]):
    """A callable over batches. In the process that made it, it uses the very object that it was given; where it was
    unpickled, all copies of it share one, which is opened with the first batch and closed when the process ends."""

    def __init__(self, held: T, columns: Columns, share: Share) -> None:
        self.columns = columns
        self._held, self._token = held, secrets.token_hex(8)
        self._share = checked_share(share, self._embedder_of(held))
        self._is_from_elsewhere = False

    @abstractmethod
    def __call__(self, batch: Any) -> Any:
        """Do the work of a batch."""

    @abstractmethod
    def _embedder_of(self, held: T) -> Embedder: ...

    def check_travels(self) -> None:
        """Find out now whether a worker can have it: engines say it in their own words, and later.

        Raises:
            StoreError: an embedded store.
        """
        pickle.dumps(self._held)

    def close(self) -> None:
        """Close what a worker has open for this stage; what the stage was made with stays open where it was made."""
        let_go(f"{self._token}-share")
        let_go(self._token)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_is_from_elsewhere": True}

    @contextmanager
    def _at_work(self) -> Iterator[T]:
        """What the stage holds, while it keeps its share of the quota."""
        held = kept(self._token, lambda: self._held) if self._is_from_elsewhere else self._held
        with self._shared(self._embedder_of(held)):
            yield held

    def _shared(self, embedder: Embedder) -> Any:
        share = self._share
        if isinstance(share, Broker):
            return kept(f"{self._token}-share", lambda: Beats(embedder, share)).at_work()
        if share < 1:
            kept(f"{self._token}-share", lambda: _Part(embedder, share))
        return nullcontext()


class _Part:
    """A fixed part of the quota, told once."""

    def __init__(self, embedder: Embedder, part: float) -> None:
        if embedder.rate_limits is not None:
            embedder.keep_share(embedder.rate_limits.share(part))

    def close(self) -> None:
        """There is nothing to close."""
