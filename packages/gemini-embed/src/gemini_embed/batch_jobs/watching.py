"""What a wait shows: a bar on stderr by tqdm, which is imported only when there is one, or a function that is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from gemini_embed.batch_jobs.status import BatchStatus, duration
from gemini_embed.metering import usd
from gemini_embed.notices import is_watched

Told: TypeAlias = Callable[[BatchStatus], None]
Progress: TypeAlias = bool | Told | None
"""A bar on stderr: True, False, or None for one on a terminal and in a notebook only; or a function that is told."""

_FORM = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} items [{elapsed}{postfix}]"
"""Without the rate and the time that is left, which vectors that come a job at a time make nonsense of."""


@contextmanager
def watching(progress: Progress, name: str) -> Iterator[Told]:
    """Who is told how far a run is, while the block runs."""
    if callable(progress):
        yield progress
    elif not (is_watched() if progress is None else progress):
        yield _nobody
    else:
        from tqdm.auto import tqdm

        with tqdm(desc=name, bar_format=_FORM, file=sys.stderr, disable=False) as bar:

            def show(status: BatchStatus) -> None:
                bar.total, bar.n = status.items, status.done + status.failed
                bar.set_postfix_str(_postfix(status), refresh=False)
                bar.refresh()

            yield show


def _postfix(status: BatchStatus) -> str:
    """Queue, age and price so far."""
    said = [f"{count:,} {state}" for state, count in status.jobs.items()]
    said += [f"the oldest for {duration(status.oldest_s)}"] if status.oldest_s is not None else []
    said += [usd(status.usd)] if status.usd else []
    return ", ".join(said)


def _nobody(status: BatchStatus) -> None:
    """Nobody looks."""
