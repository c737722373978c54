"""Hypothetical answers written by a chain, a model or a callable, in the words of LangChain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gemini_embed import InputError
from langchain_core.callbacks import Callbacks
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable

Hypothesis: TypeAlias = str | Sequence[str] | Runnable[str, Any] | Callable[[str], Any] | None
"""What an answer might say: a text, several, or what writes them of the query's words: a runnable, or a callable."""


def check_hypothesis(hypothesis: Any, name: str) -> None:
    """InputError for what can neither be called nor invoked: a retriever is told when it is made."""
    is_texts = isinstance(hypothesis, str | list | tuple)
    if hypothesis is not None and not (is_texts or callable(hypothesis) or isinstance(hypothesis, Runnable)):
        raise InputError(
            f"{name}= must be a Runnable, a callable, a text or a list of texts, not {type(hypothesis).__name__}"
        )


def as_hypothetical(hypothesis: Any, callbacks: Callbacks, *, is_async: bool) -> Any:
    """As the core takes it: a runnable becomes a callable, whose run is a child of the caller's."""
    if not isinstance(hypothesis, Runnable):
        return hypothesis
    runnable: Runnable[str, Any] = hypothesis

    def invoke(words: str) -> Any:
        return _texts(runnable.invoke(words, {"callbacks": callbacks}))

    async def ainvoke(words: str) -> Any:
        return _texts(await runnable.ainvoke(words, {"callbacks": callbacks}))

    return ainvoke if is_async else invoke


def _texts(answer: Any) -> Any:
    """What was written: the text of a message, or of each of several."""
    if isinstance(answer, BaseMessage):
        return str(answer.text)
    return [_texts(one) for one in answer] if isinstance(answer, list | tuple) else answer
