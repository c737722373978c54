"""`index.watch`: a folder kept in step with while it changes, by the word of the operating system (watchfiles)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from gemini_embed.checks import positive_number
from gemini_embed.errors import InputError, missing_extra

if TYPE_CHECKING:
    from gemini_embed.indexing.choosing import Chosen
    from gemini_embed.indexing.items import Place
    from gemini_embed.indexing.options import AddOptions
    from gemini_embed.indexing.report import AddReport

QUIET_S = 0.5
"""After a change the folder must be quiet for so long before it is read: who writes a file writes it in pieces."""
_LONGEST_S = 10.0
"""Where it never is, it is read all the same after so long."""
_STEP_MS = 100
"""How often is looked whether to stop."""
_GATHERED_MS = 1_000
"""So long at most the library itself gathers changes."""


class Event(Protocol):
    """Such as `threading.Event` and `asyncio.Event`."""

    def is_set(self) -> bool:
        """Whether it has happened."""


class Watches(ABC):
    """The part of `MultimodalIndex` that keeps it in step with a folder."""

    @abstractmethod
    def _is_ended(self) -> bool:
        """Whether the index is closed."""

    @abstractmethod
    def _synced(self, folder: Place, options: AddOptions, *, may_be_empty: bool) -> AddReport:
        """`sync`; `may_be_empty` where a folder without files is one whose files were seen to go."""

    def watch(
        self, folder: Place, *, quiet_s: float = QUIET_S, stop: Event | None = None, **options: Unpack[AddOptions]
    ) -> Generator[AddReport, None, None]:
        """`sync` a folder, and again whenever something changes in it: gives the report of each time.

            for report in index.watch("docs"):
                print(report)

        It goes on until the loop is left, the generator closed, `stop` set, the index closed, or Ctrl-C. Changes that
        come while a sync runs are seen by the next. It uses the index's own open store, so everything else may search
        meanwhile, in other threads too. Needs the extra `watch`.

        Args:
            folder: as that of `sync`. Folders that links below it lead to are watched too.
            quiet_s: how long nothing may change before the folder is read.
            stop: ends it when it is set, within a tenth of a second or with the sync that runs.
            options: those of `sync`. Hidden names and what these leave out wake nobody.

        Raises:
            MissingExtraError: watchfiles is not installed.
            InputError: no such folder, or not any more; one without files, unless these were seen to go.
            GeminiEmbedError: as of `sync`; calling it again goes on.
        """
        seen = _Changes(folder, quiet_s, options, lambda: self._is_ended() or (stop is not None and stop.is_set()))
        with seen.watched() as changes:
            yield self._synced(folder, options, may_be_empty=False)
            for were_there in changes:
                yield self._synced(folder, options, may_be_empty=were_there)

    async def awatch(
        self, folder: Place, *, quiet_s: float = QUIET_S, stop: Event | None = None, **options: Unpack[AddOptions]
    ) -> AsyncGenerator[AddReport, None]:
        """`watch`, without blocking the loop: `async for report in index.awatch("docs")`. Cancelling it ends it once
        the sync that runs is at its end."""
        left = threading.Event()
        both = _Either(left, stop)
        watching = self.watch(folder, quiet_s=quiet_s, stop=both, **options)
        try:
            while (report := await _awaited(lambda: next(watching, None), left)) is not None:
                yield report
        finally:
            left.set()
            await _awaited(watching.close, left)


class _Either:
    def __init__(self, left: threading.Event, stop: Event | None) -> None:
        self._left, self._stop = left, stop

    def is_set(self) -> bool:
        return self._left.is_set() or (self._stop is not None and self._stop.is_set())


async def _awaited(function: Any, left: threading.Event) -> Any:
    """What it gives, in a thread. A cancellation has it end, and waits for that: a generator that runs has no close."""
    running = asyncio.ensure_future(asyncio.to_thread(function))
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = cancelled or error
            left.set()
    if cancelled is not None:
        running.exception()  # seen, or asyncio would log it
        raise cancelled
    return running.result()


class _Changes:
    """What changes in a folder, as far as a sync of it would notice."""

    def __init__(self, folder: Place, quiet_s: float, options: AddOptions, is_ended: Any) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._quiet_s = positive_number("quiet_s", quiet_s)
        self._options, self.is_set = options, is_ended  # which is what watchfiles asks of an event
        try:
            import watchfiles
        except ImportError as error:
            raise missing_extra("watch", "watchfiles") from error
        self._library = watchfiles

    @contextmanager
    def watched(self) -> Iterator[Iterator[bool]]:
        """For each change from now on, whether something was there that is there no more. Several that come together
        are one."""
        if not os.path.isdir(self._folder):
            raise InputError(f"there is no folder {self._folder}: watch takes one folder")
        from gemini_embed.indexing.options import How

        chosen = How.asked(self._options, on_error="skip").choice.below(self._folder)
        found = self._library.watch(
            os.path.realpath(self._folder),
            watch_filter=None,
            debounce=_GATHERED_MS,
            step=_STEP_MS,
            rust_timeout=_STEP_MS,
            yield_on_timeout=True,
            stop_event=self,
            raise_interrupt=True,
        )
        try:
            next(found, None)  # from here on nothing is missed
            yield self._told(found, chosen)
        finally:
            found.close()

    def _told(self, found: Iterator[set[tuple[Any, str]]], chosen: Chosen) -> Iterator[bool]:
        kinds: set[Any] = set()
        first_s = last_s = 0.0
        for changes in found:
            now_s = time.monotonic()
            noticed = {kind for kind, path in changes if self._is_noticed(path, chosen)}
            if noticed:
                first_s, last_s = first_s if kinds else now_s, now_s
                kinds |= noticed
            if kinds and (now_s - last_s >= self._quiet_s or now_s - first_s >= _LONGEST_S):
                yield self._library.Change.deleted in kinds
                kinds = set()

    def _is_noticed(self, path: str, chosen: Chosen) -> bool:
        """Not what is hidden, the index itself perhaps, and not what patterns leave out."""
        try:
            names = Path(path).relative_to(os.path.realpath(self._folder)).parts
        except ValueError:  # of a folder that a link leads to
            return True
        if any(name.startswith(".") and not chosen.enters(name) for name in names):
            return False
        return not chosen.is_unwanted(self._folder.joinpath(*names))
