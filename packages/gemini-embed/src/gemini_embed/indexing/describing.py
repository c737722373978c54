"""Text for media that have none: whatever the user's `describe` says of a window, written beside its vector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gemini_embed.indexing.batches import Waiting
from gemini_embed.indexing.items import Describe
from gemini_embed.windows import Window

AT_ONCE = 8


def described(waiting: Iterable[Waiting], describe: Describe) -> Iterator[tuple[Waiting, str | Exception]]:
    """What `describe` says, or raises, for each medium among loaded records, in order. Texts are not asked about."""
    asked = [(one, window) for one in waiting if (window := _window(one)) is not None]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gemini-embed-describe") as threads:
        answers = threads.map(lambda pair: _said(describe, pair[1]), asked)
        yield from zip((one for one, _ in asked), answers, strict=True)


def _said(describe: Describe, window: Window) -> str | Exception:
    try:
        said = describe(window)
    except Exception as error:
        return error
    if not isinstance(said, str):
        return TypeError(f"describe= returned a {type(said).__name__} and not a str")
    return said or window.text


def _window(one: Waiting) -> Window | None:
    """What is to be described of a record; None where its text is there."""
    if one.candidate.has_text or one.loaded is None:
        return None
    return one.loaded.window and replace(one.loaded.window, uri=one.record.uri)
