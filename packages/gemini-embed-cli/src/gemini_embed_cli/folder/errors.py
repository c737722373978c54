"""What cannot be done with a folder, in a sentence that says what to do instead."""

from __future__ import annotations

from gemini_embed import GeminiEmbedError


class FolderError(GeminiEmbedError):
    """The folder, its index or its settings do not allow what was asked; nothing was sent."""
