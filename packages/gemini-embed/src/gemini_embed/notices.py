"""Warnings that point at the caller's line, and whether anybody looks at a progress bar; numbers with words."""

from __future__ import annotations

import sys
import warnings

_OURS = ("gemini_embed", "langchain_gemini_embed", "llama_index.embeddings.gemini_embed", "pydantic")


class GeminiEmbedWarning(UserWarning):
    """Something works, but not as you may think: long text, a retired model, a location that may not serve it."""


def warn(message: str) -> None:
    """A `GeminiEmbedWarning` on the nearest line that is not this library's."""
    level, frame = 2, sys._getframe(1)  # stacklevel counts from 1, which is this function
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, GeminiEmbedWarning, stacklevel=level)


def is_watched() -> bool:
    """Whether a progress bar is seen. In a notebook stderr is no terminal; tqdm.auto knows what to show there."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


def _is_ours(module: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in _OURS)


def counted(number: int, word: str) -> str:
    """A number with its word: "1 job", "2,000 jobs"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
