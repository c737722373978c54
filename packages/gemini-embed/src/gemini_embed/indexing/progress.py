"""A progress bar on stderr, by tqdm, which is imported only when there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, Protocol

from gemini_embed.metering import usd
from gemini_embed.notices import is_watched
from gemini_embed.result import Usage


class Progress(Protocol):
    """Told about items as they are done with."""

    def expect(self, more: int) -> None:
        """There are so many `more` to do than items: windows of long media."""

    def advance(self, items: int, usage: Usage, spent_usd: float | None) -> None:
        """So many more `items` are done; `usage` and `spent_usd` are in total."""


@contextmanager
def progress_of(items: Iterable[object], shown: bool | None) -> Iterator[Progress]:
    """A bar over `items` while the block runs. `shown`: None is on a terminal and in a notebook only."""
    if not (is_watched() if shown is None else shown):
        yield _Nothing()
        return
    from tqdm.auto import tqdm

    total = len(items) if isinstance(items, Sized) else None
    with tqdm(total=total, desc="embedding", unit=" items", file=sys.stderr, disable=False) as bar:
        yield _Bar(bar)


class _Nothing:
    def expect(self, more: int) -> None:
        """Nobody looks."""

    def advance(self, items: int, usage: Usage, spent_usd: float | None) -> None:
        """Nobody looks."""


class _Bar:
    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def expect(self, more: int) -> None:
        if more and self._bar.total is not None:
            self._bar.total += more
            self._bar.refresh()

    def advance(self, items: int, usage: Usage, spent_usd: float | None) -> None:
        said = [] if usage.prompt_tokens is None else [f"{usage.prompt_tokens:,} tokens"]
        said += [usd(spent_usd)] if spent_usd else []
        said += [f"waited {seconds:.0f} s ({reason})" for reason, seconds in usage.waited_s.items() if seconds >= 1]
        self._bar.set_postfix_str(", ".join(said), refresh=False)
        self._bar.update(items)
