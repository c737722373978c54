"""What a block of code used: the usage of every call made in it, whoever makes the call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gemini_embed.result import Usage


class UsageTracker:
    """Adds up what is used. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_model: dict[str, Usage] = {}

    @property
    def usage(self) -> Usage:
        """In total, until now."""
        return sum(self.by_model.values(), Usage())

    @property
    def by_model(self) -> dict[str, Usage]:
        """By the model's bare name, until now."""
        with self._lock:
            return dict(self._by_model)

    def add(self, model: str, usage: Usage) -> None:
        """Count the usage of one call."""
        with self._lock:
            self._by_model[model] = self._by_model.get(model, Usage()) + usage

    def __repr__(self) -> str:
        return f"UsageTracker({', '.join(f'{model}: {usage}' for model, usage in self.by_model.items())})"


_trackers: ContextVar[tuple[UsageTracker, ...]] = ContextVar("gemini_embed_trackers", default=())


@contextmanager
def track_usage() -> Iterator[UsageTracker]:
    """Count what the block uses, failed calls too, whichever embedder, index or framework makes the calls.

        with track_usage() as spent:
            chain.invoke(question)
        print(spent.usage)

    Blocks nest. What counts is the context (`contextvars`), so asyncio tasks and `asyncio.to_thread` begun in the block
    are in it; a thread that is started without its context, as by `ThreadPoolExecutor`, is not.
    """
    tracker = UsageTracker()
    token = _trackers.set((*_trackers.get(), tracker))
    try:
        yield tracker
    finally:
        _trackers.reset(token)


def count(model: str, usage: Usage) -> None:
    """Tell the trackers of this context what a call has used."""
    for tracker in _trackers.get():
        tracker.add(model, usage)
