"""Texts longer than the model reads. The service cuts them silently, and only the service can count tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from gemini_embed.calls.attempts import Caller, all_of
from gemini_embed.errors import InputError, RequestError
from gemini_embed.models import ModelFacts
from gemini_embed.notices import warn
from gemini_embed.preparing import Entry
from gemini_embed.tokens import most_tokens

Overflow = Literal["warn", "error", "truncate"]
"""What to do about text beyond the model's token limit.

- warn (the default): one warning that names the positions of what is likely too long; the service cuts it.
- error: refuse it. The exact count is asked first (countTokens), and only for text that could be too long; on Vertex's
  `:predict` the service is told to refuse instead (`autoTruncate: false`).
- truncate: let the service cut it, without a word.
"""

NAMED_POSITIONS = 10


def warn_of_long_texts(items: Sequence[Entry], facts: ModelFacts) -> None:
    """One warning for all items that are likely longer than `facts.max_tokens`."""
    limit = facts.max_tokens
    long = [item for item in items if limit is not None and item.tokens > limit]
    if not long:
        return
    named = ", ".join(str(item.position) for item in long[:NAMED_POSITIONS])
    more = f" and {len(long) - NAMED_POSITIONS} more" if len(long) > NAMED_POSITIONS else ""
    warn(
        f"input {named}{more}: likely longer (about {max(item.tokens for item in long)} tokens) than the {limit} "
        f"tokens {facts.name} reads; the service cuts the rest silently. Split the text, or choose "
        "overflow='error' to refuse it or overflow='truncate' to accept the cut"
    )


async def without_long_texts(
    caller: Caller, facts: ModelFacts, items: Sequence[Entry], bad_input: Callable[[InputError, Sequence[int]], None]
) -> Sequence[Entry]:
    """The items within the limit: the exact count is asked of every one that could be too long.

    `bad_input` is called with the error for each that is, and may raise it.

    Raises:
        RequestError: the count could not be had, after the retries.
    """
    limit = facts.max_tokens
    if limit is None or facts.endpoint == "predict":
        return items
    suspects = [item for item in items if _could_exceed(item, limit)]
    counts = await all_of(_count(caller, item) for item in suspects)
    long = {item.position for item, tokens in zip(suspects, counts, strict=True) if tokens > limit}
    for item, tokens in zip(suspects, counts, strict=True):
        if item.position in long:
            problem = f"{tokens} tokens; {facts.name} reads {limit}: split the text, or pass overflow='truncate'"
            bad_input(InputError(problem, position=item.position), item.positions)
    return [item for item in items if item.position not in long]


def _could_exceed(item: Entry, limit: int) -> bool:
    return sum(map(most_tokens, item.texts)) + sum(item.media_tokens.values()) > limit


async def _count(caller: Caller, item: Entry) -> int:
    texts = [{"text": text} for text in item.texts]
    body = json.dumps({"contents": [{"parts": texts}]}).encode()
    try:
        counted = await caller.count_tokens(item, body)
    except RequestError:
        caller.failed.set()
        raise
    return counted + sum(item.media_tokens.values())
