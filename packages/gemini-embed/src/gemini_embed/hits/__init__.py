"""What searches find: hits, best first, which open their medium and show as pictures.

hit        a record with its score, a link to its place
hits       those of one search
origin     where a hit was found
opening    media opened where they lie: pictures, pages, clips
strip      hits as HTML for a notebook
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_embed.hits.hit import Hit
from gemini_embed.hits.hits import Hits
from gemini_embed.hits.origin import Origin

if TYPE_CHECKING:
    from gemini_embed.hits.opening import Opener

_LAZY = {"Opener": "gemini_embed.hits.opening"}
"""Stores know hits, and need nothing of what opens media."""

__all__ = ["Hit", "Hits", "Opener", "Origin"]


if not TYPE_CHECKING:  # a type checker would take any misspelt name for one of these

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
