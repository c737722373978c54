"""A worker's share of the quota: a fixed part, or what a broker tells with each beat."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import weakref
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from gemini_embed.checks import positive_number
from gemini_embed.errors import ConfigurationError
from gemini_embed.quota import RateLimits

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder

logger = logging.getLogger(__name__)

RESTS_AFTER_BEATS = 3
"""A worker that embeds nothing for so long leaves its share to the others."""


@runtime_checkable
class Broker(Protocol):
    """Who is at work, and what each may use; `FileBroker` is one. It pickles."""

    beat_s: float
    """Seconds between two beats of a worker."""

    @abstractmethod
    def beat(self, worker: str, refusals: int) -> RateLimits:
        """A worker is at work, and was refused so often since it began; what it may use from now on."""

    @abstractmethod
    def leave(self, worker: str) -> None:
        """A worker is not at work any more, or rests."""


Share: TypeAlias = float | Broker
"""A part of the embedder's `rate_limits`, such as 1/8 for one of eight workers, or a broker."""


def checked_share(share: Share, embedder: Embedder) -> Share:
    """`share`, if it means something for this embedder.

    Raises:
        ConfigurationError: neither a part nor a broker; a part of limits that nobody told.
    """
    if isinstance(share, Broker):
        return share
    if positive_number("share", share) > 1:
        raise ConfigurationError(f"share={share!r} must be a number above 0 and at most 1, or a Broker")
    if share < 1 and embedder.rate_limits is None:
        raise ConfigurationError(f"share={share!r} is a part of what is not told: Embedder(rate_limits=...)")
    return share


class Beats:
    """Keeps an embedder to what a broker tells it, from a thread of its own, while it is at work."""

    def __init__(self, embedder: Embedder, broker: Broker) -> None:
        self._embedder, self._broker = weakref.ref(embedder), broker
        self._worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()
        self._at_work = 0
        self._rested = 0
        self._refusals = 0
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While the block runs, and a little longer, the worker has its share."""
        with self._lock:
            self._at_work += 1
            if self._thread is None:
                self._beat()  # what is refused here, as by a broker that is not there, is the caller's to know
                self._thread = threading.Thread(target=self._go_on, name="gemini-embed-share", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1

    def close(self) -> None:
        """Leave the share to the others."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=RESTS_AFTER_BEATS * self._broker.beat_s)

    def _go_on(self) -> None:
        while not self._closed.wait(self._broker.beat_s):
            with self._lock:
                self._rested = 0 if self._at_work else self._rested + 1
                if self._rested >= RESTS_AFTER_BEATS or self._embedder() is None:
                    break
            try:
                self._beat()
            except Exception as error:  # a broker may be anything; the share of before is kept meanwhile
                logger.warning("the broker of the quota is not to be reached, the share stays as it is: %r", error)
        with self._lock:
            self._thread, self._rested = None, 0
        try:
            self._broker.leave(self._worker)
        except Exception as error:
            logger.info("the broker of the quota was not told that this worker rests: %r", error)

    def _beat(self) -> None:
        limits = self._broker.beat(self._worker, self._refusals)
        embedder = self._embedder()
        if embedder is not None:
            self._refusals = embedder.keep_share(limits)
