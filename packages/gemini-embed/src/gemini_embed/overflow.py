"""Texts longer than the model reads. The service cuts them silently, and only the service can count tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from gemini_embed.attempts import Caller, Request, all_of
from gemini_embed.errors import InputError, RequestError
from gemini_embed.models import ModelFacts
from gemini_embed.notices import warn
from gemini_embed.plan import Entry
from gemini_embed.tokens import IMAGE_TOKENS, most_tokens
from gemini_embed.transport import HttpSession
from gemini_embed.wire.replies import read_token_count

Overflow = Literal["warn", "error", "truncate"]
"""What to do about text beyond the model's token limit.

warn (the default): one warning that names the positions of what is likely too long; the service cuts it.
error: refuse it. The exact count is asked first (countTokens), and only for text that could be too long; on Vertex's
    `:predict` the service is told to refuse instead (`autoTruncate: false`).
truncate: let the service cut it, without a word.
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


async def refuse_long_texts(session: HttpSession, request: Request, items: Sequence[Entry]) -> None:
    """Ask for the exact count of every item that could be too long.

    Raises:
        InputError: an item over the limit, with its position and its count.
        RequestError: the count could not be had, after the retries.
    """
    limit = request.facts.max_tokens
    if limit is None or request.facts.endpoint == "predict":
        return
    caller = Caller(session, request)
    await all_of(_check(caller, request.facts.name, item, limit) for item in items if _could_exceed(item, limit))


def _could_exceed(item: Entry, limit: int) -> bool:
    return (
        sum(most_tokens(p["text"]) if isinstance(p, dict) and "text" in p else IMAGE_TOKENS for p in item.parts) > limit
    )


async def _check(caller: Caller, model: str, item: Entry, limit: int) -> None:
    texts = [p for p in item.parts if isinstance(p, dict) and "text" in p]
    body = json.dumps({"contents": [{"parts": texts}]}).encode()
    counted: list[int] = []

    async def count() -> None:
        counted.append(read_token_count(await caller.post("countTokens", body, max_reply_bytes=2**20)))

    try:
        await caller.persist(count, [item.position])
    except RequestError:
        caller.failed.set()
        raise
    tokens = counted[0] + (len(item.parts) - len(texts)) * IMAGE_TOKENS
    if tokens > limit:
        caller.failed.set()
        raise InputError(
            f"{tokens} tokens; {model} reads {limit}: split the text, or pass overflow='truncate'",
            position=item.position,
        )
