"""Hypothetical answers (HyDE): texts that an answer might be, given or written by a callable.

A question often lies further from its answer than another answer does. So answers that may be wrong in every particular
are embedded as documents, and the mean of their unit vectors and the query's is searched (Gao and others, 2022).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from gemini_embed.content import Content
from gemini_embed.errors import InputError

Answers: TypeAlias = str | Sequence[str]
Hypothetical: TypeAlias = Answers | Callable[[str], Answers | Awaitable[Answers]] | None
"""A text, several, or what writes them of the query's words, such as a call of a chat model. The async doors await what
it returns, if that can be awaited, and call it in a thread."""


def check_hypothetical(hypothetical: Hypothetical) -> None:
    """InputError unless it is None, a text, several, or can be called."""
    if hypothetical is not None and not callable(hypothetical):
        _texts(hypothetical, "hypothetical=")


def written(hypothetical: Hypothetical, words: str) -> list[str]:
    """The hypothetical answers to a query of these words.

    Raises:
        InputError: a callable, and no words to give it; or it gave no text.
    """
    if hypothetical is None:
        return []
    if not callable(hypothetical):
        return _texts(hypothetical, "hypothetical=")
    answers: Any = hypothetical(_given(words))
    if inspect.isawaitable(answers):
        if inspect.iscoroutine(answers):
            answers.close()
        raise InputError("hypothetical= has to be awaited: use the async door (asearch, arerank)")
    return _texts(answers, "what hypothetical= wrote")


async def awritten(hypothetical: Hypothetical, words: str) -> list[str]:
    """`written`; a callable is called in a thread, and awaited where it is async."""
    if not callable(hypothetical):
        return written(hypothetical, words)
    if inspect.iscoroutinefunction(hypothetical):
        answers: Any = await hypothetical(_given(words))
    else:
        answers = await asyncio.to_thread(hypothetical, _given(words))
        if inspect.isawaitable(answers):
            answers = await answers
    return _texts(answers, "what hypothetical= wrote")


def words_of(contents: Sequence[Content]) -> str:
    """The words of a query, or of several, a line each; "" where there are media alone."""
    return "\n".join(filter(None, (content.text.strip() for content in contents)))


def _given(words: str) -> str:
    if not words:
        raise InputError("hypothetical= is a callable that writes answers to the query's words, and there are none")
    return words


def _texts(answers: Any, what: str) -> list[str]:
    texts = [answers] if isinstance(answers, str) else answers
    if not isinstance(texts, Sequence) or isinstance(texts, bytes):
        raise InputError(f"{what} must be a text, a list of texts or a callable, not {type(answers).__name__}")
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise InputError(f"{what} must hold texts, none of them empty: {answers!r:.80}")
    return list(texts)
