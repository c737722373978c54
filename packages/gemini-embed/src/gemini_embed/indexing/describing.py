"""Text for media that have none: whatever the user's `describe` says of a window, written beside its vector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from gemini_embed.describing import Asker, Description, GeminiDescriber
from gemini_embed.errors import BudgetError, CacheError, ConfigurationError, MissingExtraError, RequestError
from gemini_embed.indexing.batches import Waiting
from gemini_embed.metering import Budget
from gemini_embed.windows import Window

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder
    from gemini_embed.indexing.options import How

AT_ONCE = 8
STOPS = (BudgetError, CacheError, ConfigurationError, MissingExtraError, RequestError)
"""What is no fault of a window: the next one would meet it too."""

Says: TypeAlias = "Callable[[Window], str | Description] | Asker"


def says(how: How, embedder: Embedder, budget: Budget) -> Says | None:
    """Who describes in one add. Raises ConfigurationError: a describer that cannot work here."""
    if isinstance(how.describe, GeminiDescriber):
        return how.describe.asking(embedder.lent(budget, hears_videos=not how.cutting.video_sound))
    return how.describe


def described(waiting: Iterable[Waiting], describe: Says) -> Iterator[tuple[Waiting, Description | Exception]]:
    """What `describe` says, or raises, for each medium among loaded records, in order. Texts are not asked about.
    Who stops listening has nothing more asked."""
    asked = [(one, window) for one in waiting if (window := _window(one)) is not None]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gemini-embed-describe") as threads:
        # in the caller's context, where `track_usage` counts
        answers = [(one, threads.submit(copy_context().run, _said, describe, window)) for one, window in asked]
        try:
            for one, answer in answers:
                yield one, answer.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _said(describe: Says, window: Window) -> Description | Exception:
    try:
        said = describe(window)
    except Exception as error:
        return error
    if isinstance(said, str):
        said = Description(said)
    if not isinstance(said, Description):
        return TypeError(f"describe= returned a {type(said).__name__} and not a str")
    return said if said.text else replace(said, text=window.text)


def _window(one: Waiting) -> Window | None:
    """What is to be described of a record; None where its text is there."""
    if one.candidate.has_text or one.loaded is None:
        return None
    return one.loaded.window and replace(one.loaded.window, uri=one.record.uri)
